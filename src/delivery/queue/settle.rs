//! Settling: what came of an attempt becomes the delivery's state; and asking for one more attempt.

use std::collections::HashSet;

use diesel::prelude::*;

use super::together;
use crate::audit::Actor;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::{DeliveryId, Kind, Outcome, Standing, State};
use crate::on_backend;
use crate::schema::{attempts, deliveries, lanes, webhook_hours, webhook_latencies};
use crate::webhooks::WebhookId;

/// The end of an attempt as its row keeps it.
#[derive(Clone, AsChangeset)]
#[diesel(table_name = attempts, treat_none_as_null = true)]
pub(in crate::delivery) struct Ended {
    pub(in crate::delivery) ended_at: Option<Time>,
    pub(in crate::delivery) outcome: Outcome,
    pub(in crate::delivery) status: Option<i32>,
    pub(in crate::delivery) request_headers: Option<String>,
    pub(in crate::delivery) response_headers: Option<String>,
    pub(in crate::delivery) response_body: Option<Vec<u8>>,
    pub(in crate::delivery) response_bytes: Option<i64>,
    pub(in crate::delivery) truncated: bool,
    pub(in crate::delivery) reused: bool,
    pub(in crate::delivery) dns_us: Option<i64>,
    pub(in crate::delivery) connect_us: Option<i64>,
    pub(in crate::delivery) tls_us: Option<i64>,
    pub(in crate::delivery) first_byte_us: Option<i64>,
    pub(in crate::delivery) total_us: Option<i64>,
    pub(in crate::delivery) remote_address: Option<String>,
    pub(in crate::delivery) detail: Option<String>,
    pub(in crate::delivery) note: Option<&'static str>,
    pub(in crate::delivery) next_due_at: Option<Time>,
}

/// What a delivery becomes.
#[derive(Clone)]
pub(in crate::delivery) struct Settlement {
    pub(in crate::delivery) delivery: DeliveryId,
    pub(in crate::delivery) number: i32,
    pub(in crate::delivery) fence: i64,
    pub(in crate::delivery) state: State,
    pub(in crate::delivery) scheduled: i32,
    pub(in crate::delivery) due_at: Option<Time>,
    pub(in crate::delivery) settled_reason: Option<&'static str>,
    pub(in crate::delivery) ended: Ended,
}

impl Settlement {
    pub(super) fn duration_ms(&self) -> Option<i32> {
        self.ended.total_us.map(|total| i32::try_from(total / 1000).unwrap_or(i32::MAX))
    }

    pub(super) fn settled_at(&self) -> Option<Time> {
        self.ended.ended_at.filter(|_| self.state != State::Queued)
    }
}

/// Writes both rows of each; returns those that were written: a lane that has been taken over since changes nothing.
pub(in crate::delivery) fn settle(conn: &mut Conn, ends: &[&Settlement]) -> Result<HashSet<DeliveryId>, DbError> {
    match conn {
        Conn::Sqlite(_) => {
            let mut written = HashSet::with_capacity(ends.len());
            for end in ends {
                if settle_one(conn, end)? {
                    written.insert(end.delivery);
                }
            }
            Ok(written)
        }
        Conn::Postgres(c) => together::settle(c, ends),
    }
}

fn settle_one(conn: &mut Conn, end: &Settlement) -> Result<bool, DbError> {
    #[derive(AsChangeset)]
    #[diesel(table_name = deliveries)]
    struct Row {
        state: State,
        scheduled: i32,
        due_at: Option<Time>,
        resend_from: Option<Option<State>>,
        last_outcome: Outcome,
        last_status: Option<Option<i32>>,
        last_duration_ms: Option<i32>,
        settled_at: Option<Option<Time>>,
        settled_reason: Option<Option<&'static str>>,
    }
    let row = Row {
        state: end.state,
        scheduled: end.scheduled,
        due_at: end.due_at,
        resend_from: Some(None),
        last_outcome: end.ended.outcome,
        last_status: Some(end.ended.status),
        last_duration_ms: end.duration_ms(),
        settled_at: Some(end.settled_at()),
        settled_reason: Some(end.settled_reason),
    };
    let mine = deliveries::table
        .find(end.delivery)
        .filter(deliveries::state.eq(State::Sending))
        .filter(deliveries::fence.eq(end.fence))
        .filter(deliveries::attempts.eq(end.number));
    if diesel::update(mine).set(&row).execute(conn)? == 0 {
        return Ok(false);
    }
    diesel::update(attempts::table.find((end.delivery, end.number))).set(&end.ended).execute(conn)?;
    Ok(true)
}

/// Adds to a webhook's hour.
pub(in crate::delivery) fn add_hours(
    conn: &mut Conn,
    webhook: WebhookId,
    hour: Time,
    (ok, failed, duration_ms): (i32, i32, i64),
) -> Result<(), DbError> {
    let row = (
        webhook_hours::webhook_id.eq(webhook),
        webhook_hours::hour.eq(hour),
        webhook_hours::ok.eq(ok),
        webhook_hours::failed.eq(failed),
        webhook_hours::duration_ms.eq(duration_ms),
    );
    let insert = diesel::insert_into(webhook_hours::table).values(row);
    on_backend!(conn, c => insert
        .on_conflict((webhook_hours::webhook_id, webhook_hours::hour))
        .do_update()
        .set((
            webhook_hours::ok.eq(webhook_hours::ok + ok),
            webhook_hours::failed.eq(webhook_hours::failed + failed),
            webhook_hours::duration_ms.eq(webhook_hours::duration_ms + duration_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// Adds to the count of a bucket of a webhook's hour.
pub(in crate::delivery) fn add_latency(
    conn: &mut Conn,
    webhook: WebhookId,
    hour: Time,
    (bucket, count): (i32, i32),
) -> Result<(), DbError> {
    let row = (
        webhook_latencies::webhook_id.eq(webhook),
        webhook_latencies::hour.eq(hour),
        webhook_latencies::bucket.eq(bucket),
        webhook_latencies::count.eq(count),
    );
    let insert = diesel::insert_into(webhook_latencies::table).values(row);
    on_backend!(conn, c => insert
        .on_conflict((webhook_latencies::webhook_id, webhook_latencies::hour, webhook_latencies::bucket))
        .do_update()
        .set(webhook_latencies::count.eq(webhook_latencies::count + count))
        .execute(c))?;
    Ok(())
}

/// A receiver's certificate as it was last seen.
#[derive(Clone, Debug)]
pub(in crate::delivery) struct Certificate {
    /// Its last day.
    pub(in crate::delivery) until: Time,
    /// Scheme, host and port of the receiver.
    pub(in crate::delivery) origin: String,
}

/// The webhook's last delivery, as the list shows it, and the end of its receiver's certificate where it was seen.
pub(in crate::delivery) fn set_last(
    conn: &mut Conn,
    webhook: WebhookId,
    end: &Settlement,
    at: Time,
    certificate: Option<&Certificate>,
) -> Result<(), DbError> {
    #[derive(AsChangeset)]
    #[diesel(table_name = lanes)]
    struct Last<'a> {
        last_delivery_id: &'a str,
        last_outcome: &'a str,
        last_status: Option<Option<i32>>,
        last_at: Time,
        certificate_until: Option<Time>,
        certificate_origin: Option<&'a str>,
    }
    let last = Last {
        last_delivery_id: end.delivery.as_str(),
        last_outcome: end.ended.outcome.as_str(),
        last_status: Some(end.ended.status),
        last_at: at,
        certificate_until: certificate.map(|certificate| certificate.until),
        certificate_origin: certificate.map(|certificate| certificate.origin.as_str()),
    };
    diesel::update(lanes::table.find(webhook)).set(&last).execute(conn)?;
    Ok(())
}

/// What a resend of a delivery depends on, and its title.
pub(in crate::delivery) fn standing(conn: &mut Conn, delivery: DeliveryId) -> Result<(Standing, String), DbError> {
    let (state, webhook_id, kind, asked, has_body, title) = deliveries::table
        .find(delivery)
        .select((
            deliveries::state,
            deliveries::webhook_id,
            deliveries::kind,
            deliveries::resend_at.is_not_null(),
            deliveries::body.is_not_null(),
            deliveries::title,
        ))
        .first::<(State, Option<WebhookId>, Kind, bool, bool, String)>(conn)?;
    Ok((Standing { state, webhook_id, test: kind == Kind::Test, has_body, asked }, title))
}

/// Asks for one more attempt of a delivery that nobody is sending; `false` when that is not so.
pub(in crate::delivery) fn request_resend(
    conn: &mut Conn,
    delivery: DeliveryId,
    actor: &Actor,
    now: Time,
) -> Result<bool, DbError> {
    let by = format!("{} {}", actor.id.as_deref().unwrap_or_default(), actor.name);
    let idle = deliveries::table
        .find(delivery)
        .filter(deliveries::state.ne(State::Sending))
        .filter(deliveries::resend_at.is_null());
    let asked =
        diesel::update(idle).set((deliveries::resend_at.eq(now), deliveries::resend_by.eq(by))).execute(conn)?;
    Ok(asked > 0)
}
