//! Leases of lanes: taken, renewed, given back; and what a node that died left `sending`.

use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::{DeliveryId, Kind, NodeId, Outcome, State};
use crate::on_backend;
use crate::schema::{attempts, deliveries, lanes};
use crate::webhooks::WebhookId;

/// Takes every lane that nobody holds, and takes up what its last owner left; returns the lanes with their fences.
/// `now` is the database's clock, `at` the node's, by which rows are due.
pub(in crate::delivery) fn acquire(
    conn: &mut Conn,
    node: NodeId,
    (now, until): (Time, Time),
    at: Time,
) -> Result<Vec<(WebhookId, i64)>, DbError> {
    let free = lanes::table
        .filter(lanes::owner.is_null().or(lanes::leased_until.lt(now)))
        .select((lanes::webhook_id, lanes::fence));
    let free: Vec<(WebhookId, i64)> =
        on_backend!(conn, sqlite c => free.load(c), postgres c => free.for_update().skip_locked().load(c))?;
    let mut owned = Vec::with_capacity(free.len());
    for (webhook, fence) in free {
        let fence = fence + 1;
        diesel::update(lanes::table.find(webhook))
            .set((lanes::owner.eq(node.as_str()), lanes::fence.eq(fence), lanes::leased_until.eq(until)))
            .execute(conn)?;
        let left = deliveries::webhook_id.eq(webhook).and(deliveries::state.eq(State::Sending));
        let left: Vec<Left> = deliveries::table.filter(left).select(Left::as_select()).load(conn)?;
        take_up(conn, &left, fence, at)?;
        owned.push((webhook, fence));
    }
    Ok(owned)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Left {
    id: DeliveryId,
    kind: Kind,
    attempts: i32,
    scheduled: i32,
    resend_from: Option<State>,
}

/// Whether such a request left cannot be known: its attempt says so, and the delivery is due again.
fn take_up(conn: &mut Conn, left: &[Left], fence: i64, now: Time) -> Result<(), DbError> {
    for row in left {
        diesel::update(attempts::table.find((row.id, row.attempts)))
            .set((attempts::outcome.eq(Outcome::Unknown), attempts::ended_at.eq(now)))
            .execute(conn)?;
        let (state, scheduled) = match (row.kind, row.resend_from) {
            (Kind::Test, _) => (State::Failed, row.scheduled),
            (Kind::Webhook, Some(before)) => (before, row.scheduled),
            // What the node could not finish does not eat the schedule.
            (Kind::Webhook, None) => (State::Queued, row.scheduled - 1),
        };
        let settled = (state != State::Queued).then_some(now);
        diesel::update(deliveries::table.find(row.id))
            .set((
                deliveries::state.eq(state),
                deliveries::scheduled.eq(scheduled),
                deliveries::resend_from.eq(None::<State>),
                deliveries::fence.eq(fence),
                deliveries::due_at.eq(now),
                deliveries::last_outcome.eq(Outcome::Unknown),
                deliveries::settled_at.eq(settled),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Renews all lanes of this node and returns those that are still its own.
pub(in crate::delivery) fn renew(conn: &mut Conn, node: NodeId, until: Time) -> Result<Vec<(WebhookId, i64)>, DbError> {
    let own = lanes::table.filter(lanes::owner.eq(node.as_str()));
    diesel::update(own).set(lanes::leased_until.eq(until)).execute(conn)?;
    let own = lanes::table.filter(lanes::owner.eq(node.as_str()));
    Ok(own.select((lanes::webhook_id, lanes::fence)).load(conn)?)
}

/// Gives all lanes back at a clean stop, so that another node need not wait.
pub(in crate::delivery) fn release(conn: &mut Conn, node: NodeId) -> Result<(), DbError> {
    let own = lanes::table.filter(lanes::owner.eq(node.as_str()));
    diesel::update(own).set(lanes::owner.eq(None::<String>)).execute(conn)?;
    Ok(())
}

/// At start: nobody alive holds these leases. On the embedded database there is one process; elsewhere nobody else
/// has this node's id, which [`crate::delivery::node::Node`] holds.
pub(in crate::delivery) fn void_leases(conn: &mut Conn, node: NodeId) -> Result<(), DbError> {
    let none = lanes::owner.eq(None::<String>);
    if matches!(conn, Conn::Sqlite(_)) {
        diesel::update(lanes::table).set(none).execute(conn)?;
    } else {
        diesel::update(lanes::table.filter(lanes::owner.eq(node.as_str()))).set(none).execute(conn)?;
    }
    Ok(())
}

/// Ends tests that nobody can still be waiting for.
pub(in crate::delivery) fn sweep_tests(conn: &mut Conn, before: Time, now: Time) -> Result<(), DbError> {
    let left = deliveries::state
        .eq(State::Sending)
        .and(deliveries::kind.eq(Kind::Test))
        .and(deliveries::last_attempt_at.lt(before));
    let left: Vec<Left> = deliveries::table.filter(left).select(Left::as_select()).load(conn)?;
    take_up(conn, &left, 0, now)
}

/// The database's own clock; the node's where the database has none.
pub(in crate::delivery) fn database_now(conn: &mut Conn, here: Time) -> Result<Time, DbError> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = diesel::sql_types::Timestamp)]
        now: Time,
    }
    match conn {
        Conn::Sqlite(_) => Ok(here),
        Conn::Postgres(c) => {
            let now: Now = diesel::sql_query("select clock_timestamp() at time zone 'UTC' as now").get_result(c)?;
            Ok(now.now)
        }
    }
}
