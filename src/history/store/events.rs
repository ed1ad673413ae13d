//! Events as lists and their page show them: found through an index, with what became of them.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamp};

use super::{SEARCH_SPAN, SKEW};
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
    /// The events of this resource.
    Resource(String),
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
    /// Newer ones are beyond this one; none at the end.
    pub newer: Option<EventId>,
    /// Older ones are beyond this one; none at the end.
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
    if let Some(sharper) = sharper(conn, filter)? {
        return page(conn, &sharper, cursor, limit);
    }
    let mut span = Span::of(conn, filter, cursor)?;
    let stop = if is_slow(filter) { span.stop(conn, filter)? } else { None };
    if let Some(stop) = stop {
        span.end_at(stop);
    }
    let rows = slow(span.rows(filter), filter).limit(limit + 1);
    let mut rows: Vec<EventSummary> = rows.select(EventSummary::as_select()).load(conn)?;
    if rows.is_empty() && stop.is_none() && span.back {
        // Nothing is newer any more: the newest are what the person looks for.
        return page(conn, filter, None, limit);
    }
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
    let end = if more { ids.last().copied() } else { stop };
    let first = ids.first().copied();
    let (newer, older) = match cursor {
        None => (None, end),
        Some((false, at)) => (first.or(Some(at)), end),
        Some((true, at)) => (end, first.or(Some(at))),
    };
    if span.back {
        rows.reverse();
    }
    Ok(EventPage { deliveries: states(conn, &ids)?, newer, older, stopped: !more && stop.is_some(), rows })
}

/// Where there are too many titles to look at each, the id of a resource asks for that resource alone.
fn sharper(conn: &mut Conn, filter: &EventFilter) -> Result<Option<EventFilter>, DbError> {
    let Some(EventSearch::Text(text)) = &filter.search else { return Ok(None) };
    let resource = super::cut(text);
    let known = events::table.filter(events::resource.eq(&resource)).select(events::id).limit(1);
    if known.first::<EventId>(conn).optional()?.is_none() {
        return Ok(None);
    }
    // Counted last: it is a walk over that many ids, where the above is one look into an index.
    let far = events::table.order(events::id.desc()).select(events::id).offset(SEARCH_SPAN).limit(1);
    let far: Option<EventId> = far.first(conn).optional()?;
    Ok(far.map(|_| EventFilter { search: Some(EventSearch::Resource(resource)), ..filter.clone() }))
}

impl EventFilter {
    /// The column that is walked in the order of its ids: the one of which a value has the fewest rows.
    fn lead(&self) -> Option<(&'static str, &str)> {
        match (&self.search, &self.event_type) {
            (Some(EventSearch::Resource(id)), _) => Some(("events.resource", id)),
            (Some(EventSearch::Event(_) | EventSearch::Text(_)) | None, Some(kind)) => Some(("events.type", kind)),
            (Some(EventSearch::Event(_) | EventSearch::Text(_)) | None, None) => None,
        }
    }
}

/// Some of it is looked for row by row.
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
    if let (Some(EventSearch::Resource(_)), Some(kind)) = (&filter.search, &filter.event_type) {
        query = query.filter(sql::<Text>("coalesce(events.type, events.type)").eq(kind));
    }
    if let Some(EventSearch::Text(text)) = &filter.search {
        let start = super::literal(text).split_off(1);
        let word = format!("% {start}");
        let title = || super::lower(events::title);
        let begins = title().like(start).escape('\\').or(title().like(word).escape('\\'));
        query = query.filter(begins.or(events::subject.eq(text)).or(events::resource.eq(super::cut(text))));
    }
    query
}

/// A stretch of the ids, and which way it is walked.
struct Span {
    above: Option<EventId>,
    below: Option<EventId>,
    /// The end in the direction of walking belongs to the stretch.
    closed: bool,
    /// From the cursor to newer ones.
    back: bool,
}

impl Span {
    /// Between the times of the filter and the cursor; the ids around a time are looked up, not walked to.
    fn of(conn: &mut Conn, filter: &EventFilter, cursor: Option<(bool, EventId)>) -> Result<Self, DbError> {
        let edge = events::table.select(events::id);
        let mut above: Option<EventId> = match filter.from {
            Some(from) => {
                let before = edge.filter(events::created_at.lt(from.minus(SKEW)));
                before.order(events::created_at.desc()).first(conn).optional()?
            }
            None => None,
        };
        let mut below: Option<EventId> = match filter.until {
            Some(until) => {
                let after = edge.filter(events::created_at.gt(until.plus(SKEW)));
                after.order(events::created_at.asc()).first(conn).optional()?
            }
            None => None,
        };
        match cursor {
            Some((false, id)) => below = Some(below.map_or(id, |below| below.min(id))),
            Some((true, id)) => above = above.max(Some(id)),
            None => {}
        }
        Ok(Self { above, below, closed: false, back: matches!(cursor, Some((true, _))) })
    }

    /// The rows of this stretch that the indexes find, in the order of walking.
    fn rows<'a>(&self, filter: &'a EventFilter) -> Query<'a> {
        let mut query = events::table.into_boxed();
        if let Some(EventSearch::Event(id)) = &filter.search {
            query = query.filter(events::id.eq(id));
        }
        // Written so that no index serves it: the ids bound the walk already, and its order must not be lost.
        let taken = || sql::<Timestamp>("coalesce(events.created_at, events.created_at)");
        if let Some(from) = filter.from {
            query = query.filter(taken().ge(from));
        }
        if let Some(until) = filter.until {
            query = query.filter(taken().lt(until));
        }
        let low = if self.closed && !self.back { ">=" } else { ">" };
        let high = if self.closed && self.back { "<=" } else { "<" };
        match filter.lead() {
            Some(lead) => self.led_by(query, lead, low, high),
            None => self.by_id(query, low, high),
        }
    }

    /// Both columns as one range: a planner that knows the value to be fixed may walk all events by id instead.
    fn led_by<'a>(
        &self,
        mut query: Query<'a>,
        (column, value): (&'static str, &'a str),
        low: &str,
        high: &str,
    ) -> Query<'a> {
        for (op, open, id) in [(low, ">=", self.above), (high, "<=", self.below)] {
            query = match id {
                Some(id) => {
                    let pair = sql::<Bool>(&format!("({column}, events.id) {op} (")).bind::<Text, _>(value);
                    query.filter(pair.sql(", ").bind::<Text, _>(id).sql(")"))
                }
                None => query.filter(sql::<Bool>(&format!("{column} {open} ")).bind::<Text, _>(value)),
            };
        }
        let column = sql::<Text>(column);
        if self.back {
            query.order((column.asc(), events::id.asc()))
        } else {
            query.order((column.desc(), events::id.desc()))
        }
    }

    fn by_id<'a>(&self, mut query: Query<'a>, low: &str, high: &str) -> Query<'a> {
        for (op, id) in [(low, self.above), (high, self.below)] {
            if let Some(id) = id {
                query = query.filter(sql::<Bool>(&format!("events.id {op} ")).bind::<Text, _>(id));
            }
        }
        if self.back { query.order(events::id.asc()) } else { query.order(events::id.desc()) }
    }

    /// Where a row by row search stops; none when it reaches the end.
    fn stop(&self, conn: &mut Conn, filter: &EventFilter) -> Result<Option<EventId>, DbError> {
        Ok(self.rows(filter).offset(SEARCH_SPAN).limit(1).select(events::id).first(conn).optional()?)
    }

    /// Ends the stretch with this event.
    fn end_at(&mut self, id: EventId) {
        self.closed = true;
        if self.back {
            self.below = Some(id);
        } else {
            self.above = Some(id);
        }
    }
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
