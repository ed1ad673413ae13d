//! Settings > Integrations and webhooks > Credentials: the routes, and what the list and its dialogs share.

mod edit;
mod list;
mod remove;

use super::ops::Rejected;
use super::{CredentialId, SchemeKind};
use crate::sessions::Admin;
use crate::web::frame::{Frame, Place};
use crate::web::{Access, Route, WebError};
use list::List;

/// Where the list is.
const LIST: &str = "/settings/credentials";

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(LIST, admin, list::show),
        Route::post(LIST, admin, "credential.created", edit::create),
        Route::get("/settings/credentials/new", admin, edit::new),
        Route::get("/settings/credentials/{id}/edit", admin, edit::edit),
        Route::post("/settings/credentials/{id}", admin, "credential.changed", edit::change),
        Route::get("/settings/credentials/{id}/delete", admin, remove::confirm_delete),
        Route::post("/settings/credentials/{id}/delete", admin, "credential.deleted", remove::delete),
    ]
}

/// Where no dialog can say it better.
impl From<Rejected> for WebError {
    fn from(error: Rejected) -> Self {
        match error {
            Rejected::Database(error) => error.into(),
            Rejected::Gone => Self::NotFound,
            Rejected::Full | Rejected::NameTaken | Rejected::Unfit(_) | Rejected::InUse(_) | Rejected::Stale => {
                Self::Conflict(error.to_string())
            }
        }
    }
}

/// The address of a credential.
fn address(id: CredentialId) -> String {
    format!("{LIST}/{id}")
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame("Integrations and webhooks", Place::Credentials);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

/// A kind of login as people read it.
pub(crate) fn label(kind: SchemeKind) -> &'static str {
    match kind {
        SchemeKind::None => "None",
        SchemeKind::Headers => "Headers",
        SchemeKind::Basic => "Basic",
        SchemeKind::Token => "Token",
        SchemeKind::ApiKey => "API key",
        SchemeKind::Hmac => "HMAC-SHA256",
        SchemeKind::OAuth2Client => "OAuth 2 client credentials",
    }
}
