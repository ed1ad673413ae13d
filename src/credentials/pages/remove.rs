//! Delete credential.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::list::{self, List, users};
use super::{LIST, address, frame};
use crate::credentials::ops::{self, Rejected};
use crate::credentials::{CredentialId, store};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Link, Sheet};
use crate::web::{Page, PathId, WebError, Whole, see_other};

/// The confirm before a credential goes, or why it cannot.
#[derive(Template)]
#[template(path = "credentials/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    name: String,
    users: Vec<Link>,
    /// How many are not named.
    unnamed: usize,
}

pub(super) async fn confirm_delete(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<CredentialId>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    dialog(&app, &admin, id, whole, StatusCode::OK).await
}

pub(super) async fn delete(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<CredentialId>,
) -> Result<HttpResponse, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    match app.db.write(move |tx| ops::delete(tx, &sealer, &actor, id, None)).await {
        Ok(()) => {
            admin.flash("The credential was removed.");
            Ok(see_other(LIST))
        }
        Err(Rejected::InUse(_)) => dialog(&app, &admin, id, true, StatusCode::CONFLICT).await,
        Err(Rejected::Gone) => {
            admin.flash("The credential was already removed.");
            Ok(see_other(LIST))
        }
        Err(error) => Err(error.into()),
    }
}

async fn dialog(
    app: &App,
    admin: &Admin,
    id: CredentialId,
    whole: bool,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (webhooks, sealer) = (app.webhooks.clone(), app.sealer.clone());
    let read = app.db.read(move |conn| {
        let credential = store::find(conn, id, &sealer)?.ok_or(WebError::NotFound)?;
        Ok::<_, WebError>((list::behind(conn, &webhooks, whole)?, store::uses_of(conn, id)?, credential))
    });
    let (list, uses, credential) = read.await?;
    let users = users(&uses);
    let page = DeleteDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: if uses.is_empty() { "Delete credential?" } else { "This credential is in use" }.to_owned(),
            target: format!("{}/delete", address(id)),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list,
        name: credential.name,
        unnamed: uses.len() - users.len(),
        users,
    };
    page.answer_with(status)
}
