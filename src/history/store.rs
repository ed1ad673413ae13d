//! The lists of deliveries: pages by id, newest first, each found through an index.

pub(super) mod events;
pub(super) mod hours;
pub(super) mod last;
pub(super) mod letter;
pub(super) mod log;
pub(super) mod standing;
mod walk;

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

use self::walk::{Span, slow_part};
use super::{Cursor, Filter, Reading, Request, Search};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::{DeliveryId, Kind, Outcome, State};
use crate::events::{Environment, EventId, LONGEST_NAME};
use crate::schema::deliveries;
use crate::webhooks::WebhookId;

/// How many rows a search that no index helps looks at before it says how far it got.
pub(super) const SEARCH_SPAN: i64 = 50_000;
/// Ids sort by the clock of the machine that made them, which may be off by so much.
pub(super) const SKEW: Duration = Duration::from_secs(3600);

diesel::define_sql_function! {
    /// Folds the case of ASCII letters, alike on both databases.
    fn lower(text: Text) -> Text;
}

/// A delivery in a list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Summary {
    /// The delivery.
    pub id: DeliveryId,
    /// What it is for.
    pub kind: Kind,
    /// Its event; none for tests.
    pub event_id: Option<EventId>,
    /// The type of its event.
    pub event_type: String,
    /// The world of its event.
    pub environment: Environment,
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

/// The delivery of that id and world.
///
/// # Errors
/// [`DbError::NotFound`] when that world has no such delivery.
pub fn find(conn: &mut Conn, id: DeliveryId, environment: Environment) -> Result<Summary, DbError> {
    let delivery = deliveries::table.find(id).filter(deliveries::environment.eq(environment));
    Ok(delivery.select(Summary::as_select()).first(conn)?)
}

/// The page that was asked for. `held` are the webhooks that are not sent to now.
///
/// # Errors
/// When the database cannot be read.
pub fn page(conn: &mut Conn, request: &Request, held: &[WebhookId]) -> Result<Page, DbError> {
    if let Some(sharper) = sharper(conn, request)? {
        return page(conn, &sharper, held);
    }
    let filter = &request.filter;
    let mut span = Span::of(conn, request)?;
    let slow = filter.has_slow_part() || filter.may_pass_many(conn)?;
    let stop = if slow { span.stop(conn, filter, held)? } else { None };
    if let Some((id, _)) = stop {
        span.end_at(id);
    }
    let query = slow_part(span.rows(filter, held), filter).limit(request.limit + 1);
    let rows: Vec<Summary> = query.select(Summary::as_select()).load(conn)?;
    if rows.is_empty() && stop.is_none() && span.back {
        // Nothing is newer any more: the newest are what the person looks for.
        return page(conn, &Request { cursor: None, ..request.clone() }, held);
    }
    Ok(laid_out(rows, request, stop))
}

/// Where there are too many titles to look at each, the id of a resource asks for that resource alone.
fn sharper(conn: &mut Conn, request: &Request) -> Result<Option<Request>, DbError> {
    let Some(text) = request.filter.text() else { return Ok(None) };
    let resource = cut(text);
    let known = deliveries::table.filter(deliveries::resource.eq(&resource)).select(deliveries::id).limit(1);
    if known.first::<DeliveryId>(conn).optional()?.is_none() {
        return Ok(None);
    }
    // Counted last: it is a walk over that many ids, where the above is one look into an index.
    let far = deliveries::table.order(deliveries::id.desc()).select(deliveries::id).offset(SEARCH_SPAN).limit(1);
    let far: Option<DeliveryId> = far.first(conn).optional()?;
    let filter = || Filter { search: Some(Search::Resource(resource)), ..request.filter.clone() };
    Ok(far.map(|_| Request { filter: filter(), ..request.clone() }))
}

/// As the ids of resources are kept.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

/// A pattern for text that holds `text`, each of its letters standing for itself.
pub(super) fn literal(text: &str) -> String {
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
