//! Activate and Deactivate, for one webhook or for those that are ticked.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::list::{self, List};
use super::{LIST, address, counted, frame};
use crate::db::DbError;
use crate::history::count_waiting_each;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Form, Page, PathId, WebError, see_other};
use crate::webhooks::{WebhookId, ops};

/// The most webhooks at a time: as many as a page shows.
const MOST: usize = 100;

/// What the buttons below the list send.
#[derive(Clone, Deserialize)]
pub(super) struct Ticked {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    action: String,
    /// The person has seen what will be cancelled.
    #[serde(default)]
    confirmed: bool,
}

/// Asks before several webhooks are switched off.
#[derive(Template)]
#[template(path = "webhooks/deactivate_dialog.html")]
struct DeactivateDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    /// The ids and names of those that are active.
    webhooks: Vec<(WebhookId, String)>,
    /// "3 deliveries still wait; they will be cancelled."
    waiting: String,
}

pub(super) async fn bulk(app: Data<App>, admin: Admin, Form(ticked): Form<Ticked>) -> Result<HttpResponse, WebError> {
    let active = match ticked.action.as_str() {
        "activate" => true,
        "deactivate" => false,
        _ => return Err(WebError::BadRequest("Choose Activate selected or Deactivate selected.".to_owned())),
    };
    let ids: Vec<WebhookId> = ticked.ids.iter().take(MOST).filter_map(|id| WebhookId::parse(id)).collect();
    if ids.is_empty() {
        admin.flash_problem("Tick the webhooks first, then choose what to do with them.");
        return Ok(see_other(LIST));
    }
    if !active && !ticked.confirmed {
        return confirm(&app, &admin, ids).await;
    }
    admin.flash(&switch(&app, &admin, ids, active).await?);
    Ok(see_other(if active { LIST } else { "/settings/webhooks?disabled=true" }))
}

async fn confirm(app: &Data<App>, admin: &Admin, ids: Vec<WebhookId>) -> Result<HttpResponse, WebError> {
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let read = app.db.read(move |conn| {
        let set = webhooks.read(conn)?;
        let active = ids.iter().filter_map(|id| set.get(*id)).filter(|webhook| webhook.active);
        let active: Vec<(WebhookId, String)> = active.map(|webhook| (webhook.id, webhook.name.clone())).collect();
        let ids: Vec<WebhookId> = active.iter().map(|(id, _)| *id).collect();
        let waiting: i64 = count_waiting_each(conn, &ids)?.iter().map(|(_, count)| count).sum();
        Ok::<_, WebError>((list::behind(conn, &webhooks, true, now)?, active, waiting))
    });
    let (list, webhooks, waiting) = read.await?;
    if webhooks.is_empty() {
        admin.flash("They are inactive already.");
        return Ok(see_other(LIST));
    }
    let page = DeactivateDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: format!("Deactivate {}?", counted(webhooks.len(), "webhook")),
            target: "/settings/webhooks/bulk".to_owned(),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list,
        webhooks,
        waiting: match waiting {
            0 => "No delivery waits for them.".to_owned(),
            1 => "1 delivery still waits; it will be cancelled.".to_owned(),
            count => format!("{count} deliveries still wait; they will be cancelled."),
        },
    };
    page.answer_with(StatusCode::OK)
}

/// Switches them and tells what was done.
async fn switch(app: &Data<App>, admin: &Admin, ids: Vec<WebhookId>, active: bool) -> Result<String, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    let write = app.db.write(move |tx| {
        let (mut done, mut same, mut gone) = (Vec::new(), 0, 0);
        for id in ids {
            match ops::set_active(tx, &sealer, &actor, id, active) {
                Ok(Some(webhook)) => done.push(webhook.name),
                Ok(None) => same += 1,
                Err(DbError::NotFound) => gone += 1,
                Err(error) => return Err(error),
            }
        }
        Ok((done, same, gone))
    });
    let (done, same, gone) = write.await?;
    let word = if active { "activated" } else { "deactivated" };
    let mut told = match done.as_slice() {
        [] => format!("Nothing was {word}."),
        [one] => format!("Webhook “{one}” was {word}."),
        many => format!("{} webhooks were {word}.", many.len()),
    };
    if same > 0 {
        told = format!("{told} {} already {}.", was(same), if active { "active" } else { "inactive" });
    }
    if gone > 0 {
        told = format!("{told} {} deleted meanwhile.", was(gone));
    }
    Ok(told)
}

fn was(count: i32) -> String {
    if count == 1 { "1 was".to_owned() } else { format!("{count} were") }
}

pub(super) async fn activate(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    one(&app, &admin, id, true).await
}

pub(super) async fn deactivate(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    one(&app, &admin, id, false).await
}

async fn one(app: &Data<App>, admin: &Admin, id: WebhookId, active: bool) -> Result<HttpResponse, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    let done = app.db.write(move |tx| ops::set_active(tx, &sealer, &actor, id, active)).await?;
    admin.flash(match (done.is_some(), active) {
        (true, true) => "The webhook is active: new events are sent to it.",
        (true, false) => "The webhook is inactive: new events make no deliveries, and what waited was cancelled.",
        (false, true) => "The webhook was active already.",
        (false, false) => "The webhook was inactive already.",
    });
    Ok(see_other(&address(id)))
}
