//! The page Settings > Integrations and webhooks > Integrations.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use crate::api_keys;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::events::{self, Source};
use crate::history::pages::when;
use crate::history::{self, Total};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::chart::percent;
use crate::web::frame::{Frame, Place};
use crate::web::view::When;
use crate::web::{Access, Page, Route, WebError};
use crate::webhooks::State;
use crate::webhooks::set::Webhooks;

/// More events than this are told as "more than".
const MOST_COUNTED: i64 = 10_000;

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/settings/integrations", Access::Admin, show)]
}

/// A count with its words and its way on.
struct Figure {
    words: String,
    href: String,
}

#[derive(Template)]
#[template(path = "integrations/show.html")]
struct IntegrationsPage {
    frame: Frame,
    /// "3 keys, 2 active"
    keys: String,
    last_used: Option<When>,
    /// Events of the last day, by where they came from.
    received: Vec<Figure>,
    /// Where events are posted to.
    address: String,
    /// "12 webhooks", "1 disabled", each with its list.
    webhooks: Vec<Figure>,
    /// "3 credentials, 1 for tests"
    credentials: String,
    /// "1,204 attempts in the last 24 hours, 99.5 % succeeded"
    sent: String,
}

struct Facts {
    keys: Vec<api_keys::ApiKey>,
    received: Vec<(Source, i64)>,
    states: Vec<State>,
    credentials: Vec<api_keys::Environment>,
    sent: Vec<Total>,
}

async fn show(app: Data<App>, admin: Admin) -> Result<HttpResponse, WebError> {
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let facts = app.db.read(move |conn| look(conn, &webhooks, now)).await?;
    let active = facts.keys.iter().filter(|key| key.is_valid(now)).count();
    let all = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let (good, bad) = facts.sent.iter().fold((0, 0), |(good, bad), hour| (good + hour.ok, bad + hour.failed));
    let page = IntegrationsPage {
        frame: admin.frame("Integrations and webhooks", Place::Integrations),
        keys: format!("{}, {active} active", all(facts.keys.len(), "key")),
        last_used: facts.keys.iter().filter_map(|key| key.last_used_at).max().map(when),
        received: facts.received.into_iter().map(|(source, count)| received(source, count)).collect(),
        address: format!("{}/api/v1/events", app.settings.public_url),
        webhooks: webhooks_by_state(&facts.states),
        credentials: match facts.credentials.iter().filter(|of| **of == api_keys::Environment::Test).count() {
            0 => all(facts.credentials.len(), "credential"),
            tests => format!("{}, {tests} for tests", all(facts.credentials.len(), "credential")),
        },
        sent: match good + bad {
            0 => "Nothing was sent in the last 24 hours.".to_owned(),
            1 => format!("1 attempt in the last 24 hours, {} succeeded.", percent(good, 1)),
            all => format!("{all} attempts in the last 24 hours, {} succeeded.", percent(good, all)),
        },
    };
    page.answer()
}

fn look(conn: &mut Conn, webhooks: &Webhooks, now: Time) -> Result<Facts, DbError> {
    let set = webhooks.read(conn)?;
    Ok(Facts {
        keys: api_keys::list(conn)?,
        received: events::count_by_source(conn, now.minus(Duration::from_hours(24)), MOST_COUNTED)?,
        states: set.all().iter().map(|webhook| webhook.state()).collect(),
        credentials: set.credentials().iter().map(|credential| credential.environment).collect(),
        sent: history::totals(conn, history::day(now)[0])?,
    })
}

fn received(source: Source, count: i64) -> Figure {
    let count = if count > MOST_COUNTED { format!("more than {MOST_COUNTED}") } else { count.to_string() };
    Figure { words: format!("{count} from {}", source.label()), href: format!("/events?source={source}&from=24h") }
}

fn webhooks_by_state(states: &[State]) -> Vec<Figure> {
    let figure = |state: &State| {
        let count = states.iter().filter(|one| *one == state).count();
        let words = match state {
            State::Disabled => "disabled by Postrider",
            State::Active | State::Inactive | State::Paused => state.as_str(),
        };
        let figure = Figure { words: format!("{count} {words}"), href: format!("/settings/webhooks?state={state}") };
        (count > 0 || *state == State::Active).then_some(figure)
    };
    State::ALL.iter().filter_map(figure).collect()
}
