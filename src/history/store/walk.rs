//! The walk through the deliveries that a filter asks for: which index leads, where it begins, and where a search stops.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamp};

use super::{SEARCH_SPAN, SKEW, cut, literal, lower};
use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::delivery::{DeliveryId, Outcome};
use crate::events::Environment;
use crate::history::{Answer, Cursor, Filter, Reading, Request, Search};
use crate::schema::deliveries;
use crate::webhooks::WebhookId;

/// Spelled out like the condition of its index.
const OF_TEST: &str = "deliveries.environment = 'test'";

pub(super) type Query<'a> = deliveries::BoxedQuery<'a, Backend>;

impl Filter {
    /// Some of it is looked for row by row.
    pub(super) fn has_slow_part(&self) -> bool {
        self.answer.is_some() || self.text().is_some() || self.slow_type().is_some() || self.is_of_test()
    }

    fn is_of_test(&self) -> bool {
        self.environment == Some(Environment::Test)
    }

    /// The rows of the test world, which have an index, are found by it: in those of a state or a type they may
    /// stand far apart.
    fn is_led_by_test(&self) -> bool {
        self.is_of_test() && self.any_webhook().is_none() && self.resource().is_none()
    }

    /// A list of real content walks past the rows of the test world; mostly there are few.
    pub(super) fn may_pass_many(&self, conn: &mut Conn) -> Result<bool, DbError> {
        if self.environment != Some(Environment::Production) {
            return Ok(false);
        }
        let tests = deliveries::table.filter(sql::<Bool>(OF_TEST)).order(deliveries::id.desc());
        let far: Option<DeliveryId> =
            tests.select(deliveries::id).offset(SEARCH_SPAN).limit(1).first(conn).optional()?;
        Ok(far.is_some())
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.search {
            Some(Search::Text(text)) => Some(text),
            Some(Search::Delivery(_) | Search::Event(_) | Search::Webhook(_) | Search::Resource(_)) | None => None,
        }
    }

    fn resource(&self) -> Option<&str> {
        match &self.search {
            Some(Search::Resource(id)) => Some(id),
            Some(Search::Delivery(_) | Search::Event(_) | Search::Webhook(_) | Search::Text(_)) | None => None,
        }
    }

    /// The webhook, however it was asked for.
    fn any_webhook(&self) -> Option<WebhookId> {
        match &self.search {
            Some(Search::Webhook(id)) => self.webhook.or(Some(*id)),
            Some(Search::Delivery(_) | Search::Event(_) | Search::Resource(_) | Search::Text(_)) | None => self.webhook,
        }
    }

    /// The type, where a sharper filter has the index.
    fn slow_type(&self) -> Option<&str> {
        let sharper = self.resource().is_some()
            || self.any_webhook().is_some()
            || self.reading.is_some()
            || self.is_led_by_test();
        self.event_type.as_deref().filter(|_| sharper)
    }

    /// The column that is walked in the order of its ids.
    fn lead(&self) -> Option<Lead> {
        if self.is_led_by_test() {
            return None;
        }
        if let Some(id) = self.resource() {
            return Some(Lead { column: "deliveries.resource", value: id.to_owned() });
        }
        if let Some(reading) = self.reading {
            return Some(Lead { column: "deliveries.state", value: reading.state().as_str().to_owned() });
        }
        if let Some(id) = self.any_webhook() {
            return Some(Lead { column: "deliveries.webhook_id", value: id.to_string() });
        }
        self.event_type.clone().map(|value| Lead { column: "deliveries.event_type", value })
    }
}

/// What the indexes find, but for the lead.
fn by_index<'a>(filter: &'a Filter, held: &'a [WebhookId]) -> Query<'a> {
    let mut query = deliveries::table.into_boxed();
    query = match &filter.search {
        Some(Search::Delivery(id)) => query.filter(deliveries::id.eq(id)),
        Some(Search::Event(id)) => query.filter(deliveries::event_id.eq(id)),
        Some(Search::Webhook(id)) => query.filter(deliveries::webhook_id.eq(id)),
        Some(Search::Resource(_) | Search::Text(_)) | None => query,
    };
    if let Some(webhook) = filter.webhook {
        query = if filter.resource().is_some() {
            query.filter(unindexed("webhook_id").eq(webhook))
        } else {
            query.filter(deliveries::webhook_id.eq(webhook))
        };
    }
    query = match filter.reading {
        Some(Reading::Held) => query.filter(unindexed("webhook_id").eq_any(held)),
        Some(Reading::Queued) => query.filter(deliveries::webhook_id.ne_all(held)).filter(deliveries::attempts.eq(0)),
        Some(Reading::Retrying) => query.filter(deliveries::webhook_id.ne_all(held)).filter(deliveries::attempts.gt(0)),
        Some(Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled) | None => query,
    };
    if filter.is_led_by_test() {
        query = query.filter(sql::<Bool>(OF_TEST));
    }
    if filter.tests {
        // Spelled out: an index over a part of the rows is used when the statement itself says which part.
        query = query.filter(sql::<Bool>("deliveries.kind = 'test'"));
    }
    query
}

/// What only the rows themselves can tell.
pub(super) fn slow_part<'a>(mut query: Query<'a>, filter: &'a Filter) -> Query<'a> {
    if let Some(event_type) = filter.slow_type() {
        query = query.filter(unindexed("event_type").eq(event_type));
    }
    if let Some(environment) = filter.environment {
        query = query.filter(deliveries::environment.eq(environment));
    }
    if let Some(reading) = filter.reading.filter(|_| filter.is_led_by_test() || filter.resource().is_some()) {
        query = query.filter(unindexed("state").eq(reading.state().as_str()));
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
        query = query.filter(title.or(target).or(deliveries::resource.eq(cut(text))));
    }
    query
}

/// A column written so that no index serves it: another one leads, and its order must not be lost.
fn unindexed(column: &str) -> SqlLiteral<Text> {
    sql::<Text>(&format!("coalesce(deliveries.{column}, deliveries.{column})"))
}

/// A column with one value, in whose index the ids stand in order.
///
/// It is compared as a range, together with the id: a planner that knows the value to be fixed would feel free to
/// walk all rows by their id instead, and walk long where the rows of that value are old.
struct Lead {
    column: &'static str,
    value: String,
}

impl Lead {
    fn bound<'a>(&self, query: Query<'a>, op: &str, id: Option<DeliveryId>) -> Query<'a> {
        let Self { column, value } = self;
        match id {
            Some(id) => {
                let pair = sql::<Bool>(&format!("({column}, deliveries.id) {op} (")).bind::<Text, _>(value.clone());
                query.filter(pair.sql(", ").bind::<Text, _>(id).sql(")"))
            }
            None => query.filter(sql::<Bool>(&format!("{column} {op} ")).bind::<Text, _>(value.clone())),
        }
    }
}

/// A stretch of the ids, and which way it is walked.
pub(super) struct Span {
    from: Option<Time>,
    until: Option<Time>,
    above: Option<DeliveryId>,
    below: Option<DeliveryId>,
    /// The end in the direction of walking belongs to the stretch.
    closed: bool,
    /// From the cursor to newer ones.
    pub(super) back: bool,
}

impl Span {
    /// Between the times of the filter and the cursor. The ids around a time are looked up, so that the list need
    /// not be walked to get there.
    pub(super) fn of(conn: &mut Conn, request: &Request) -> Result<Self, DbError> {
        let Filter { from, until, .. } = request.filter;
        let edge = deliveries::table.select(deliveries::id);
        let mut above: Option<DeliveryId> = match from {
            Some(from) => edge
                .filter(deliveries::created_at.lt(from.minus(SKEW)))
                .order(deliveries::created_at.desc())
                .first(conn)
                .optional()?,
            None => None,
        };
        let mut below: Option<DeliveryId> = match until {
            Some(until) => edge
                .filter(deliveries::created_at.gt(until.plus(SKEW)))
                .order(deliveries::created_at.asc())
                .first(conn)
                .optional()?,
            None => None,
        };
        match request.cursor {
            Some(Cursor::Older(id)) => below = Some(below.map_or(id, |below| below.min(id))),
            Some(Cursor::Newer(id)) => above = above.max(Some(id)),
            None => {}
        }
        let back = matches!(request.cursor, Some(Cursor::Newer(_)));
        Ok(Self { from, until, above, below, closed: false, back })
    }

    /// The rows of this stretch that the indexes find, in the order of walking.
    pub(super) fn rows<'a>(&self, filter: &'a Filter, held: &'a [WebhookId]) -> Query<'a> {
        let mut query = by_index(filter, held);
        // Written so that no index serves it: the ids bound the walk already, and its order must not be lost.
        let made = || sql::<Timestamp>("coalesce(deliveries.created_at, deliveries.created_at)");
        if let Some(from) = self.from {
            query = query.filter(made().ge(from));
        }
        if let Some(until) = self.until {
            query = query.filter(made().lt(until));
        }
        let Some(lead) = filter.lead() else { return self.by_id(query) };
        query = lead.bound(query, self.low_op(self.above.is_none()), self.above);
        query = lead.bound(query, self.high_op(self.below.is_none()), self.below);
        let column = sql::<Text>(lead.column);
        if self.back {
            query.order((column.asc(), deliveries::id.asc()))
        } else {
            query.order((column.desc(), deliveries::id.desc()))
        }
    }

    fn by_id<'a>(&self, mut query: Query<'a>) -> Query<'a> {
        if let Some(id) = self.above {
            query = if self.low_op(false) == ">" {
                query.filter(deliveries::id.gt(id))
            } else {
                query.filter(deliveries::id.ge(id))
            };
        }
        if let Some(id) = self.below {
            query = if self.high_op(false) == "<" {
                query.filter(deliveries::id.lt(id))
            } else {
                query.filter(deliveries::id.le(id))
            };
        }
        if self.back { query.order(deliveries::id.asc()) } else { query.order(deliveries::id.desc()) }
    }

    fn low_op(&self, open: bool) -> &'static str {
        if open || (self.closed && !self.back) { ">=" } else { ">" }
    }

    fn high_op(&self, open: bool) -> &'static str {
        if open || (self.closed && self.back) { "<=" } else { "<" }
    }

    /// Where a row by row search stops; `None` when it reaches the end.
    pub(super) fn stop(
        &self,
        conn: &mut Conn,
        filter: &Filter,
        held: &[WebhookId],
    ) -> Result<Option<(DeliveryId, Time)>, DbError> {
        let last = self.rows(filter, held).offset(SEARCH_SPAN).limit(1);
        Ok(last.select((deliveries::id, deliveries::created_at)).first(conn).optional()?)
    }

    /// Ends the stretch with this row.
    pub(super) fn end_at(&mut self, id: DeliveryId) {
        self.closed = true;
        if self.back {
            self.below = Some(id);
        } else {
            self.above = Some(id);
        }
    }
}
