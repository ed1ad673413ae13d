//! Add event type and Edit event type.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;

use super::{LIST, List, address, frame};
use crate::event_types::form::{Draft, EventTypeForm};
use crate::event_types::ops::{self, Over, Rejected, Saved};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Input, Sheet};
use crate::web::{FieldErrors, Form, Page, WebError, Whole, need_another_look, see_other};

#[derive(Template)]
#[template(path = "event_types/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    edits: bool,
    name: Input,
    label: Input,
    group: Input,
    /// Those there are, to choose from.
    groups: Vec<String>,
    description: Input,
    schema: Input,
    example: Input,
    checked: bool,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    /// The name of the type that is edited.
    edits: Option<String>,
    errors: FieldErrors,
    /// What is wrong beside the fields.
    problem: String,
    status: StatusCode,
    /// A script opens it in place and wants nothing behind it.
    bare: bool,
}

pub(super) async fn new(app: Data<App>, admin: Admin, Whole(whole): Whole) -> Result<HttpResponse, WebError> {
    dialog(&app, &admin, EventTypeForm::fresh(), Shown { bare: !whole, ..Shown::default() }).await
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    name: Path<String>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let kind = app.catalogue().await?.find(&name).cloned().ok_or(WebError::NotFound)?;
    let declared = kind.declared.as_ref().ok_or(WebError::NotFound)?;
    let form = EventTypeForm::of(&kind, declared);
    dialog(&app, &admin, form, Shown { edits: Some(name.into_inner()), bare: !whole, ..Shown::default() }).await
}

pub(super) async fn create(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<EventTypeForm>,
) -> Result<HttpResponse, WebError> {
    let saved = match form.parse() {
        Ok(draft) => save(&app, &admin, &form, Over::Nothing, draft).await,
        Err(errors) => return wrong(&app, &admin, form, None, errors).await,
    };
    finish(&app, &admin, form, None, saved).await
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    name: Path<String>,
    Form(form): Form<EventTypeForm>,
) -> Result<HttpResponse, WebError> {
    // The name is fixed: what else the form says of it counts for nothing.
    let form = EventTypeForm { name: name.to_string(), ..form };
    let edits = Some(name.into_inner());
    // What is no number was changed by somebody and counts as old.
    let over = Over::Version(form.version.parse().unwrap_or_default());
    let saved = match form.parse() {
        Ok(draft) => save(&app, &admin, &form, over, draft).await,
        Err(errors) => return wrong(&app, &admin, form, edits, errors).await,
    };
    finish(&app, &admin, form, edits, saved).await
}

/// `None` where the same form was saved before.
async fn save(
    app: &App,
    admin: &Admin,
    form: &EventTypeForm,
    over: Over,
    draft: Draft,
) -> Result<Option<Saved>, Rejected> {
    let (actor, form_id, webhooks) = (admin.actor().clone(), FormId::parse(&form.form_id), app.webhooks.clone());
    let name = form.name.trim().to_owned();
    let write = app.db.write(move |tx| {
        let mut saved = None;
        once(tx, form_id, |tx| {
            saved = Some(ops::put(tx, &actor, over, draft, &webhooks)?);
            Ok::<_, Rejected>(address(&name))
        })?;
        Ok(saved)
    });
    write.await
}

async fn finish(
    app: &App,
    admin: &Admin,
    form: EventTypeForm,
    edits: Option<String>,
    saved: Result<Option<Saved>, Rejected>,
) -> Result<HttpResponse, WebError> {
    let label = form.label.trim();
    match saved {
        Ok(saved) => {
            match saved {
                Some(Saved::Declared(_)) => admin.flash(&format!("Event type “{label}” was added.")),
                Some(Saved::Changed(_)) => admin.flash(&format!("Event type “{label}” was saved.")),
                Some(Saved::Same(_)) => admin.flash("Nothing was changed."),
                None => {}
            }
            Ok(see_other(&address(form.name.trim())))
        }
        Err(error @ (Rejected::NameTaken | Rejected::CodeTaken(_))) => {
            wrong(app, admin, form, edits, FieldErrors::one("name", error.to_string())).await
        }
        Err(error @ (Rejected::Full | Rejected::Stale | Rejected::Gone)) => {
            let (problem, status) = (error.to_string(), StatusCode::CONFLICT);
            dialog(app, admin, form, Shown { edits, problem, status, ..Shown::default() }).await
        }
        Err(error @ (Rejected::InUse(_) | Rejected::Database(_))) => Err(error.into()),
    }
}

async fn wrong(
    app: &App,
    admin: &Admin,
    form: EventTypeForm,
    edits: Option<String>,
    errors: FieldErrors,
) -> Result<HttpResponse, WebError> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    dialog(app, admin, form, Shown { edits, errors, status, ..Shown::default() }).await
}

async fn dialog(app: &App, admin: &Admin, mut form: EventTypeForm, shown: Shown) -> Result<HttpResponse, WebError> {
    let catalogue = app.catalogue().await?;
    let list = (!shown.bare).then(|| List::of(&catalogue, ""));
    if FormId::parse(&form.form_id).is_none() {
        form.form_id = app.ids.make::<FormId>().to_string();
    }
    let input = |field: &str, value: &str| Input::new(value, shown.errors.of(field), "");
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: if shown.edits.is_some() { "Edit event type" } else { "Add event type" }.to_owned(),
            target: shown.edits.as_deref().map_or_else(|| LIST.to_owned(), address),
            back: shown.edits.as_deref().map_or_else(|| LIST.to_owned(), address),
            form_id: form.form_id.clone(),
            version: form.version.clone(),
            problem: match shown.errors.count() {
                0 => shown.problem.clone(),
                wrong => format!("{} Nothing was saved.", need_another_look(wrong)),
            },
        },
        list,
        edits: shown.edits.is_some(),
        name: input("name", &form.name),
        label: input("label", &form.label),
        group: input("group", &form.group),
        groups: catalogue.groups().map(|(group, _)| group.to_owned()).collect(),
        description: input("description", &form.description),
        schema: input("schema", &form.schema),
        example: input("example", &form.example),
        checked: form.is_checked(),
    };
    page.answer_with(shown.status)
}
