//! The first page after sign-in: what needs a person, then the latest deliveries; and the way to the settings.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::history::pages::{Row, rows};
use crate::history::{Filter, Reading, Request, Summary, page, unsendable};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Frame, Place};
use crate::web::{Access, Page, Route, WebError, see_other};
use crate::webhooks::WebhookId;
use crate::webhooks::set::{WebhookSet, Webhooks};

/// The span in which failed deliveries are news.
const LAST_DAY: Duration = Duration::from_hours(24);
/// How many of the latest deliveries stand on the page.
const LATEST: i64 = 8;
/// How many failed deliveries are counted; beyond it the page says "at least".
const MOST_FAILED: i64 = 100;

/// The routes of the overview.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/", Access::Admin, show), Route::get("/settings", Access::Admin, settings)]
}

/// Something that waits for a person.
pub(crate) struct Need {
    pub(crate) state: Badge,
    pub(crate) text: String,
    pub(crate) action: String,
    pub(crate) href: String,
}

#[derive(Template)]
#[template(path = "overview/show.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) needs: Vec<Need>,
    /// No webhook exists yet.
    pub(crate) fresh: bool,
    pub(crate) rows: Vec<Row>,
}

async fn show(admin: Admin, app: web::Data<App>) -> Result<HttpResponse, WebError> {
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let (needs, fresh, rows) = app.db.read(move |conn| look(conn, &webhooks, now)).await.map_err(WebError::from)?;
    OverviewPage { frame: admin.frame("Overview", Place::Overview), needs, fresh, rows }.answer()
}

/// The webhooks are what the settings are opened for.
async fn settings() -> HttpResponse {
    see_other("/settings/webhooks")
}

fn look(conn: &mut Conn, webhooks: &Webhooks, now: Time) -> Result<(Vec<Need>, bool, Vec<Row>), DbError> {
    let set = webhooks.read(conn)?;
    let held = unsendable(&set);
    let latest = Request { filter: Filter::default(), cursor: None, limit: LATEST };
    let latest = page(conn, &latest, &held)?.rows;
    let failed = Filter { reading: Some(Reading::Failed), from: Some(now.minus(LAST_DAY)), ..Filter::default() };
    let failed = page(conn, &Request { filter: failed, cursor: None, limit: MOST_FAILED }, &held)?.rows;
    let needs = disabled(&set).chain(used_up(&failed)).collect();
    Ok((needs, set.all().is_empty(), rows(&latest, &held)))
}

fn disabled(set: &WebhookSet) -> impl Iterator<Item = Need> {
    set.all().iter().filter_map(|webhook| {
        let disabled = webhook.disabled.as_ref()?;
        Some(Need {
            state: Badge::Disabled,
            text: format!("{} is disabled since {}: {}", webhook.name, disabled.at, disabled.reason),
            action: "View webhook".to_owned(),
            href: format!("/settings/webhooks/{}", webhook.id),
        })
    })
}

/// Deliveries that used up their attempts, one line for each webhook.
fn used_up(failed: &[Summary]) -> impl Iterator<Item = Need> {
    let mut counts: BTreeMap<(&str, Option<WebhookId>), usize> = BTreeMap::new();
    for delivery in failed.iter().filter(|delivery| !delivery.is_test()) {
        *counts.entry((&delivery.target_name, delivery.webhook_id)).or_default() += 1;
    }
    let at_least = if i64::try_from(failed.len()) == Ok(MOST_FAILED) { "At least " } else { "" };
    let needs: Vec<Need> = counts
        .into_iter()
        .map(|((name, webhook), count)| Need {
            state: Badge::Failed,
            text: match count {
                1 => format!("One delivery to {name} used up its attempts in the last 24 hours."),
                count => format!("{at_least}{count} deliveries to {name} used up their attempts in the last 24 hours."),
            },
            action: "View deliveries".to_owned(),
            href: webhook.map_or("/deliveries?state=failed&from=24h".to_owned(), |id| {
                format!("/deliveries?state=failed&from=24h&webhook={id}")
            }),
        })
        .collect();
    needs.into_iter()
}
