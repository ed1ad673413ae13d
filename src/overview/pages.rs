//! The first page after sign-in: what needs a person, the last day, what comes next, the latest deliveries.

mod needs;

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::history::pages::{Row, hour_label, rows, when};
use crate::history::{self, Filter, Reading, Request, Signs, Summary, Total, Waiting, page, unsendable};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::chart::{Bars, Sum, percent};
use crate::web::frame::{Frame, Place};
use crate::web::view::When;
use crate::web::{Access, Page, Route, WebError, see_other};
use crate::webhooks::Webhook;
use crate::webhooks::set::{WebhookSet, Webhooks};

/// The span in which failed deliveries are news.
const LAST_DAY: Duration = Duration::from_hours(24);
/// How many of the latest deliveries stand on the page.
const LATEST: i64 = 8;
/// How many failed deliveries are counted; beyond it the page says "at least".
const MOST_FAILED: i64 = 100;

/// How many webhooks with waiting deliveries are named.
const MOST_NEXT: usize = 6;

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

/// Deliveries that wait for a webhook.
pub(crate) struct Next {
    pub(crate) webhook: String,
    pub(crate) href: String,
    pub(crate) words: String,
    /// None where they are held.
    pub(crate) due: Option<When>,
}

#[derive(Template)]
#[template(path = "overview/show.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) needs: Vec<Need>,
    pub(crate) day: Bars,
    pub(crate) next: Vec<Next>,
    /// No webhook exists yet.
    pub(crate) fresh: bool,
    pub(crate) rows: Vec<Row>,
}

async fn show(admin: Admin, app: web::Data<App>) -> Result<HttpResponse, WebError> {
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let facts = app.db.read(move |conn| look(conn, &webhooks, now)).await.map_err(WebError::from)?;
    let Facts { set, latest, failed, signs, waiting, hours } = facts;
    let held = unsendable(&set);
    let needs = needs::all(&set, &failed, &signs, &waiting, now);
    let (next, fresh) = (next(&set, &waiting), set.all().is_empty());
    let page = OverviewPage {
        frame: admin.frame("Overview", Place::Overview),
        needs,
        day: day(&hours, now),
        next,
        fresh,
        rows: rows(&latest, &held, set.catalogue()),
    };
    page.answer()
}

/// The webhooks are what the settings are opened for.
async fn settings() -> HttpResponse {
    see_other("/settings/webhooks")
}

/// What the page is made of.
struct Facts {
    set: Arc<WebhookSet>,
    latest: Vec<Summary>,
    failed: Vec<Summary>,
    signs: Vec<Signs>,
    waiting: Vec<Waiting>,
    hours: Vec<Total>,
}

fn look(conn: &mut Conn, webhooks: &Webhooks, now: Time) -> Result<Facts, DbError> {
    let set = webhooks.read(conn)?;
    let held = unsendable(&set);
    let latest = Request { filter: Filter::default(), cursor: None, limit: LATEST };
    let failed = Filter { reading: Some(Reading::Failed), from: Some(now.minus(LAST_DAY)), ..Filter::default() };
    Ok(Facts {
        latest: page(conn, &latest, &held)?.rows,
        failed: page(conn, &Request { filter: failed, cursor: None, limit: MOST_FAILED }, &held)?.rows,
        signs: history::signs(conn)?,
        waiting: history::waiting(conn, None)?,
        hours: history::totals(conn, history::day(now)[0])?,
        set,
    })
}

fn day(hours: &[Total], now: Time) -> Bars {
    let sums = history::day(now).into_iter().map(|hour| {
        let (good, bad) =
            hours.iter().find(|total| total.hour == hour).map_or((0, 0), |total| (total.ok, total.failed));
        Sum { label: hour_label(hour), good, bad }
    });
    let (good, bad) = hours.iter().fold((0, 0), |(good, bad), total| (good + total.ok, bad + total.failed));
    let words = match good + bad {
        0 => "Nothing was sent in the last 24 hours".to_owned(),
        all => format!("{good} of {all} attempts succeeded in the last 24 hours ({})", percent(good, all)),
    };
    Bars::new(words, sums.collect())
}

/// What waits, by webhook: the first due first, what is held last.
fn next(set: &WebhookSet, waiting: &[Waiting]) -> Vec<Next> {
    let mut sorted: Vec<(&Arc<Webhook>, &Waiting)> =
        waiting.iter().filter_map(|waiting| Some((set.get(waiting.webhook_id)?, waiting))).collect();
    sorted.sort_by_key(|(webhook, waiting)| (!webhook.is_sendable(), waiting.due()));
    sorted.into_iter().take(MOST_NEXT).map(|(webhook, waiting)| line(webhook, waiting)).collect()
}

fn line(webhook: &Webhook, waiting: &Waiting) -> Next {
    let state = match (webhook.is_sendable(), waiting.retrying > 0) {
        (false, _) => Reading::Held,
        (true, true) => Reading::Retrying,
        (true, false) => Reading::Queued,
    };
    Next {
        webhook: webhook.name.clone(),
        href: format!("/deliveries?webhook={}&state={state}", webhook.id),
        words: waiting.words(),
        due: waiting.due().filter(|_| webhook.is_sendable()).map(when),
    }
}
