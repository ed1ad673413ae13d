//! The lists of deliveries: pages by id, newest first, each found through an index.

pub(super) mod last;
pub(super) mod letter;

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{Answer, Cursor, Filter, Reading, Request, Search};
use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::delivery::{DeliveryId, Kind, Outcome, State};
use crate::schema::deliveries;
use crate::webhooks::WebhookId;

/// How many rows a search that no index helps looks at before it says how far it got.
pub(super) const SEARCH_SPAN: i64 = 50_000;
/// Ids sort by the clock of the machine that made them, which may be off by so much.
const SKEW: Duration = Duration::from_secs(3600);

diesel::define_sql_function! {
    /// Folds the case of ASCII letters, alike on both databases.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

type Query<'a> = deliveries::BoxedQuery<'a, Backend>;

/// A delivery in a list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Summary {
    /// The delivery.
    pub id: DeliveryId,
    /// What it is for.
    pub kind: Kind,
    /// The type of its event.
    pub event_type: String,
    /// What the event is about.
    pub title: String,
    /// Its webhook; none for a test of unsaved values.
    pub webhook_id: Option<WebhookId>,
    /// The webhook's name at that time.
    pub target_name: String,
    /// The stored state.
    pub state: State,
    /// When the next attempt is due, where one is.
    pub due_at: Time,
    /// How many attempts were made.
    pub attempts: i32,
    /// How many of them by the schedule.
    pub scheduled: i32,
    /// How many the schedule makes at most.
    pub schedule_length: i32,
    /// How the last attempt ended.
    pub last_outcome: Option<Outcome>,
    /// The last status that came back.
    pub last_status: Option<i32>,
    /// How long the last finished attempt took.
    pub last_duration_ms: Option<i32>,
    /// When it was made.
    pub created_at: Time,
}

impl Summary {
    /// A test by a person.
    pub fn is_test(&self) -> bool {
        match self.kind {
            Kind::Test => true,
            Kind::Webhook => false,
        }
    }

    /// How its state reads; `held` are the webhooks that are not sent to now.
    pub fn reading(&self, held: &[WebhookId]) -> Reading {
        let is_held = self.webhook_id.is_some_and(|id| held.contains(&id));
        Reading::of(self.state, self.attempts, is_held)
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub rows: Vec<Summary>,
    /// Where the newer ones are.
    pub newer: Option<Cursor>,
    /// Where the older ones are.
    pub older: Option<Cursor>,
    /// How far a search got that stopped before the end.
    pub searched_to: Option<Time>,
}

/// The page that was asked for. `held` are the webhooks that are not sent to now.
///
/// # Errors
/// When the database cannot be read.
pub fn page(conn: &mut Conn, request: &Request, held: &[WebhookId]) -> Result<Page, DbError> {
    let edges = edges(conn, &request.filter)?;
    let found = || edges.within(by_index(&request.filter, held), request.cursor);
    let stop = if request.filter.has_slow_part() { stop(conn, found(), request.cursor)? } else { None };
    let query = newest_first(slow_part(found(), &request.filter), request.cursor).limit(request.limit + 1);
    let query = match stop {
        Some((id, _)) if is_back(request.cursor) => query.filter(deliveries::id.le(id)),
        Some((id, _)) => query.filter(deliveries::id.ge(id)),
        None => query,
    };
    let rows: Vec<Summary> = query.select(Summary::as_select()).load(conn)?;
    if rows.is_empty() && stop.is_none() && is_back(request.cursor) {
        // Nothing is newer any more: the newest are what the person looks for.
        return page(conn, &Request { cursor: None, ..request.clone() }, held);
    }
    Ok(laid_out(rows, request, stop))
}

impl Filter {
    /// Some of it is looked for row by row.
    fn has_slow_part(&self) -> bool {
        self.answer.is_some() || self.text().is_some() || self.slow_type().is_some()
    }

    fn text(&self) -> Option<&str> {
        match &self.search {
            Some(Search::Text(text)) => Some(text),
            Some(Search::Delivery(_) | Search::Event(_) | Search::Webhook(_)) | None => None,
        }
    }

    /// The type, where a sharper filter has the index.
    fn slow_type(&self) -> Option<&str> {
        let sharper =
            self.webhook.is_some() || self.reading.is_some() || matches!(self.search, Some(Search::Webhook(_)));
        self.event_type.as_deref().filter(|_| sharper)
    }
}

/// What the indexes find.
fn by_index<'a>(filter: &'a Filter, held: &'a [WebhookId]) -> Query<'a> {
    let mut query = deliveries::table.into_boxed();
    query = match &filter.search {
        Some(Search::Delivery(id)) => query.filter(deliveries::id.eq(id)),
        Some(Search::Event(id)) => query.filter(deliveries::event_id.eq(id)),
        Some(Search::Webhook(id)) => query.filter(deliveries::webhook_id.eq(id)),
        Some(Search::Text(_)) | None => query,
    };
    if let Some(webhook) = filter.webhook {
        query = query.filter(deliveries::webhook_id.eq(webhook));
    }
    if let Some(reading) = filter.reading {
        query = query.filter(deliveries::state.eq(reading.state()));
        query = match reading {
            Reading::Held => query.filter(deliveries::webhook_id.eq_any(held)),
            Reading::Queued => query.filter(deliveries::webhook_id.ne_all(held)).filter(deliveries::attempts.eq(0)),
            Reading::Retrying => query.filter(deliveries::webhook_id.ne_all(held)).filter(deliveries::attempts.gt(0)),
            Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled => query,
        };
    }
    if let Some(event_type) = filter.event_type.as_deref().filter(|_| filter.slow_type().is_none()) {
        query = query.filter(deliveries::event_type.eq(event_type));
    }
    if filter.tests {
        // Spelled out: an index over a part of the rows is used when the statement itself says which part.
        query = query.filter(sql::<Bool>("deliveries.kind = 'test'"));
    }
    query
}

/// What only the rows themselves can tell.
fn slow_part<'a>(mut query: Query<'a>, filter: &'a Filter) -> Query<'a> {
    if let Some(event_type) = filter.slow_type() {
        query = query.filter(deliveries::event_type.eq(event_type));
    }
    query = match filter.answer {
        Some(Answer::Status(first, last)) => query.filter(deliveries::last_status.between(first, last)),
        Some(Answer::Nothing) => query
            .filter(deliveries::last_status.is_null())
            .filter(deliveries::last_outcome.is_not_null())
            .filter(deliveries::last_outcome.ne(Outcome::Sending)),
        None => query,
    };
    if let Some(text) = filter.text() {
        let pattern = literal(text);
        let title = lower(deliveries::title).like(pattern.clone()).escape('\\');
        let target = lower(deliveries::target_name).like(pattern).escape('\\');
        query = query.filter(title.or(target));
    }
    query
}

/// A pattern for text that holds `text`, each of its letters standing for itself.
fn literal(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

/// Where a filter by time begins and ends among the ids, so that a list need not be walked to get there.
struct Edges {
    from: Option<Time>,
    until: Option<Time>,
    above: Option<DeliveryId>,
    below: Option<DeliveryId>,
}

fn edges(conn: &mut Conn, filter: &Filter) -> Result<Edges, DbError> {
    let above = match filter.from {
        Some(from) => deliveries::table
            .filter(deliveries::created_at.lt(from.minus(SKEW)))
            .order(deliveries::created_at.desc())
            .select(deliveries::id)
            .first(conn)
            .optional()?,
        None => None,
    };
    let below = match filter.until {
        Some(until) => deliveries::table
            .filter(deliveries::created_at.gt(until.plus(SKEW)))
            .order(deliveries::created_at.asc())
            .select(deliveries::id)
            .first(conn)
            .optional()?,
        None => None,
    };
    Ok(Edges { from: filter.from, until: filter.until, above, below })
}

impl Edges {
    fn within<'a>(&self, mut query: Query<'a>, cursor: Option<Cursor>) -> Query<'a> {
        if let Some(from) = self.from {
            query = query.filter(deliveries::created_at.ge(from));
        }
        if let Some(until) = self.until {
            query = query.filter(deliveries::created_at.lt(until));
        }
        if let Some(id) = self.above {
            query = query.filter(deliveries::id.gt(id));
        }
        if let Some(id) = self.below {
            query = query.filter(deliveries::id.lt(id));
        }
        match cursor {
            Some(Cursor::Older(id)) => query.filter(deliveries::id.lt(id)),
            Some(Cursor::Newer(id)) => query.filter(deliveries::id.gt(id)),
            None => query,
        }
    }
}

fn is_back(cursor: Option<Cursor>) -> bool {
    matches!(cursor, Some(Cursor::Newer(_)))
}

/// Walking back to newer rows starts beside the cursor, so it goes the other way round.
fn newest_first(query: Query<'_>, cursor: Option<Cursor>) -> Query<'_> {
    if is_back(cursor) { query.order(deliveries::id.asc()) } else { query.order(deliveries::id.desc()) }
}

/// Where a row by row search stops; `None` when it reaches the end.
fn stop(conn: &mut Conn, found: Query<'_>, cursor: Option<Cursor>) -> Result<Option<(DeliveryId, Time)>, DbError> {
    let last = newest_first(found, cursor).offset(SEARCH_SPAN).select((deliveries::id, deliveries::created_at));
    Ok(last.first(conn).optional()?)
}

fn laid_out(mut rows: Vec<Summary>, request: &Request, stop: Option<(DeliveryId, Time)>) -> Page {
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    // A search that stopped early goes on where it stopped, wherever its last match was.
    let stop = stop.filter(|_| !more);
    let searched_to = stop.map(|(_, at)| at);
    let end = match stop {
        Some((id, _)) => Some(id),
        None => rows.last().map(|row| row.id).filter(|_| more),
    };
    let (newer, older) = match request.cursor {
        None => (None, end.map(Cursor::Older)),
        Some(Cursor::Older(at)) => {
            let first = rows.first().map(|row| row.id);
            (Some(first.map_or(Cursor::Newer(at), Cursor::Newer)), end.map(Cursor::Older))
        }
        Some(Cursor::Newer(at)) => {
            let first = rows.first().map(|row| row.id);
            rows.reverse();
            (end.map(Cursor::Newer), Some(first.map_or(Cursor::Older(at), Cursor::Older)))
        }
    };
    Page { rows, newer, older, searched_to }
}
