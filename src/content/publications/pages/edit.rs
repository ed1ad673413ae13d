//! Publish, and the change of a publication's title.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind};
use crate::content::pages::{self, Number, Whole};
use crate::content::publications::form::{Errors, PublishForm, TitleForm};
use crate::content::publications::{Format, PublicationError, ops, store};
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Filled, Input, Sheet};
use crate::web::{Form, Page, Query, WebError, see_other};

/// Publish (new), or a change of the title.
#[derive(Template)]
#[template(path = "publications/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    /// The publication being edited; none for a new one.
    number: Option<i64>,
    document: Input,
    documents: Vec<Choice>,
    title: Input,
    format: Input,
    formats: Vec<Choice>,
    save_output: bool,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    errors: Errors,
    problem: String,
    status: StatusCode,
    whole: bool,
}

pub(super) async fn new(
    app: Data<App>,
    admin: Admin,
    Query(from): Query<pages::From>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let form = PublishForm {
        document: from.document,
        title: String::new(),
        format: Format::Html.to_string(),
        save_output: "true".to_owned(),
        form_id: app.ids.make::<FormId>().to_string(),
    };
    publish_dialog(&app, &admin, form, Shown { whole, ..Shown::default() }).await
}

pub(super) async fn publish(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<PublishForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse() {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, errors).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let made = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::publish(tx, &actor, &draft).map(|publication| address(publication.number)))
    });
    match made.await {
        Ok(address) => {
            app.publishing.notify_one();
            admin.flash("The publication was started.");
            Ok(see_other(&address))
        }
        Err(error @ (PublicationError::DocumentGone | PublicationError::TooMany)) => {
            let errors = Errors { document: error.to_string(), ..Errors::default() };
            wrong(&app, &admin, form, errors).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn wrong(app: &Data<App>, admin: &Admin, form: PublishForm, errors: Errors) -> Result<HttpResponse, WebError> {
    let problem = pages::problem(errors.count());
    let shown = Shown { errors, problem, status: StatusCode::UNPROCESSABLE_ENTITY, whole: true };
    publish_dialog(app, admin, form, shown).await
}

async fn publish_dialog(
    app: &Data<App>,
    admin: &Admin,
    form: PublishForm,
    shown: Shown,
) -> Result<HttpResponse, WebError> {
    let Shown { errors, problem, status, whole } = shown;
    let chosen = form.document.clone();
    let read = app.db.read(move |conn| Ok((read_behind(conn, whole)?, pages::document_choices(conn, &chosen, None)?)));
    let (list, documents) = read.await.map_err(|error: DbError| error)?;
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: "Publish".to_owned(),
            target: LIST.to_owned(),
            back: LIST.to_owned(),
            form_id: form.form_id,
            problem,
            ..Sheet::default()
        },
        list,
        number: None,
        document: pages::input(&form.document, &errors.document),
        documents,
        title: pages::input(&form.title, &errors.title),
        format: pages::input(&form.format, &errors.format),
        formats: pages::choices(Format::ALL, &form.format, Format::as_str, Format::as_str),
        save_output: form.save_output == "true",
    };
    page.answer_with(status)
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let read = app.db.read(move |conn| store::find(conn, number)?.ok_or(DbError::NotFound));
    let publication = read.await?;
    let form = TitleForm {
        title: publication.title,
        form_id: app.ids.make::<FormId>().to_string(),
        version: publication.version.to_string(),
    };
    title_dialog(&app, &admin, number, form, Shown { whole, ..Shown::default() }).await
}

pub(super) async fn rename(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(mut form): Form<TitleForm>,
) -> Result<HttpResponse, WebError> {
    let again = |errors, problem, status| Shown { errors, problem, status, whole: true };
    let title = match form.parse() {
        Ok(title) => title,
        Err(error) => {
            let errors = Errors { title: error, ..Errors::default() };
            let shown = again(errors, pages::problem(1), StatusCode::UNPROCESSABLE_ENTITY);
            return title_dialog(&app, &admin, number, form, shown).await;
        }
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let version = pages::version(&form.version);
    let saved = app.db.write(move |tx| {
        once(tx, form_id, |tx| ops::rename(tx, &actor, number, version, &title).map(|_| address(number)))
    });
    match saved.await {
        Ok(address) => {
            admin.flash("The publication was saved.");
            Ok(see_other(&address))
        }
        Err(PublicationError::Stale(theirs)) => {
            form.version = theirs.version.to_string();
            let problem = format!(
                "Somebody saved the title “{}” meanwhile. Submit once more to save yours over it.",
                theirs.title
            );
            let shown = again(Errors::default(), problem, StatusCode::CONFLICT);
            title_dialog(&app, &admin, number, form, shown).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn title_dialog(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    form: TitleForm,
    shown: Shown,
) -> Result<HttpResponse, WebError> {
    let Shown { errors, problem, status, whole } = shown;
    let list = app.db.read(move |conn| read_behind(conn, whole)).await.map_err(|error: DbError| error)?;
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: "Edit publication".to_owned(),
            target: address(number),
            back: address(number),
            form_id: form.form_id,
            version: form.version,
            problem,
        },
        list,
        number: Some(number),
        document: Input::default(),
        documents: Vec::new(),
        title: pages::input(&form.title, &errors.title),
        format: Input::default(),
        formats: Vec::new(),
        save_output: false,
    };
    page.answer_with(status)
}
