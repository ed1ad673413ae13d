//! Revoke API key.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, behind, frame};
use crate::api_keys::{ApiKeyId, find, revoke as end};
use crate::db::DbError;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Page, PathId, WebError, see_other};

/// The confirm before a key dies.
#[derive(Template)]
#[template(path = "api_keys/revoke_dialog.html")]
struct RevokeDialog {
    frame: Frame,
    sheet: Sheet,
    list: List,
    name: String,
    prefix: String,
}

pub(super) async fn ask(app: Data<App>, admin: Admin, PathId(id): PathId<ApiKeyId>) -> Result<HttpResponse, WebError> {
    let key = app.db.read::<_, DbError, _>(move |conn| find(conn, id)).await?.ok_or(WebError::NotFound)?;
    let list = behind(&app).await?;
    let page = RevokeDialog {
        frame: frame(&admin, &list),
        sheet: Sheet {
            heading: "Revoke API key?".to_owned(),
            target: format!("{LIST}/{id}/revoke"),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list,
        name: key.name,
        prefix: key.prefix,
    };
    page.answer()
}

pub(super) async fn revoke(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<ApiKeyId>,
) -> Result<HttpResponse, WebError> {
    let actor = admin.actor().clone();
    let done = app.db.write(move |tx| end(tx, &actor, id)).await?;
    app.keys.forget(id);
    admin.flash(if done { "The key was revoked: it is refused from now on." } else { "The key was revoked already." });
    Ok(see_other(LIST))
}
