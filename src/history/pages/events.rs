//! Events: the list with its filters.

pub(super) mod show;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::words::{event_label, when};
use crate::clock::Time;
use crate::db::DbError;
use crate::delivery::State;
use crate::events::{CATALOGUE, Environment, EventId, Source};
use crate::history::form::{self, LAST_DAY, given};
use crate::history::store::events as store;
use crate::history::{EventFilter, EventPage, EventSearch, EventSummary};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Frame, Place};
use crate::web::listing::{self, choices, environments};
use crate::web::view::{Chip, Choice, Filled, Pager, When};
use crate::web::{Page, Query, WebError};

/// Where the list is.
const LIST: &str = "/events";
/// How many rows a page has.
const SIZE: i64 = 25;

/// An event in the list.
struct Row {
    href: String,
    label: String,
    title: String,
    source: &'static str,
    test: bool,
    /// "2 delivered, 1 failed", or "Sent to nobody".
    deliveries: String,
    when: When,
}

#[derive(Template)]
#[template(path = "events/list.html")]
struct ListPage {
    frame: Frame,
    q: String,
    types: Vec<Choice>,
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

/// The fields of the address, as they came.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::history) struct Typed {
    #[serde(rename = "type")]
    pub(in crate::history) event_type: String,
    pub(in crate::history) source: String,
    pub(in crate::history) environment: String,
    pub(in crate::history) from: String,
    pub(in crate::history) to: String,
    pub(in crate::history) q: String,
    pub(in crate::history) cursor: String,
}

/// A page that is asked for.
type Asked = (EventFilter, Option<(bool, EventId)>);

impl Typed {
    /// What it asks for, or a sentence that says what was not understood.
    pub(in crate::history) fn read(&self, now: Time) -> Result<Asked, &'static str> {
        let source = |text| Source::parse(text).ok_or("There is no such source. Choose one from the list.");
        let filter = EventFilter {
            event_type: given(&self.event_type).map(form::event_type).transpose()?,
            source: given(&self.source).map(source).transpose()?,
            environment: given(&self.environment).map(form::environment).transpose()?,
            from: given(&self.from).map(|text| form::from(text, now)).transpose()?,
            until: given(&self.to).map(form::until).transpose()?,
            search: given(&self.q).map(search).transpose()?,
        };
        Ok((filter, listing::cursor(self.cursor.trim(), EventId::parse)?))
    }

    fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("type", &self.event_type),
            ("source", &self.source),
            ("environment", &self.environment),
            ("from", &self.from),
            ("to", &self.to),
            ("q", &self.q),
        ]
    }

    /// The address of these filters without one of them, or at a cursor.
    fn address(&self, without: &str, cursor: &str) -> String {
        let fields = self.fields().into_iter().filter(|(name, _)| *name != without);
        listing::address(LIST, fields.chain([("cursor", cursor)]))
    }
}

fn search(text: &str) -> Result<EventSearch, &'static str> {
    if text.chars().count() > form::LONGEST_SEARCH || text.contains('\0') {
        return Err("Search for at most 256 characters, without control characters.");
    }
    Ok(EventId::parse(text).map_or_else(|| EventSearch::Text(text.to_owned()), EventSearch::Event))
}

pub(super) async fn list(
    admin: Admin,
    app: web::Data<App>,
    Query(typed): Query<Typed>,
) -> Result<HttpResponse, WebError> {
    let asked = typed.read(app.clock.now());
    let (found, problem) = match asked {
        Ok((filter, cursor)) => {
            let read = app.db.read::<_, DbError, _>(move |conn| store::page(conn, &filter, cursor, SIZE));
            (Some(read.await?), "")
        }
        Err(problem) => (None, problem),
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(admin.frame("Events", Place::Events), &typed, found, problem).answer_with(status)
}

fn page(mut frame: Frame, typed: &Typed, found: Option<EventPage>, problem: &str) -> ListPage {
    let any = typed.fields().iter().any(|(_, value)| !value.is_empty()) || !typed.cursor.is_empty();
    let pager = found
        .as_ref()
        .map_or_else(|| Pager { range: String::new(), newer: None, older: None }, |found| pager(typed, found));
    let rows: Vec<Row> = found.map(|found| rows(&found)).unwrap_or_default();
    if !rows.is_empty() {
        frame.count = format!("{} shown, newest first", rows.len());
    }
    ListPage {
        frame,
        q: typed.q.clone(),
        types: choices("Any", &typed.event_type, CATALOGUE.iter().map(|kind| (kind.name, kind.label))),
        sources: choices("Any", &typed.source, Source::ALL.iter().map(|source| (source.as_str(), source.label()))),
        environments: environments(&typed.environment),
        from: if typed.from == LAST_DAY { String::new() } else { typed.from.clone() },
        to: typed.to.clone(),
        problem: problem.to_owned(),
        chips: if problem.is_empty() { chips(typed) } else { Vec::new() },
        filled: listing::filled(rows.is_empty(), any),
        rows,
        pager,
    }
}

fn chips(typed: &Typed) -> Vec<Chip> {
    let chip = |(name, value): (&'static str, &str)| {
        let (label, value) = match name {
            "type" => ("Event", event_label(value)),
            "source" => ("Source", Source::parse(value).map_or_else(String::new, |source| source.label().to_owned())),
            "environment" => ("Environment", value.to_owned()),
            "from" if value == LAST_DAY => ("From", "24 hours ago".to_owned()),
            "from" => ("From", format!("{} UTC", value.replacen('T', " ", 1))),
            "to" => ("To", format!("{} UTC", value.replacen('T', " ", 1))),
            _ => ("Search", value.to_owned()),
        };
        Chip { label: label.to_owned(), value, remove: typed.address(name, "") }
    };
    typed.fields().into_iter().filter(|(_, value)| !value.is_empty()).map(chip).collect()
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

fn rows(found: &EventPage) -> Vec<Row> {
    let row = |event: &EventSummary| Row {
        href: format!("{LIST}/{}", event.id),
        label: event_label(&event.type_),
        title: event.title.clone(),
        source: event.source.label(),
        test: event.environment == Environment::Test,
        deliveries: deliveries(found.deliveries.get(&event.id).map_or(&[], Vec::as_slice)),
        when: when(event.occurred_at),
    };
    found.rows.iter().map(row).collect()
}

fn deliveries(states: &[(State, i64)]) -> String {
    if states.is_empty() {
        return "Sent to nobody".to_owned();
    }
    states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
