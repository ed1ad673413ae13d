//! Events as lists and their page show them: found through an index, with what became of them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::SEARCH_SPAN;
use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::delivery::{DeliveryId, Kind, State};
use crate::events::{Environment, EventId, Source};
use crate::schema::{deliveries, events, webhooks};
use crate::webhooks::WebhookId;

/// An event in a list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct EventSummary {
    /// The event.
    pub id: EventId,
    /// `document.released`
    pub type_: String,
    /// Its world.
    pub environment: Environment,
    /// Where it came from.
    pub source: Source,
    /// The resource's title, or its id.
    pub title: String,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was taken.
    pub created_at: Time,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventSearch {
    /// This event.
    Event(EventId),
    /// The events of this resource, or of a title in which a word begins so.
    Text(String),
}

/// Which events are asked for; what is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this type.
    pub event_type: Option<String>,
    /// From there.
    pub source: Option<Source>,
    /// In this world.
    pub environment: Option<Environment>,
    /// Taken at this time or later.
    pub from: Option<Time>,
    /// Taken before this time.
    pub until: Option<Time>,
    /// Text or id.
    pub search: Option<EventSearch>,
}

/// A page of events, the newest first.
#[derive(Debug)]
pub struct EventPage {
    /// The rows.
    pub rows: Vec<EventSummary>,
    /// How many deliveries each has in each state.
    pub deliveries: HashMap<EventId, Vec<(State, i64)>>,
    /// Newer ones exist.
    pub newer: bool,
    /// Where older ones go on; none at the end.
    pub older: Option<EventId>,
    /// A search stopped there before the end.
    pub stopped: bool,
}

type Query<'a> = events::BoxedQuery<'a, Backend>;

/// Up to `limit` events on one side of `cursor` (`true` towards newer ones).
///
/// # Errors
/// When the database cannot be read.
pub fn page(
    conn: &mut Conn,
    filter: &EventFilter,
    cursor: Option<(bool, EventId)>,
    limit: i64,
) -> Result<EventPage, DbError> {
    let back = matches!(cursor, Some((true, _)));
    let stop = if is_slow(filter) && !back { stop(conn, filter, cursor)? } else { None };
    let mut query = slow(walk(fast(filter), cursor), filter);
    if let Some(stop) = stop {
        query = query.filter(events::id.ge(stop));
    }
    let mut rows: Vec<EventSummary> = query.limit(limit + 1).select(EventSummary::as_select()).load(conn)?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if back {
        rows.reverse();
    }
    let last = rows.last().map(|row| row.id);
    let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
    Ok(EventPage {
        deliveries: states(conn, &ids)?,
        newer: if back { more } else { cursor.is_some() },
        older: match (back, more, stop) {
            (true, _, _) | (false, true, _) => last,
            (false, false, stop) => stop,
        },
        stopped: !more && stop.is_some(),
        rows,
    })
}

/// What the indexes find. A range of two columns keeps a planner from walking all rows by their id instead.
fn fast(filter: &EventFilter) -> Query<'_> {
    let mut query = events::table.into_boxed();
    if let Some(EventSearch::Event(id)) = &filter.search {
        query = query.filter(events::id.eq(id));
    }
    if let Some(event_type) = &filter.event_type {
        query = query.filter(events::type_.eq(event_type));
    }
    if let Some(from) = filter.from {
        query = query.filter(events::created_at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(events::created_at.lt(until));
    }
    query
}

fn is_slow(filter: &EventFilter) -> bool {
    filter.source.is_some() || filter.environment.is_some() || matches!(filter.search, Some(EventSearch::Text(_)))
}

/// What only the rows themselves can tell.
fn slow<'a>(mut query: Query<'a>, filter: &'a EventFilter) -> Query<'a> {
    if let Some(source) = filter.source {
        query = query.filter(events::source.eq(source));
    }
    if let Some(environment) = filter.environment {
        query = query.filter(events::environment.eq(environment));
    }
    if let Some(EventSearch::Text(text)) = &filter.search {
        let whole = super::literal(text);
        let start = whole.trim_start_matches('%').to_owned();
        let title = super::lower(events::title);
        query = query.filter(
            title
                .like(start.clone())
                .escape('\\')
                .or(super::lower(events::title).like(format!("% {start}")).escape('\\'))
                .or(events::subject.eq(text)),
        );
    }
    query
}

fn walk(query: Query<'_>, cursor: Option<(bool, EventId)>) -> Query<'_> {
    match cursor {
        None => query.order(events::id.desc()),
        Some((true, id)) => query.filter(events::id.gt(id)).order(events::id.asc()),
        Some((false, id)) => query.filter(events::id.lt(id)).order(events::id.desc()),
    }
}

/// Where a row by row search stops; none when it reaches the end.
fn stop(conn: &mut Conn, filter: &EventFilter, cursor: Option<(bool, EventId)>) -> Result<Option<EventId>, DbError> {
    let last = walk(fast(filter), cursor).offset(SEARCH_SPAN).limit(1).select(events::id);
    Ok(last.first(conn).optional()?)
}

fn states(conn: &mut Conn, ids: &[EventId]) -> Result<HashMap<EventId, Vec<(State, i64)>>, DbError> {
    let mut found: HashMap<EventId, Vec<(State, i64)>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let counted: Vec<(EventId, State, i64)> = deliveries::table
        .filter(deliveries::event_id.eq_any(ids.to_vec()))
        .filter(deliveries::kind.eq(Kind::Webhook))
        .group_by((deliveries::event_id, deliveries::state))
        .order(deliveries::state)
        .select((deliveries::event_id.assume_not_null(), deliveries::state, diesel::dsl::count_star()))
        .load(conn)?;
    for (id, state, count) in counted {
        found.entry(id).or_default().push((state, count));
    }
    Ok(found)
}

/// A delivery of an event.
#[derive(Clone, Debug, Queryable)]
pub struct EventDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// For this webhook.
    pub webhook_id: Option<WebhookId>,
    /// The webhook's name at that time.
    pub target_name: String,
    /// Where it stands.
    pub state: State,
    /// How many attempts it had.
    pub attempts: i32,
}

/// The deliveries of an event: at most one for each webhook.
///
/// # Errors
/// When the database cannot be read.
pub fn deliveries_of(conn: &mut Conn, event: EventId) -> Result<Vec<EventDelivery>, DbError> {
    let found = deliveries::table
        .filter(deliveries::event_id.eq(event))
        .filter(deliveries::kind.eq(Kind::Webhook))
        .order(deliveries::target_name);
    Ok(found
        .select((
            deliveries::id,
            deliveries::webhook_id,
            deliveries::target_name,
            deliveries::state,
            deliveries::attempts,
        ))
        .load(conn)?)
}

/// Why webhooks got no delivery of an event, as [`crate::delivery::dispatch`] wrote it.
///
/// # Errors
/// When the database cannot be read.
pub fn unsent(conn: &mut Conn, event: EventId) -> Result<Option<String>, DbError> {
    Ok(events::table.find(event).select(events::unsent).first(conn)?)
}

/// The names of webhooks that are in memory no longer.
///
/// # Errors
/// When the database cannot be read.
pub fn names_of_gone(conn: &mut Conn, ids: &[WebhookId]) -> Result<Vec<(WebhookId, String)>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(webhooks::table.filter(webhooks::id.eq_any(ids.to_vec())).select((webhooks::id, webhooks::name)).load(conn)?)
}
