//! Events: the list with its filters.

pub(super) mod show;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::words::when;
use crate::db::DbError;
use crate::delivery::State;
use crate::event_types::Catalogue;
use crate::event_types::pages::choices_by_group;
use crate::events::{Environment, EventId, Source};
use crate::history::form::LAST_DAY;
use crate::history::form::events::{LIST, Typed};
use crate::history::store::events as store;
use crate::history::{EventPage, EventSummary};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Frame, Place};
use crate::web::listing::{self, choices, environments};
use crate::web::view::{Chip, Choice, ChoiceGroup, Filled, Pager, When};
use crate::web::{Page, Query, WebError};

/// An event in the list.
struct Row {
    href: String,
    label: String,
    title: String,
    source: &'static str,
    test: bool,
    /// "2 delivered, 1 failed", or "Sent to nobody".
    deliveries: String,
    received: When,
    /// Where that was at another time, to the minute.
    happened: Option<When>,
}

#[derive(Template)]
#[template(path = "events/list.html")]
struct ListPage {
    frame: Frame,
    q: String,
    types: Vec<ChoiceGroup>,
    sources: Vec<Choice>,
    environments: Vec<Choice>,
    from: String,
    to: String,
    /// Why a filter was not understood.
    problem: String,
    chips: Vec<Chip>,
    filled: Filled,
    rows: Vec<Row>,
    pager: Pager,
}

pub(super) async fn list(
    admin: Admin,
    app: web::Data<App>,
    Query(typed): Query<Typed>,
) -> Result<HttpResponse, WebError> {
    let asked = typed.read(app.clock.now());
    let (found, problem) = match asked {
        Ok(asked) => {
            let read =
                app.db.read::<_, DbError, _>(move |conn| store::page(conn, &asked.filter, asked.cursor, asked.limit));
            (Some(read.await?), "")
        }
        Err(misread) => (None, misread.sentence),
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(admin.frame("Events", Place::Events), &*app.catalogue().await?, &typed, found, problem).answer_with(status)
}

fn page(mut frame: Frame, catalogue: &Catalogue, typed: &Typed, found: Option<EventPage>, problem: &str) -> ListPage {
    let any = typed.filters().iter().any(|(_, value)| !value.is_empty()) || !typed.cursor.is_empty();
    let pager = found
        .as_ref()
        .map_or_else(|| Pager { range: String::new(), newer: None, older: None }, |found| pager(typed, found));
    let rows: Vec<Row> = found.map(|found| rows(&found, catalogue)).unwrap_or_default();
    if !rows.is_empty() {
        frame.count = format!("{} shown, newest first", rows.len());
    }
    ListPage {
        frame,
        q: typed.q.clone(),
        types: choices_by_group(catalogue, &[&typed.event_type]),
        sources: choices("Any", &typed.source, Source::ALL.iter().map(|source| (source.as_str(), source.label()))),
        environments: environments(&typed.environment),
        from: if typed.from == LAST_DAY { String::new() } else { typed.from.clone() },
        to: typed.to.clone(),
        problem: problem.to_owned(),
        chips: if problem.is_empty() { chips(typed, catalogue) } else { Vec::new() },
        filled: listing::filled(rows.is_empty(), any),
        rows,
        pager,
    }
}

fn chips(typed: &Typed, catalogue: &Catalogue) -> Vec<Chip> {
    let chip = |(name, value): (&'static str, &str)| {
        let (label, value) = match name {
            "type" => ("Event", catalogue.label(value)),
            "source" => ("Source", Source::parse(value).map_or_else(String::new, |source| source.label().to_owned())),
            "environment" => ("Environment", value.to_owned()),
            "from" if value == LAST_DAY => ("From", "24 hours ago".to_owned()),
            "from" => ("From", format!("{} UTC", value.replacen('T', " ", 1))),
            "to" => ("To", format!("{} UTC", value.replacen('T', " ", 1))),
            _ => ("Search", value.to_owned()),
        };
        Chip { label: label.to_owned(), value, remove: typed.address(name, "") }
    };
    typed.filters().into_iter().filter(|(_, value)| !value.is_empty()).map(chip).collect()
}

fn pager(typed: &Typed, found: &EventPage) -> Pager {
    let range = match (found.rows.last(), found.rows.first()) {
        (Some(oldest), Some(newest)) => format!("{} to {}.", oldest.created_at, newest.created_at),
        (_, _) => String::new(),
    };
    let stopped = match (found.stopped, typed.cursor.starts_with('n')) {
        (false, _) => "",
        (true, false) => " The search stopped here; Older goes on.",
        (true, true) => " The search stopped here; Newer goes on.",
    };
    let to = |letter: char, id: EventId| typed.address("", &format!("{letter}{id}"));
    Pager {
        range: format!("{range}{stopped}").trim().to_owned(),
        newer: found.newer.map(|id| to('n', id)),
        older: found.older.map(|id| to('o', id)),
    }
}

fn rows(found: &EventPage, catalogue: &Catalogue) -> Vec<Row> {
    let row = |event: &EventSummary| Row {
        href: format!("{LIST}/{}", event.id),
        label: catalogue.label(&event.type_),
        title: event.title.clone(),
        source: event.source.label(),
        test: event.environment == Environment::Test,
        deliveries: deliveries(found.deliveries.get(&event.id).map_or(&[], Vec::as_slice)),
        received: when(event.created_at),
        happened: Some(when(event.occurred_at)).filter(|happened| happened.text != event.created_at.to_string()),
    };
    found.rows.iter().map(row).collect()
}

fn deliveries(states: &[(State, i64)]) -> String {
    if states.is_empty() {
        return "Sent to nobody".to_owned();
    }
    states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
