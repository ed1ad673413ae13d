//! Change status, with the components below.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{List, address, badge, frame, read_behind};
use crate::content::documents::form::{StatusErrors, StatusForm};
use crate::content::documents::{Document, DocumentError, Status, ops, store};
use crate::content::pages::{self, Number, Whole};
use crate::db::{Conn, DbError};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Filled, Input, Sheet};
use crate::web::{Form, Page, WebError, see_other};

/// Change status, with a comment and the included components.
#[derive(Template)]
#[template(path = "documents/status_dialog.html")]
struct StatusDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    title: String,
    now: Badge,
    status: Input,
    statuses: Vec<Choice>,
    comment: Input,
    include_components: bool,
    /// How many documents are below this one.
    components: usize,
}

/// What the dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    errors: StatusErrors,
    problem: String,
    status: StatusCode,
    whole: bool,
}

pub(super) async fn ask(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let (document, _) = app.db.read(move |conn| read(conn, number)).await?;
    // The step that is taken most: to release, and from there back to work.
    let next = if document.status == Status::Released { Status::WorkInProgress } else { Status::Released };
    let form = StatusForm {
        status: next.to_string(),
        comment: String::new(),
        include_components: "true".to_owned(),
        form_id: app.ids.make::<FormId>().to_string(),
        version: document.version.to_string(),
    };
    dialog(&app, &admin, number, form, Shown { whole, ..Shown::default() }).await
}

/// A document and how many are below it.
fn read(conn: &mut Conn, number: i64) -> Result<(Document, usize), DbError> {
    let document = store::find(conn, number)?.ok_or(DbError::NotFound)?;
    let below = store::below(conn, document.id)?.iter().map(Vec::len).sum();
    Ok((document, below))
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<StatusForm>,
) -> Result<HttpResponse, WebError> {
    let change = match form.parse() {
        Ok(change) => change,
        Err(errors) => return wrong(&app, &admin, number, form, errors).await,
    };
    let (actor, form_id, label) = (admin.actor().clone(), FormId::parse(&form.form_id), change.to.label());
    let version = pages::version(&form.version);
    let changed = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::change_status(tx, &actor, number, version, &change).map(|_| address(number)))
    });
    match changed.await {
        Ok(address) => {
            admin.flash(&format!("The status was set to {label}."));
            Ok(see_other(&address))
        }
        Err(error) => refused(&app, &admin, number, form, error).await,
    }
}

async fn wrong(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    form: StatusForm,
    errors: StatusErrors,
) -> Result<HttpResponse, WebError> {
    let problem = "The status was not changed.".to_owned();
    let shown = Shown { errors, problem, status: StatusCode::UNPROCESSABLE_ENTITY, whole: true };
    dialog(app, admin, number, form, shown).await
}

async fn refused(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    mut form: StatusForm,
    error: DocumentError,
) -> Result<HttpResponse, WebError> {
    match error {
        DocumentError::Db(error) => Err(error.into()),
        DocumentError::Gone => Err(WebError::NotFound),
        DocumentError::Unchanged => {
            let errors = StatusErrors { status: error.to_string(), ..StatusErrors::default() };
            wrong(app, admin, number, form, errors).await
        }
        DocumentError::Stale(theirs) => {
            form.version = theirs.version.to_string();
            let problem = format!(
                "{} saved this document while you were looking; it is now {}. Submit once more to change it all the same.",
                theirs.updated_by,
                theirs.status.label()
            );
            let shown = Shown { problem, status: StatusCode::CONFLICT, whole: true, ..Shown::default() };
            dialog(app, admin, number, form, shown).await
        }
        DocumentError::Locked
        | DocumentError::ParentLocked(_)
        | DocumentError::ParentGone
        | DocumentError::OwnComponent
        | DocumentError::TooDeep
        | DocumentError::TooMany
        | DocumentError::InUse(_) => {
            let shown =
                Shown { problem: error.to_string(), status: StatusCode::CONFLICT, whole: true, ..Shown::default() };
            dialog(app, admin, number, form, shown).await
        }
    }
}

async fn dialog(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    form: StatusForm,
    shown: Shown,
) -> Result<HttpResponse, WebError> {
    let Shown { errors, problem, status, whole } = shown;
    let read = app.db.read(move |conn| Ok((read_behind(conn, whole)?, read(conn, number)?)));
    let (list, (document, components)) = read.await.map_err(|error: DbError| error)?;
    let page = StatusDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: "Change status".to_owned(),
            target: format!("{}/status", address(number)),
            back: address(number),
            form_id: form.form_id,
            version: form.version,
            problem,
        },
        list,
        title: document.title,
        now: badge(document.status),
        statuses: pages::choices(Status::ALL, &form.status, Status::as_str, Status::label),
        status: pages::input(&form.status, &errors.status),
        comment: pages::input(&form.comment, &errors.comment),
        include_components: form.include_components == "true",
        components,
    };
    page.answer_with(status)
}
