//! Add document and Edit document.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind};
use crate::content::documents::form::{DocumentForm, Errors};
use crate::content::documents::{Document, DocumentError, Status, ops, store};
use crate::content::pages::{self, Number, Whole};
use crate::db::{Conn, DbError};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Conflict, Difference, Filled, Input, Sheet};
use crate::web::{Form, Page, WebError, see_other};

/// The values of the dialog.
#[derive(Default)]
struct Fields {
    title: Input,
    template: Input,
    language: Input,
    body: Input,
    parent: Input,
    parents: Vec<Choice>,
}

/// Add document, Edit document.
#[derive(Template)]
#[template(path = "documents/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    /// The document being edited; none for a new one.
    number: Option<i64>,
    fields: Fields,
    conflict: Option<Conflict>,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    /// The document being edited; none for a new one.
    number: Option<i64>,
    errors: Errors,
    /// A refusal that concerns no single field.
    problem: String,
    conflict: Option<Conflict>,
    status: StatusCode,
}

pub(super) async fn new(app: Data<App>, admin: Admin, Whole(whole): Whole) -> Result<HttpResponse, WebError> {
    let form = DocumentForm {
        language: "en".to_owned(),
        form_id: app.ids.make::<FormId>().to_string(),
        ..DocumentForm::default()
    };
    dialog(&app, &admin, form, Shown::default(), whole).await
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let (document, above) = app.db.read(move |conn| read(conn, number)).await?;
    if document.status == Status::Released {
        return Err(WebError::Conflict(DocumentError::Locked.to_string()));
    }
    let form = DocumentForm {
        title: document.title,
        template: document.template,
        language: document.language,
        body: document.body,
        parent: above.map(|number| number.to_string()).unwrap_or_default(),
        form_id: app.ids.make::<FormId>().to_string(),
        version: document.version.to_string(),
    };
    dialog(&app, &admin, form, Shown { number: Some(number), ..Shown::default() }, whole).await
}

/// A document and the number of the one above it.
fn read(conn: &mut Conn, number: i64) -> Result<(Document, Option<i64>), DbError> {
    let document = store::find(conn, number)?.ok_or(DbError::NotFound)?;
    let above = match document.parent {
        Some(parent) => store::find_by_id(conn, parent)?.map(|above| above.number),
        None => None,
    };
    Ok((document, above))
}

pub(super) async fn create(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<DocumentForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse() {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, None, errors).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let made = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::create(tx, &actor, &draft).map(|document| address(document.number)))
    });
    match made.await {
        Ok(address) => {
            admin.flash("The document was added.");
            Ok(see_other(&address))
        }
        Err(error) => refused(&app, &admin, form, None, error).await,
    }
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<DocumentForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse() {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, Some(number), errors).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let version = pages::version(&form.version);
    let saved = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::change(tx, &actor, number, version, &draft).map(|_| address(number)))
    });
    match saved.await {
        Ok(address) => {
            admin.flash("The document was saved.");
            Ok(see_other(&address))
        }
        Err(error) => refused(&app, &admin, form, Some(number), error).await,
    }
}

async fn wrong(
    app: &Data<App>,
    admin: &Admin,
    form: DocumentForm,
    number: Option<i64>,
    errors: Errors,
) -> Result<HttpResponse, WebError> {
    let problem = pages::problem(errors.count());
    let shown = Shown { number, errors, problem, conflict: None, status: StatusCode::UNPROCESSABLE_ENTITY };
    dialog(app, admin, form, shown, true).await
}

/// The dialog again, with what the rules of the documents refused.
async fn refused(
    app: &Data<App>,
    admin: &Admin,
    mut form: DocumentForm,
    number: Option<i64>,
    error: DocumentError,
) -> Result<HttpResponse, WebError> {
    match error {
        DocumentError::Db(error) => Err(error.into()),
        DocumentError::Gone => Err(WebError::NotFound),
        DocumentError::ParentGone
        | DocumentError::ParentLocked(_)
        | DocumentError::OwnComponent
        | DocumentError::TooDeep => {
            let errors = Errors { parent: error.to_string(), ..Errors::default() };
            wrong(app, admin, form, number, errors).await
        }
        DocumentError::Locked | DocumentError::TooMany | DocumentError::InUse(_) | DocumentError::Unchanged => {
            let shown = Shown { number, problem: error.to_string(), status: StatusCode::CONFLICT, ..Shown::default() };
            dialog(app, admin, form, shown, true).await
        }
        DocumentError::Stale(theirs) => {
            let number_above = app.db.read(move |conn| read(conn, theirs.number)).await;
            let (theirs, above) = number_above.map_err(|error: DbError| error)?;
            let conflict = compare(&theirs, above, &form);
            form.version = theirs.version.to_string();
            let shown = Shown { number, conflict: Some(conflict), status: StatusCode::CONFLICT, ..Shown::default() };
            dialog(app, admin, form, shown, true).await
        }
    }
}

/// What somebody saved meanwhile beside what was typed.
fn compare(theirs: &Document, above: Option<i64>, form: &DocumentForm) -> Conflict {
    let above = above.map(|number| number.to_string()).unwrap_or_default();
    let pairs = [
        ("Title", theirs.title.as_str(), form.title.as_str()),
        ("Language", &theirs.language, &form.language),
        ("Template", &theirs.template, &form.template),
        ("Part of", &above, &form.parent),
        ("Body", &theirs.body, &form.body),
    ];
    let mut differences: Vec<Difference> = pairs
        .into_iter()
        .filter(|(_, theirs, yours)| *theirs != yours.replace("\r\n", "\n"))
        .map(|(label, theirs, yours)| Difference {
            label: label.to_owned(),
            theirs: theirs.to_owned(),
            yours: yours.to_owned(),
        })
        .collect();
    if theirs.status == Status::Released {
        let (theirs, yours) = (Status::Released.label().to_owned(), "An edit, which it does not take".to_owned());
        differences.push(Difference { label: "Status".to_owned(), theirs, yours });
    }
    Conflict {
        who: theirs.updated_by.clone(),
        when: pages::when(theirs.updated_at),
        differences,
        fresh: format!("{}/edit", address(theirs.number)),
    }
}

async fn dialog(
    app: &Data<App>,
    admin: &Admin,
    form: DocumentForm,
    shown: Shown,
    whole: bool,
) -> Result<HttpResponse, WebError> {
    let Shown { number, errors, problem, conflict, status } = shown;
    let parent = form.parent.clone();
    let read = app.db.read(move |conn| Ok((read_behind(conn, whole)?, parents(conn, &parent, number)?)));
    let (list, parents) = read.await.map_err(|error: DbError| error)?;
    let heading = if number.is_some() { "Edit document" } else { "Add document" };
    let place = number.map_or(LIST.to_owned(), address);
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: heading.to_owned(),
            target: place.clone(),
            back: place,
            form_id: form.form_id,
            version: form.version,
            problem,
        },
        list,
        number,
        fields: Fields {
            title: pages::input(&form.title, &errors.title),
            template: pages::input(&form.template, &errors.template),
            language: pages::input(&form.language, &errors.language),
            body: pages::input(&form.body, &errors.body),
            parent: pages::input(&form.parent, &errors.parent),
            parents,
        },
        conflict,
    };
    page.answer_with(status)
}

/// Every document but the one being edited, and none.
fn parents(conn: &mut Conn, chosen: &str, number: Option<i64>) -> Result<Vec<Choice>, DbError> {
    let mut parents = vec![pages::none("None", chosen)];
    parents.extend(pages::document_choices(conn, chosen, number)?);
    Ok(parents)
}
