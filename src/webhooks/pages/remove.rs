//! Delete webhook.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::list::{self, List};
use super::{LIST, address, found, frame};
use crate::history::count_waiting;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Page, PathId, WebError, Whole, see_other};
use crate::webhooks::{WebhookId, ops, store};

/// The confirm before a webhook goes.
#[derive(Template)]
#[template(path = "webhooks/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    name: String,
    url: String,
    /// Deliveries that still wait and will be cancelled.
    waiting: i64,
}

pub(super) async fn confirm_delete(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let (sealer, webhooks, now) = (app.sealer.clone(), app.webhooks.clone(), app.clock.now());
    let read = app.db.read(move |conn| {
        let webhook = found(store::find(conn, id, &sealer)?)?;
        Ok::<_, WebError>((list::behind(conn, &webhooks, whole, now)?, count_waiting(conn, id)?, webhook))
    });
    let (list, waiting, webhook) = read.await?;
    let page = DeleteDialog {
        frame: frame(&admin, list.as_ref()),
        sheet: Sheet {
            heading: "Delete webhook?".to_owned(),
            target: format!("{}/delete", address(id)),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list,
        name: webhook.name,
        url: webhook.url,
        waiting,
    };
    page.answer()
}

pub(super) async fn delete(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    let removed = app.db.write(move |tx| ops::delete(tx, &sealer, &actor, id)).await?;
    admin.flash(if removed { "The webhook was removed." } else { "The webhook was already removed." });
    Ok(see_other(LIST))
}
