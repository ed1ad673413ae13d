//! Settling many results: on PostgreSQL two statements for all of them, since each costs a way to the server and back.

use std::collections::HashSet;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamp};

use super::Settlement;
use crate::db::{DbError, Kept};
use crate::delivery::DeliveryId;

/// The state is checked as for a single one: a row that another node has by now is left alone. `due_at` and
/// `last_duration_ms` stay where no new value came.
const DELIVERIES: &str = "
    update deliveries d set
        state = v.state, scheduled = v.scheduled, due_at = coalesce(v.due_at, d.due_at), resend_from = null,
        last_outcome = v.outcome, last_status = v.status,
        last_duration_ms = coalesce(v.duration_ms, d.last_duration_ms),
        settled_at = v.settled_at, settled_reason = v.settled_reason
    from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as v
        (id, fence, number, state, scheduled, due_at, outcome, status, duration_ms, settled_at, settled_reason)
    where d.id = v.id and d.state = 'sending' and d.fence = v.fence and d.attempts = v.number
    returning d.id as id";

const ATTEMPTS: &str = "
    update attempts a set
        ended_at = v.ended_at, outcome = v.outcome, status = v.status, request_headers = v.request_headers,
        response_headers = v.response_headers, response_body = v.response_body, response_bytes = v.response_bytes,
        truncated = v.truncated, reused = v.reused, dns_us = v.dns_us, connect_us = v.connect_us, tls_us = v.tls_us,
        first_byte_us = v.first_byte_us, total_us = v.total_us, remote_address = v.remote_address,
        detail = v.detail, note = v.note, next_due_at = v.next_due_at
    from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as v
        (delivery_id, number, ended_at, outcome, status, request_headers, response_headers, response_body,
         response_bytes, truncated, reused, dns_us, connect_us, tls_us, first_byte_us, total_us, remote_address,
         detail, note, next_due_at)
    where a.delivery_id = v.delivery_id and a.number = v.number";

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = Text)]
    id: DeliveryId,
}

/// Writes both rows of each; returns those that were written.
pub(super) fn settle(conn: &mut PgConnection, ends: &[&Settlement]) -> Result<HashSet<DeliveryId>, DbError> {
    let written: Vec<Written> = Kept::new(DELIVERIES)
        .bind::<Array<Text>, _>(column(ends, |end| end.delivery))
        .bind::<Array<BigInt>, _>(column(ends, |end| end.fence))
        .bind::<Array<Integer>, _>(column(ends, |end| end.number))
        .bind::<Array<Text>, _>(column(ends, |end| end.state))
        .bind::<Array<Integer>, _>(column(ends, |end| end.scheduled))
        .bind::<Array<Nullable<Timestamp>>, _>(column(ends, |end| end.due_at))
        .bind::<Array<Text>, _>(column(ends, |end| end.ended.outcome))
        .bind::<Array<Nullable<Integer>>, _>(column(ends, |end| end.ended.status))
        .bind::<Array<Nullable<Integer>>, _>(column(ends, Settlement::duration_ms))
        .bind::<Array<Nullable<Timestamp>>, _>(column(ends, Settlement::settled_at))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.settled_reason))
        .load(conn)?;
    let written: HashSet<DeliveryId> = written.into_iter().map(|row| row.id).collect();
    let ends: Vec<&Settlement> = ends.iter().copied().filter(|end| written.contains(&end.delivery)).collect();
    if !ends.is_empty() {
        settle_attempts(conn, &ends)?;
    }
    Ok(written)
}

fn settle_attempts(conn: &mut PgConnection, ends: &[&Settlement]) -> Result<(), DbError> {
    Kept::new(ATTEMPTS)
        .bind::<Array<Text>, _>(column(ends, |end| end.delivery))
        .bind::<Array<Integer>, _>(column(ends, |end| end.number))
        .bind::<Array<Nullable<Timestamp>>, _>(column(ends, |end| end.ended.ended_at))
        .bind::<Array<Text>, _>(column(ends, |end| end.ended.outcome))
        .bind::<Array<Nullable<Integer>>, _>(column(ends, |end| end.ended.status))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.ended.request_headers.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.ended.response_headers.as_deref()))
        .bind::<Array<Nullable<Binary>>, _>(column(ends, |end| end.ended.response_body.as_deref()))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.response_bytes))
        .bind::<Array<Bool>, _>(column(ends, |end| end.ended.truncated))
        .bind::<Array<Bool>, _>(column(ends, |end| end.ended.reused))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.dns_us))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.connect_us))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.tls_us))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.first_byte_us))
        .bind::<Array<Nullable<BigInt>>, _>(column(ends, |end| end.ended.total_us))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.ended.remote_address.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.ended.detail.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(ends, |end| end.ended.note))
        .bind::<Array<Nullable<Timestamp>>, _>(column(ends, |end| end.ended.next_due_at))
        .execute(conn)?;
    Ok(())
}

fn column<'a, T>(ends: &[&'a Settlement], value: impl Fn(&'a Settlement) -> T) -> Vec<T> {
    ends.iter().map(|end| value(end)).collect()
}
