//! Settling: what came of an attempt becomes the delivery's state; and asking for one more attempt.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text, Timestamp};
use diesel::sqlite::SqliteConnection;

use super::together;
use crate::audit::Actor;
use crate::clock::Time;
use crate::db::{Conn, DbError, Kept};
use crate::delivery::{DeliveryId, Kind, Outcome, Standing, State};
use crate::on_backend;
use crate::schema::{deliveries, lanes, webhook_hours, webhook_latencies};
use crate::webhooks::WebhookId;

/// The end of an attempt as its row keeps it.
#[derive(Clone)]
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
        Conn::Sqlite(c) => {
            let mut written = HashSet::with_capacity(ends.len());
            for end in ends {
                if settle_one(c, end)? {
                    written.insert(end.delivery);
                }
            }
            Ok(written)
        }
        Conn::Postgres(c) => together::settle(c, ends),
    }
}

/// The end of one; `false` when another has the row by now. `due_at` and `last_duration_ms` stay where no new value
/// came.
fn settle_one(conn: &mut SqliteConnection, end: &Settlement) -> Result<bool, DbError> {
    const DELIVERY: &str = "
        update deliveries set
            state = ?, scheduled = ?, due_at = coalesce(?, due_at), resend_from = null, last_outcome = ?,
            last_status = ?, last_duration_ms = coalesce(?, last_duration_ms), settled_at = ?, settled_reason = ?
        where id = ? and state = 'sending' and fence = ? and attempts = ?";
    let settled = Kept::new(DELIVERY)
        .bind::<Text, _>(end.state)
        .bind::<Integer, _>(end.scheduled)
        .bind::<Nullable<Timestamp>, _>(end.due_at)
        .bind::<Text, _>(end.ended.outcome)
        .bind::<Nullable<Integer>, _>(end.ended.status)
        .bind::<Nullable<Integer>, _>(end.duration_ms())
        .bind::<Nullable<Timestamp>, _>(end.settled_at())
        .bind::<Nullable<Text>, _>(end.settled_reason)
        .bind::<Text, _>(end.delivery)
        .bind::<BigInt, _>(end.fence)
        .bind::<Integer, _>(end.number)
        .execute(conn)?;
    if settled > 0 {
        end_attempt(conn, end)?;
    }
    Ok(settled > 0)
}

fn end_attempt(conn: &mut SqliteConnection, end: &Settlement) -> Result<(), DbError> {
    const ATTEMPT: &str = "
        update attempts set
            ended_at = ?, outcome = ?, status = ?, request_headers = ?, response_headers = ?, response_body = ?,
            response_bytes = ?, truncated = ?, reused = ?, dns_us = ?, connect_us = ?, tls_us = ?, first_byte_us = ?,
            total_us = ?, remote_address = ?, detail = ?, note = ?, next_due_at = ?
        where delivery_id = ? and number = ?";
    let ended = &end.ended;
    Kept::new(ATTEMPT)
        .bind::<Nullable<Timestamp>, _>(ended.ended_at)
        .bind::<Text, _>(ended.outcome)
        .bind::<Nullable<Integer>, _>(ended.status)
        .bind::<Nullable<Text>, _>(ended.request_headers.as_deref())
        .bind::<Nullable<Text>, _>(ended.response_headers.as_deref())
        .bind::<Nullable<Binary>, _>(ended.response_body.as_deref())
        .bind::<Nullable<BigInt>, _>(ended.response_bytes)
        .bind::<Bool, _>(ended.truncated)
        .bind::<Bool, _>(ended.reused)
        .bind::<Nullable<BigInt>, _>(ended.dns_us)
        .bind::<Nullable<BigInt>, _>(ended.connect_us)
        .bind::<Nullable<BigInt>, _>(ended.tls_us)
        .bind::<Nullable<BigInt>, _>(ended.first_byte_us)
        .bind::<Nullable<BigInt>, _>(ended.total_us)
        .bind::<Nullable<Text>, _>(ended.remote_address.as_deref())
        .bind::<Nullable<Text>, _>(ended.detail.as_deref())
        .bind::<Nullable<Text>, _>(ended.note)
        .bind::<Nullable<Timestamp>, _>(ended.next_due_at)
        .bind::<Text, _>(end.delivery)
        .bind::<Integer, _>(end.number)
        .execute(conn)?;
    Ok(())
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
    let by = format!("{} {}", actor.id.as_deref().unwrap_or_default(), actor.shown_name());
    let idle = deliveries::table
        .find(delivery)
        .filter(deliveries::state.ne(State::Sending))
        .filter(deliveries::resend_at.is_null());
    let asked =
        diesel::update(idle).set((deliveries::resend_at.eq(now), deliveries::resend_by.eq(by))).execute(conn)?;
    Ok(asked > 0)
}
