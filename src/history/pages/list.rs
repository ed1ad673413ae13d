//! Deliveries over all webhooks, with the filters of the address.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::bulk::link;
use super::words::{badge, count, duration, result, when};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::event_types::Catalogue;
use crate::event_types::pages::choices_by_group;
use crate::events::Environment;
use crate::history::form::{ADDRESS, LAST_DAY, Typed};
use crate::history::store::letter::gone;
use crate::history::{self, Cursor, Filter, Page as Found, Reading, Request, Summary, unsendable};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Frame, Place};
use crate::web::listing::{self, capital, choices, environments};
use crate::web::view::{Chip, Choice, ChoiceGroup, Filled, Pager, View, When};
use crate::web::{Page, Query, WebError};
use crate::webhooks::WebhookId;
use crate::webhooks::set::{WebhookSet, Webhooks};

/// A delivery in a list.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) event: String,
    pub(crate) subject: String,
    pub(crate) webhook: String,
    pub(crate) state: Badge,
    /// Sent by a person to try it, or of the test environment.
    pub(crate) test: bool,
    /// "200", or the cause in a few words; a dash while nothing came back.
    pub(crate) result: String,
    /// "2 of 10".
    pub(crate) attempts: String,
    pub(crate) next: Option<When>,
    pub(crate) duration: String,
    pub(crate) when: When,
}

/// Deliveries as lists show them.
pub(crate) fn rows(found: &[Summary], held: &[WebhookId], catalogue: &Catalogue) -> Vec<Row> {
    found.iter().map(|summary| row(summary, held, catalogue)).collect()
}

fn row(summary: &Summary, held: &[WebhookId], catalogue: &Catalogue) -> Row {
    let reading = summary.reading(held);
    Row {
        id: summary.id.to_string(),
        href: format!("{ADDRESS}/{}", summary.id),
        event: catalogue.label(&summary.event_type),
        subject: summary.title.clone(),
        webhook: summary.target_name.clone(),
        state: badge(reading),
        test: summary.is_test() || summary.environment == Environment::Test,
        result: result(summary.last_outcome, summary.last_status),
        attempts: count(summary),
        next: (reading == Reading::Retrying).then(|| when(summary.due_at)),
        duration: duration(summary),
        when: when(summary.created_at),
    }
}

/// The filters as they stand in the address.
struct Filters {
    q: String,
    states: Vec<Choice>,
    webhooks: Vec<Choice>,
    types: Vec<ChoiceGroup>,
    environments: Vec<Choice>,
    statuses: Vec<Choice>,
    from: String,
    to: String,
    /// What the form keeps without a field for it.
    kept: Vec<(&'static str, String)>,
    /// Why a filter was not understood; empty when all were.
    problem: String,
    /// One of the folded filters is in force.
    more: bool,
}

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage {
    frame: Frame,
    views: Vec<View>,
    filters: Filters,
    chips: Vec<Chip>,
    filled: Filled,
    rows: Vec<Row>,
    pager: Pager,
    /// Label and address of each kind of file.
    exports: Vec<(&'static str, String)>,
    /// "Resend failed…" and the address of its plan.
    resend: (String, String),
    /// The newest rows: only there new ones appear.
    newest: bool,
}

pub(super) async fn list(
    admin: Admin,
    app: web::Data<App>,
    Query(typed): Query<Typed>,
) -> Result<HttpResponse, WebError> {
    let asked = typed.read(app.clock.now());
    let (request, webhooks) = (asked.clone().ok(), app.webhooks.clone());
    let shelf = app.db.read(move |conn| look(conn, &webhooks, request.as_ref())).await?;
    let frame = admin.frame("Deliveries", Place::Deliveries);
    match asked {
        Ok(request) => page(frame, &typed, &shelf, Some(&request.filter), "").answer(),
        Err(misread) => page(frame, &typed, &shelf, None, misread.sentence).answer_with(StatusCode::BAD_REQUEST),
    }
}

/// What the page is made of.
struct Shelf {
    set: Arc<WebhookSet>,
    held: Vec<WebhookId>,
    /// The webhook of the filter, where it is deleted.
    gone: Option<(WebhookId, String)>,
    found: Found,
    back: bool,
}

fn look(conn: &mut Conn, webhooks: &Webhooks, request: Option<&Request>) -> Result<Shelf, DbError> {
    let set = webhooks.read(conn)?;
    let held = unsendable(&set);
    let found = match request {
        Some(request) => history::page(conn, request, &held)?,
        None => Found { rows: Vec::new(), newer: None, older: None, searched_to: None },
    };
    let wanted = request.and_then(|request| request.filter.webhook).filter(|id| set.get(*id).is_none());
    let gone = match wanted {
        Some(id) => Some((id, gone(conn, id)?.map_or_else(|| id.to_string(), |(name, _)| format!("{name} (deleted)")))),
        None => None,
    };
    let back = request.is_some_and(|request| matches!(request.cursor, Some(Cursor::Newer(_))));
    Ok(Shelf { set, held, gone, found, back })
}

fn page(mut frame: Frame, typed: &Typed, shelf: &Shelf, filter: Option<&Filter>, problem: &str) -> ListPage {
    let rows = rows(&shelf.found.rows, &shelf.held, shelf.set.catalogue());
    if !rows.is_empty() {
        frame.count = format!("{} shown, newest first", rows.len());
    }
    let any_filter = typed.filters() != Typed::default();
    ListPage {
        frame,
        views: views(typed),
        filters: filters(typed, shelf, filter, problem),
        chips: if problem.is_empty() { chips(typed, shelf) } else { Vec::new() },
        filled: listing::filled(rows.is_empty(), any_filter || !typed.cursor.is_empty()),
        rows,
        pager: pager(typed, shelf),
        exports: vec![("Export CSV", typed.export("csv")), ("Export NDJSON", typed.export("ndjson"))],
        resend: link(typed),
        newest: typed.cursor.is_empty(),
    }
}

fn views(typed: &Typed) -> Vec<View> {
    let view = |label, filters: Typed| View { label, href: filters.address(&[]), current: typed.filters() == filters };
    let state = |reading: Reading| Typed { state: reading.as_str().to_owned(), ..Typed::default() };
    vec![
        view("All", Typed::default()),
        view("Failed", state(Reading::Failed)),
        view("Retrying", state(Reading::Retrying)),
        view("Tests", Typed { test: "true".to_owned(), ..Typed::default() }),
        view("Last 24 h", Typed { from: LAST_DAY.to_owned(), ..Typed::default() }),
    ]
}

fn filters(typed: &Typed, shelf: &Shelf, filter: Option<&Filter>, problem: &str) -> Filters {
    let kept = [("test", &typed.test), ("limit", &typed.limit)];
    Filters {
        q: typed.q.clone(),
        states: choices(
            "Any",
            &typed.state,
            Reading::ALL.iter().map(|reading| (reading.as_str(), capital(reading.as_str()))),
        ),
        webhooks: choices(
            "Any",
            &typed.webhook,
            webhook_names(shelf).iter().map(|(id, name)| (id.as_str(), name.clone())),
        ),
        types: choices_by_group(shelf.set.catalogue(), &[&typed.event_type]),
        environments: environments(&typed.environment),
        statuses: choices("Any", &typed.status, statuses(&typed.status)),
        from: match filter.and_then(|filter| filter.from) {
            Some(from) => field(from),
            None => typed.from.clone(),
        },
        to: match filter.and_then(|filter| filter.until) {
            // The last second of what was typed: a day ends at 23:59.
            Some(until) => field(until.minus(std::time::Duration::from_secs(1))),
            None => typed.to.clone(),
        },
        kept: kept
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.clone()))
            .collect(),
        problem: problem.to_owned(),
        more: [&typed.status, &typed.from, &typed.to].iter().any(|value| !value.is_empty()),
    }
}

fn webhook_names(shelf: &Shelf) -> Vec<(WebhookId, String)> {
    let known = shelf.set.all().iter().map(|webhook| (webhook.id, webhook.name.clone()));
    known.chain(shelf.gone.clone()).collect()
}

fn statuses(chosen: &str) -> Vec<(&str, String)> {
    const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];
    let mut all: Vec<(&str, String)> = CLASSES.iter().map(|class| (*class, (*class).to_owned())).collect();
    if !chosen.is_empty() && chosen != "none" && !CLASSES.contains(&chosen) {
        all.push((chosen, chosen.to_owned()));
    }
    all.push(("none", "No answer".to_owned()));
    all
}

fn chips(typed: &Typed, shelf: &Shelf) -> Vec<Chip> {
    let names = webhook_names(shelf);
    let name =
        |id: &str| names.iter().find(|(known, _)| known.as_str() == id).map_or(id.to_owned(), |(_, name)| name.clone());
    let time = |text: &str| format!("{} UTC", text.trim_end_matches('Z').replacen('T', " ", 1));
    let chip = |label: &str, field: &str, typed_value: &str, value: String| {
        let remove = typed.address(&[(field, "")]);
        (!typed_value.is_empty()).then(|| Chip { label: label.to_owned(), value, remove })
    };
    let answer = if typed.status == "none" { "No answer".to_owned() } else { typed.status.clone() };
    let from = if typed.from == LAST_DAY { "24 hours ago".to_owned() } else { time(&typed.from) };
    [
        chip("State", "state", &typed.state, capital(&typed.state)),
        chip("Webhook", "webhook", &typed.webhook, name(&typed.webhook)),
        chip("Event", "type", &typed.event_type, shelf.set.catalogue().label(&typed.event_type)),
        chip("Environment", "environment", &typed.environment, typed.environment.clone()),
        chip("Answer", "status", &typed.status, answer),
        chip("From", "from", &typed.from, from),
        chip("To", "to", &typed.to, time(&typed.to)),
        chip("Search", "q", &typed.q, typed.q.clone()),
        chip("Tests", "test", &typed.test, "only".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn pager(typed: &Typed, shelf: &Shelf) -> Pager {
    let found = &shelf.found;
    let to = |cursor: Cursor| typed.address(&[("cursor", &cursor.to_text())]);
    let range = match (found.rows.last(), found.rows.first()) {
        (Some(oldest), Some(newest)) => between(oldest.created_at, newest.created_at),
        (_, _) => String::new(),
    };
    let searched = match found.searched_to {
        Some(at) if shelf.back => format!("Searched up to {at}; Newer goes on."),
        Some(at) => format!("Searched back to {at}; Older goes on."),
        None => String::new(),
    };
    let range = format!("{range} {searched}").trim().to_owned();
    Pager { range, newer: found.newer.map(to), older: found.older.map(to) }
}

/// `2026-11-24, 08:02 to 11:31 UTC`
fn between(oldest: Time, newest: Time) -> String {
    let (from, to) = (oldest.utc(), newest.utc());
    if from.date_naive() == to.date_naive() {
        format!("{}, {} to {} UTC.", from.format("%Y-%m-%d"), from.format("%H:%M"), to.format("%H:%M"))
    } else {
        format!("{} to {} UTC.", from.format("%Y-%m-%d %H:%M"), to.format("%Y-%m-%d %H:%M"))
    }
}

/// As a field for a local time takes it.
fn field(at: Time) -> String {
    at.utc().format("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_names_its_day_once() {
        let at = |text: &str| Time::from_utc(text.parse().unwrap());
        let (morning, noon) = (at("2026-11-24T08:02:00Z"), at("2026-11-24T11:31:59Z"));
        assert_eq!(between(morning, noon), "2026-11-24, 08:02 to 11:31 UTC.");
        assert_eq!(between(at("2026-11-23T23:00:00Z"), noon), "2026-11-23 23:00 to 2026-11-24 11:31 UTC.");
    }

    #[test]
    fn the_view_that_is_looked_at_is_marked_and_no_other() {
        let marked =
            |typed: &Typed| views(typed).iter().filter(|view| view.current).map(|view| view.label).collect::<Vec<_>>();
        assert_eq!(marked(&Typed::default()), ["All"]);
        assert_eq!(marked(&Typed { state: "failed".to_owned(), ..Typed::default() }), ["Failed"]);
        assert!(marked(&Typed { state: "failed".to_owned(), q: "x".to_owned(), ..Typed::default() }).is_empty());
    }
}
