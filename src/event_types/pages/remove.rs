//! Delete event type.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;

use super::{LIST, List, address, frame};
use crate::event_types::ops::{self, Rejected};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Link, Sheet};
use crate::web::{Page, WebError, Whole, see_other};
use crate::webhooks::Webhook;

/// How many webhooks are named.
const NAMED: usize = 20;

/// The confirm before a type goes, or why it cannot.
#[derive(Template)]
#[template(path = "event_types/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    label: String,
    /// The webhooks that are sent it.
    users: Vec<Link>,
    /// How many are not named.
    unnamed: usize,
}

pub(super) async fn confirm_delete(
    app: Data<App>,
    admin: Admin,
    name: Path<String>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    dialog(&app, &admin, name.into_inner(), whole, StatusCode::OK).await
}

pub(super) async fn delete(app: Data<App>, admin: Admin, name: Path<String>) -> Result<HttpResponse, WebError> {
    let (actor, gone, webhooks) = (admin.actor().clone(), name.to_string(), app.webhooks.clone());
    match app.db.write(move |tx| ops::delete(tx, &actor, &gone, &webhooks)).await {
        Ok(()) => {
            admin.flash("The event type was removed.");
            Ok(see_other(LIST))
        }
        Err(Rejected::InUse(_)) => dialog(&app, &admin, name.into_inner(), true, StatusCode::CONFLICT).await,
        Err(Rejected::Gone) => {
            admin.flash("The event type was already removed.");
            Ok(see_other(LIST))
        }
        Err(error) => Err(error.into()),
    }
}

async fn dialog(
    app: &App,
    admin: &Admin,
    name: String,
    whole: bool,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let set = app.webhook_set().await?;
    let kind = set.catalogue().find(&name).filter(|kind| kind.declared.is_some()).ok_or(WebError::NotFound)?;
    let link = |webhook: &Arc<Webhook>| Link {
        name: webhook.name.clone(),
        href: format!("/settings/webhooks/{}", webhook.id),
    };
    let users: Vec<Link> = set.ticking(&name).take(NAMED).map(link).collect();
    let list = whole.then(|| List::of(set.catalogue(), ""));
    let page = DeleteDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: if users.is_empty() { "Delete event type?" } else { "This event type is in use" }.to_owned(),
            target: format!("{}/delete", address(&name)),
            back: address(&name),
            ..Sheet::default()
        },
        list,
        label: kind.label.to_string(),
        unnamed: set.ticking(&name).skip(NAMED).count(),
        users,
    };
    page.answer_with(status)
}
