//! What the list of webhooks tells of deliveries: the last one of each, and how many wait.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Timestamp};

use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::delivery::{DeliveryId, Outcome, State};
use crate::schema::{deliveries, lanes};
use crate::webhooks::WebhookId;

/// The last delivery of a webhook of which an attempt ended.
#[derive(Queryable)]
pub struct Last {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Where it stands now.
    pub state: State,
    /// How many attempts it had.
    pub attempts: i32,
    /// How the last attempt ended.
    pub outcome: Option<Outcome>,
    /// Its status, where one came.
    pub status: Option<i32>,
    /// When it ended.
    pub at: Time,
}

/// The last deliveries of these webhooks; none for those that never had one.
///
/// # Errors
/// When the database cannot be read.
pub fn last_deliveries(conn: &mut Conn, webhooks: &[WebhookId]) -> Result<Vec<Last>, DbError> {
    let found = lanes::table
        .inner_join(deliveries::table.on(lanes::last_delivery_id.eq(deliveries::id.nullable())))
        .filter(lanes::webhook_id.eq_any(webhooks.to_vec()))
        .filter(lanes::last_at.is_not_null())
        .select((
            lanes::webhook_id,
            deliveries::id,
            deliveries::state,
            deliveries::attempts,
            lanes::last_outcome,
            lanes::last_status,
            lanes::last_at.assume_not_null(),
        ))
        .load(conn)?;
    Ok(found)
}

/// What a lane tells of trouble: how its last attempt ended, and until when its receiver's certificate is valid.
#[derive(Queryable)]
pub struct Signs {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// How its last attempt ended.
    pub last_outcome: Option<Outcome>,
    /// Its status, where one came.
    pub last_status: Option<i32>,
    /// The delivery of that attempt.
    pub last_delivery_id: Option<DeliveryId>,
    /// The last day of the certificate.
    pub certificate_until: Option<Time>,
    /// Scheme, host and port of the receiver that showed it.
    pub certificate_origin: Option<String>,
}

/// The signs of every webhook: at most a thousand.
///
/// # Errors
/// When the database cannot be read.
pub fn signs(conn: &mut Conn) -> Result<Vec<Signs>, DbError> {
    Ok(lanes::table
        .order(lanes::webhook_id)
        .select((
            lanes::webhook_id,
            lanes::last_outcome,
            lanes::last_status,
            lanes::last_delivery_id,
            lanes::certificate_until,
            lanes::certificate_origin,
        ))
        .load(conn)?)
}

/// How many deliveries that wait for a webhook are counted; beyond it there are "at least" so many.
pub const MOST_WAITING: i64 = 1_000;

/// What waits for a webhook; of either kind at most [`MOST_WAITING`] are counted.
#[derive(Clone, Debug, Queryable)]
pub struct Waiting {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Deliveries that were not tried yet.
    pub fresh: i64,
    /// When the first of them is due.
    pub fresh_due: Option<Time>,
    /// Deliveries that were tried before.
    pub retrying: i64,
    /// When the first of them is due.
    pub retry_due: Option<Time>,
}

impl Waiting {
    /// All of them.
    pub fn count(&self) -> i64 {
        self.fresh + self.retrying
    }

    /// `1 delivery`, `12 deliveries`, `at least 1000 deliveries`.
    pub fn words(&self) -> String {
        match self.count() {
            1 => "1 delivery".to_owned(),
            count if self.fresh.max(self.retrying) >= MOST_WAITING => format!("at least {count} deliveries"),
            count => format!("{count} deliveries"),
        }
    }

    /// `1 delivery waits`, `12 deliveries wait`.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.words(), if self.count() == 1 { "waits" } else { "wait" })
    }

    /// When the first is due.
    pub fn due(&self) -> Option<Time> {
        self.fresh_due.into_iter().chain(self.retry_due).min()
    }
}

/// What waits for one webhook or for all, where something does: one statement, bounded for each webhook, so that a
/// long hold does not slow down the page that tells of it.
///
/// # Errors
/// When the database cannot be read.
pub fn waiting(conn: &mut Conn, webhook: Option<WebhookId>) -> Result<Vec<Waiting>, DbError> {
    // As the worker asks, by the same index. Diesel has no words for a bounded count within another query.
    let rows = |first_try: bool| {
        format!(
            "from deliveries d where d.webhook_id = lanes.webhook_id and d.state = 'queued' \
             and d.first_try = {first_try} order by d.due_at limit"
        )
    };
    let count = |first_try| {
        sql::<BigInt>(&format!("(select count(*) from (select 1 {} {MOST_WAITING}) counted)", rows(first_try)))
    };
    let due = |first_try| sql::<Nullable<Timestamp>>(&format!("(select d.due_at {} 1)", rows(first_try)));
    let mut query = lanes::table
        .select((lanes::webhook_id, count(true), due(true), count(false), due(false)))
        .into_boxed::<Backend>();
    if let Some(webhook) = webhook {
        query = query.filter(lanes::webhook_id.eq(webhook));
    }
    let found: Vec<Waiting> = query.load(conn)?;
    Ok(found.into_iter().filter(|waiting| waiting.count() > 0).collect())
}

/// How many deliveries wait for each of these webhooks; those for which none waits are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn count_waiting_each(conn: &mut Conn, webhooks: &[WebhookId]) -> Result<Vec<(WebhookId, i64)>, DbError> {
    let waiting = deliveries::table
        .filter(deliveries::webhook_id.eq_any(webhooks.to_vec()))
        .filter(deliveries::state.eq(State::Queued))
        .group_by(deliveries::webhook_id)
        .select((deliveries::webhook_id.assume_not_null(), diesel::dsl::count_star()));
    Ok(waiting.load(conn)?)
}

/// How many deliveries wait for a webhook.
///
/// # Errors
/// When the database cannot be read.
pub fn count_waiting(conn: &mut Conn, webhook: WebhookId) -> Result<i64, DbError> {
    let waiting =
        deliveries::table.filter(deliveries::webhook_id.eq(webhook)).filter(deliveries::state.eq(State::Queued));
    Ok(waiting.count().get_result(conn)?)
}
