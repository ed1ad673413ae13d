//! The attempts that ended, by hour: what lists and charts read instead of the deliveries themselves.

use std::time::Duration;

use chrono::{DurationRound, TimeDelta};
use diesel::dsl::sum;
use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::{webhook_hours, webhook_latencies};
use crate::webhooks::WebhookId;

/// How many hours a chart of the last day shows, the running one included.
pub const HOURS: usize = 24;

/// What ended for a webhook in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = webhook_hours)]
pub struct Hour {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// When the hour begins.
    pub hour: Time,
    /// Attempts that succeeded.
    pub ok: i32,
    /// Attempts that failed.
    pub failed: i32,
    /// How long all of them took together, in milliseconds.
    pub duration_ms: i64,
}

/// The beginnings of the last [`HOURS`] hours, the oldest first, the running one last.
pub fn day(now: Time) -> Vec<Time> {
    let running = now.utc().duration_trunc(TimeDelta::hours(1)).unwrap_or(now.utc());
    let running = Time::from_utc(running);
    (0..24_u64).rev().map(|back| running.minus(Duration::from_hours(back))).collect()
}

/// The hours since `from` of these webhooks, the oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn hours(conn: &mut Conn, webhooks: &[WebhookId], from: Time) -> Result<Vec<Hour>, DbError> {
    Ok(webhook_hours::table
        .filter(webhook_hours::webhook_id.eq_any(webhooks.to_vec()))
        .filter(webhook_hours::hour.ge(from))
        .order((webhook_hours::hour, webhook_hours::webhook_id))
        .select(Hour::as_select())
        .load(conn)?)
}

/// What ended in an hour for all webhooks together.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Total {
    /// When the hour begins.
    pub hour: Time,
    /// Attempts that succeeded.
    pub ok: i64,
    /// Attempts that failed.
    pub failed: i64,
}

/// The hours since `from` over all webhooks, the oldest first: summed by the database, as there may be a thousand.
///
/// # Errors
/// When the database cannot be read.
pub fn totals(conn: &mut Conn, from: Time) -> Result<Vec<Total>, DbError> {
    use webhook_hours::{failed, hour, ok, table};
    Ok(table
        .filter(hour.ge(from))
        .group_by(hour)
        .order(hour)
        .select((hour, sum(ok).assume_not_null(), sum(failed).assume_not_null()))
        .load(conn)?)
}

/// How many answers of a webhook took how long: the hour, the bucket of [`crate::delivery::latency`], the count;
/// sorted.
///
/// # Errors
/// When the database cannot be read.
pub fn latencies(conn: &mut Conn, webhook: WebhookId, from: Time) -> Result<Vec<(Time, i32, i32)>, DbError> {
    use webhook_latencies::{bucket, count, hour, table, webhook_id};
    let found = table.filter(webhook_id.eq(webhook)).filter(hour.ge(from)).order((hour, bucket));
    Ok(found.select((hour, bucket, count)).load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_whole_hours_up_to_now() {
        let hours = day(Time::from_micros(90_000_000_000 * 4 + 61_000_000));
        assert_eq!(hours.len(), HOURS);
        assert!(hours.windows(2).all(|pair| pair[1].since(pair[0]) == Duration::from_hours(1)));
        assert_eq!(hours[23], Time::from_micros(360_000_000_000));
    }
}
