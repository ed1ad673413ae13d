//! Add assignment and Edit assignment.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind, today};
use crate::content::assignments::form::{AssignmentForm, Errors};
use crate::content::assignments::{Assignment, AssignmentError, Kind, ops, store};
use crate::content::pages::{self, Number, Whole};
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Conflict, Difference, Filled, Input, Sheet};
use crate::web::{Form, Page, Query, WebError, see_other};

/// The values of the dialog.
#[derive(Default)]
struct Fields {
    document: Input,
    documents: Vec<Choice>,
    kind: Input,
    kinds: Vec<Choice>,
    language: Input,
    assignees: Input,
    start: Input,
    end: Input,
    message: Input,
}

/// Add assignment, Edit assignment.
#[derive(Template)]
#[template(path = "assignments/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    /// The assignment being edited; none for a new one.
    number: Option<i64>,
    fields: Fields,
    conflict: Option<Conflict>,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    /// The assignment being edited; none for a new one.
    number: Option<i64>,
    errors: Errors,
    conflict: Option<Conflict>,
    status: StatusCode,
    whole: bool,
}

pub(super) async fn new(
    app: Data<App>,
    admin: Admin,
    Query(from): Query<pages::From>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let form = AssignmentForm {
        document: from.document,
        kind: Kind::Review.to_string(),
        language: "en".to_owned(),
        start: ops::day(app.clock.now()),
        form_id: app.ids.make::<FormId>().to_string(),
        ..AssignmentForm::default()
    };
    dialog(&app, &admin, form, Shown { whole, ..Shown::default() }).await
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let read = app.db.read(move |conn| store::find(conn, number)?.ok_or(DbError::NotFound));
    let mut form = typed(read.await?);
    form.form_id = app.ids.make::<FormId>().to_string();
    dialog(&app, &admin, form, Shown { number: Some(number), whole, ..Shown::default() }).await
}

/// An assignment as somebody would type it.
fn typed(assignment: Assignment) -> AssignmentForm {
    AssignmentForm {
        document: assignment.document_number.to_string(),
        kind: assignment.kind.to_string(),
        language: assignment.language,
        assignees: assignment.assignees.join(", "),
        start: ops::day(assignment.starts_on),
        end: ops::day(assignment.ends_on),
        message: assignment.message,
        form_id: String::new(),
        version: assignment.version.to_string(),
    }
}

pub(super) async fn create(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<AssignmentForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse() {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, None, *errors).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let public_url = app.settings.public_url.clone();
    let made = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::create(tx, &actor, draft, &public_url).map(|assignment| address(assignment.number)))
    });
    match made.await {
        Ok(address) => {
            admin.flash("The assignment was added.");
            Ok(see_other(&address))
        }
        Err(error) => refused(&app, &admin, form, None, error).await,
    }
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<AssignmentForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse() {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, Some(number), *errors).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let version = pages::version(&form.version);
    let saved = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::change(tx, &actor, number, version, draft).map(|_| address(number)))
    });
    match saved.await {
        Ok(address) => {
            admin.flash("The assignment was saved.");
            Ok(see_other(&address))
        }
        Err(error) => refused(&app, &admin, form, Some(number), error).await,
    }
}

async fn wrong(
    app: &Data<App>,
    admin: &Admin,
    form: AssignmentForm,
    number: Option<i64>,
    errors: Errors,
) -> Result<HttpResponse, WebError> {
    let shown = Shown { number, errors, conflict: None, status: StatusCode::UNPROCESSABLE_ENTITY, whole: true };
    dialog(app, admin, form, shown).await
}

/// The dialog again, with what the rules of the assignments refused.
async fn refused(
    app: &Data<App>,
    admin: &Admin,
    mut form: AssignmentForm,
    number: Option<i64>,
    error: AssignmentError,
) -> Result<HttpResponse, WebError> {
    match error {
        AssignmentError::Db(_) | AssignmentError::Gone | AssignmentError::NotAssigned | AssignmentError::Overtaken => {
            Err(error.into())
        }
        AssignmentError::DocumentGone => {
            let errors = Errors { document: error.to_string(), ..Errors::default() };
            wrong(app, admin, form, number, errors).await
        }
        AssignmentError::Stale(theirs) => {
            form.version = theirs.version.to_string();
            let conflict = Some(compare(*theirs, &form));
            let shown = Shown { number, conflict, status: StatusCode::CONFLICT, whole: true, ..Shown::default() };
            dialog(app, admin, form, shown).await
        }
    }
}

/// What somebody saved meanwhile beside what was typed.
fn compare(theirs: Assignment, yours: &AssignmentForm) -> Conflict {
    let (who, when) = (theirs.updated_by.clone(), pages::when(theirs.updated_at));
    let fresh = format!("{}/edit", address(theirs.number));
    let theirs = typed(theirs);
    let pairs = [
        ("Document", &theirs.document, &yours.document),
        ("Type", &theirs.kind, &yours.kind),
        ("Language", &theirs.language, &yours.language),
        ("Assignees", &theirs.assignees, &yours.assignees),
        ("Start", &theirs.start, &yours.start),
        ("End", &theirs.end, &yours.end),
        ("Message", &theirs.message, &yours.message),
    ];
    let differences = pairs
        .into_iter()
        .filter(|(_, theirs, yours)| **theirs != yours.replace("\r\n", "\n"))
        .map(|(label, theirs, yours)| Difference {
            label: label.to_owned(),
            theirs: theirs.clone(),
            yours: yours.clone(),
        })
        .collect();
    Conflict { who, when, differences, fresh }
}

async fn dialog(app: &Data<App>, admin: &Admin, form: AssignmentForm, shown: Shown) -> Result<HttpResponse, WebError> {
    let Shown { number, errors, conflict, status, whole } = shown;
    let (chosen, today) = (form.document.clone(), today(app.clock.now()));
    let read =
        app.db.read(move |conn| Ok((read_behind(conn, whole, today)?, pages::document_choices(conn, &chosen, None)?)));
    let (list, documents) = read.await.map_err(|error: DbError| error)?;
    let heading = if number.is_some() { "Edit assignment" } else { "Add assignment" };
    let place = number.map_or(LIST.to_owned(), address);
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: heading.to_owned(),
            target: place.clone(),
            back: place,
            form_id: form.form_id,
            version: form.version,
            problem: pages::problem(errors.count()),
        },
        list,
        number,
        fields: Fields {
            document: pages::input(&form.document, &errors.document),
            documents,
            kinds: pages::choices(Kind::ALL, &form.kind, Kind::as_str, Kind::label),
            kind: pages::input(&form.kind, &errors.kind),
            language: pages::input(&form.language, &errors.language),
            assignees: pages::input(&form.assignees, &errors.assignees),
            start: pages::input(&form.start, &errors.start),
            end: pages::input(&form.end, &errors.end),
            message: pages::input(&form.message, &errors.message),
        },
        conflict,
    };
    page.answer_with(status)
}
