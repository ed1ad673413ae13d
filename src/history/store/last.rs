//! What the list of webhooks tells of deliveries: the last one of each, and how many wait.

use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
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
    /// The delivery of that attempt.
    pub last_delivery_id: Option<DeliveryId>,
    /// The last day of the certificate.
    pub certificate_until: Option<Time>,
}

/// The signs of every webhook: at most a thousand.
///
/// # Errors
/// When the database cannot be read.
pub fn signs(conn: &mut Conn) -> Result<Vec<Signs>, DbError> {
    Ok(lanes::table
        .order(lanes::webhook_id)
        .select((lanes::webhook_id, lanes::last_outcome, lanes::last_delivery_id, lanes::certificate_until))
        .load(conn)?)
}

/// For each webhook for which deliveries wait: how many, and when the first of them is due.
///
/// # Errors
/// When the database cannot be read.
pub fn waiting(conn: &mut Conn) -> Result<Vec<(WebhookId, i64, Option<Time>)>, DbError> {
    Ok(deliveries::table
        // Spelled out: the index over what waits is used when the statement itself says so.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("deliveries.state = 'queued'"))
        .filter(deliveries::webhook_id.is_not_null())
        .group_by(deliveries::webhook_id)
        .select((
            deliveries::webhook_id.assume_not_null(),
            diesel::dsl::count_star(),
            diesel::dsl::min(deliveries::due_at),
        ))
        .load(conn)?)
}

/// When the next delivery that waits for a webhook is due.
///
/// # Errors
/// When the database cannot be read.
pub fn next_due(conn: &mut Conn, webhook: WebhookId) -> Result<Option<Time>, DbError> {
    let mut earliest: Option<Time> = None;
    // As the worker asks: the index knows first tries apart from retries.
    for first_try in [true, false] {
        let due: Option<Time> = deliveries::table
            .filter(deliveries::webhook_id.eq(webhook))
            .filter(deliveries::state.eq(State::Queued))
            .filter(deliveries::first_try.eq(first_try))
            .order(deliveries::due_at)
            .select(deliveries::due_at)
            .first(conn)
            .optional()?;
        earliest = earliest.into_iter().chain(due).min();
    }
    Ok(earliest)
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
