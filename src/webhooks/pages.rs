//! Settings > Integrations and webhooks > Webhooks: the routes, and what the list and its dialogs share.

mod bulk;
mod dialog;
mod edit;
mod filters;
mod hold;
mod list;
mod payloads;
mod remove;
mod secret;
mod show;
mod template;
mod trial;

use super::{Webhook, WebhookId, ops::Rejected};
use crate::db::DbError;
use crate::sessions::Admin;
use crate::web::frame::{Frame, Place};
use crate::web::{Access, Audited, Route, WebError};
pub(crate) use dialog::format_label;
use list::List;

/// Where the list is.
const LIST: &str = "/settings/webhooks";
/// What the heading of every page here says.
const HEADING: &str = "Integrations and webhooks";

/// The routes of webhooks.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    let tested = Audited::Writes("webhook.tested");
    let post = actix_web::http::Method::POST;
    vec![
        Route::get(LIST, admin, list::list),
        Route::post(LIST, admin, "webhook.created", edit::create),
        Route::get("/settings/webhooks/new", admin, edit::new),
        Route::new(post, "/settings/webhooks/test", admin, tested, trial::typed),
        Route::get("/settings/webhooks/payloads", admin, payloads::page),
        Route::post_exempt("/settings/webhooks/payloads", admin, "it shows what would be sent", payloads::typed),
        Route::post_exempt(
            "/settings/webhooks/filters",
            admin,
            "it tries filters on events that are stored",
            filters::typed,
        ),
        Route::post_exempt(
            "/settings/webhooks/template",
            admin,
            "it tries a template on events that are stored",
            template::typed,
        ),
        Route::post("/settings/webhooks/bulk", admin, "webhook.activated webhook.deactivated", bulk::bulk),
        Route::post("/settings/webhooks/{id}/activate", admin, "webhook.activated", bulk::activate),
        Route::post("/settings/webhooks/{id}/deactivate", admin, "webhook.deactivated", bulk::deactivate),
        Route::get("/settings/webhooks/{id}", admin, show::show),
        Route::post("/settings/webhooks/{id}", admin, "webhook.changed", edit::change),
        Route::get("/settings/webhooks/{id}/log/{delivery}/{number}", admin, show::log::attempt),
        Route::get("/settings/webhooks/{id}/secret", admin, secret::show),
        Route::post("/settings/webhooks/{id}/secret/reveal", admin, "webhook.secret_revealed", secret::reveal),
        Route::get("/settings/webhooks/{id}/secret/rotate", admin, secret::confirm_rotate),
        Route::post("/settings/webhooks/{id}/secret/rotate", admin, "webhook.secret_rotated", secret::rotate),
        Route::get("/settings/webhooks/{id}/edit", admin, edit::edit),
        Route::get("/settings/webhooks/{id}/delete", admin, remove::confirm_delete),
        Route::post("/settings/webhooks/{id}/delete", admin, "webhook.deleted", remove::delete),
        Route::post("/settings/webhooks/{id}/pause", admin, "webhook.paused", hold::pause),
        Route::post("/settings/webhooks/{id}/resume", admin, "webhook.resumed", hold::resume),
        Route::post("/settings/webhooks/{id}/duplicate", admin, "webhook.created", hold::duplicate),
        Route::get("/settings/webhooks/{id}/test", admin, trial::ask),
        Route::post("/settings/webhooks/{id}/test", admin, "webhook.tested", trial::saved),
    ]
}

/// Where no dialog can say it better.
impl From<Rejected> for WebError {
    fn from(error: Rejected) -> Self {
        match error {
            Rejected::Database(error) => error.into(),
            Rejected::Gone => Self::NotFound,
            Rejected::Full
            | Rejected::CodeTaken
            | Rejected::CredentialMoved
            | Rejected::TypeGone(_)
            | Rejected::Stale => Self::Conflict(error.to_string()),
        }
    }
}

/// The page of a webhook.
fn address(id: WebhookId) -> String {
    format!("{LIST}/{id}")
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame(HEADING, Place::Webhooks);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

/// Scheme, host and port of its address, and the rest.
fn halves(webhook: &Webhook) -> (String, String) {
    let origin = url::Url::parse(&webhook.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let rest = webhook.url.strip_prefix(&origin).unwrap_or_default().to_owned();
    (origin, rest)
}

/// `1 webhook`, `12 webhooks`.
fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A query that finds nothing leads nowhere.
fn found<T>(row: Option<T>) -> Result<T, DbError> {
    row.ok_or(DbError::NotFound)
}
