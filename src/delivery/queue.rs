//! The job table: the only file (with its parts) that changes a row of deliveries and attempts.

mod claim;
mod lease;
mod settle;
mod together;

use diesel::prelude::*;

pub(super) use claim::{Claim, Claimed, claim, earliest_due};
pub(super) use lease::{acquire, database_now, release, renew, sweep_tests, void_leases};
pub(super) use settle::{
    Certificate, Ended, Settlement, add_hours, add_latency, request_resend, set_last, settle, standing,
};

use super::{DeliveryId, Kind, Lanes, NodeId, Outcome, Reason, State};
use crate::audit::Actor;
use crate::clock::Time;
use crate::db::{Conn, DbError, Tx};
use crate::events::{Environment, EventId};
use crate::on_backend;
use crate::schema::{attempts, deliveries, lanes};
use crate::webhooks::{self, WebhookChanged, WebhookId};

/// A delivery as it is born.
#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
pub(super) struct NewDelivery {
    pub(super) id: DeliveryId,
    pub(super) kind: Kind,
    pub(super) event_id: Option<EventId>,
    pub(super) event_type: String,
    pub(super) environment: Environment,
    pub(super) title: String,
    pub(super) resource: Option<String>,
    pub(super) webhook_id: Option<WebhookId>,
    pub(super) target_name: String,
    pub(super) target_url: Option<String>,
    pub(super) state: State,
    pub(super) first_try: bool,
    pub(super) due_at: Time,
    pub(super) attempts: i32,
    pub(super) scheduled: i32,
    pub(super) schedule_length: i32,
    pub(super) fence: i64,
    pub(super) content_type: &'static str,
    pub(super) body: Option<String>,
    pub(super) last_outcome: Option<Outcome>,
    pub(super) last_attempt_at: Option<Time>,
    pub(super) created_at: Time,
}

/// An attempt as it is born: before its request leaves.
#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
pub(super) struct NewAttempt {
    pub(super) delivery_id: DeliveryId,
    pub(super) number: i32,
    pub(super) reason: Reason,
    pub(super) actor_id: Option<String>,
    pub(super) actor_name: Option<String>,
    pub(super) node: NodeId,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) sent_at: Time,
    pub(super) outcome: Outcome,
    pub(super) truncated: bool,
    pub(super) reused: bool,
    pub(super) webhook_id: Option<WebhookId>,
}

impl NewAttempt {
    /// An attempt that leaves at `sent_at`.
    pub(super) fn new(
        delivery_id: DeliveryId,
        number: i32,
        node: NodeId,
        webhook: &webhooks::Webhook,
        sent_at: Time,
    ) -> Self {
        Self {
            delivery_id,
            number,
            reason: Reason::Schedule,
            actor_id: None,
            actor_name: None,
            node,
            method: webhook.method.as_str(),
            url: webhook.url.clone(),
            sent_at,
            outcome: Outcome::Sending,
            truncated: false,
            reused: false,
            webhook_id: Some(webhook.id),
        }
    }

    /// The same, asked for by somebody.
    pub(super) fn by(mut self, reason: Reason, actor: &Actor) -> Self {
        self.reason = reason;
        self.actor_id.clone_from(&actor.id);
        self.actor_name = Some(actor.name.clone());
        self
    }
}

/// Writes new deliveries and the attempts of those that leave at once.
pub(super) fn insert(
    conn: &mut Conn,
    new_deliveries: &[NewDelivery],
    new_attempts: &[NewAttempt],
) -> Result<(), DbError> {
    on_backend!(
        conn,
        sqlite c => {
            for row in new_deliveries {
                diesel::insert_into(deliveries::table).values(row).execute(c)?;
            }
            for row in new_attempts {
                diesel::insert_into(attempts::table).values(row).execute(c)?;
            }
        },
        postgres c => {
            // A statement takes at most 65,535 values.
            for rows in new_deliveries.chunks(2_000) {
                diesel::insert_into(deliveries::table).values(rows).execute(c)?;
            }
            for rows in new_attempts.chunks(2_000) {
                diesel::insert_into(attempts::table).values(rows).execute(c)?;
            }
        }
    );
    Ok(())
}

/// Before the commit: what waits for a webhook follows what happened to it in the same transaction.
pub(super) fn follow_webhooks(tx: &mut Tx<'_>, memory: &Lanes) -> Result<(), DbError> {
    let changes = tx.take_notes::<WebhookChanged>();
    if changes.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    for change in changes {
        match change {
            WebhookChanged::Edited(id) => make_lane(tx, id, now)?,
            WebhookChanged::Deactivated(id) => cancel_waiting(tx, id, "The webhook was switched off.", now)?,
            WebhookChanged::Deleted(id) => {
                cancel_waiting(tx, id, "The webhook was deleted.", now)?;
                diesel::delete(lanes::table.find(id)).execute(&mut **tx)?;
            }
        }
    }
    notify_nodes(tx, &[])?;
    let memory = memory.clone();
    tx.after_commit(move || {
        memory.all_hungry();
        memory.want_lanes();
    });
    Ok(())
}

fn make_lane(conn: &mut Conn, id: WebhookId, now: Time) -> Result<(), DbError> {
    let row = (lanes::webhook_id.eq(id), lanes::fence.eq(0), lanes::leased_until.eq(now));
    let insert = diesel::insert_into(lanes::table).values(row);
    on_backend!(conn, c => insert.on_conflict_do_nothing().execute(c))?;
    Ok(())
}

fn cancel_waiting(conn: &mut Conn, id: WebhookId, reason: &str, now: Time) -> Result<(), DbError> {
    let waiting = deliveries::table.filter(deliveries::webhook_id.eq(id)).filter(deliveries::state.eq(State::Queued));
    diesel::update(waiting)
        .set((
            deliveries::state.eq(State::Cancelled),
            deliveries::settled_at.eq(now),
            deliveries::settled_reason.eq(reason),
        ))
        .execute(conn)?;
    let asked = deliveries::table.filter(deliveries::webhook_id.eq(id)).filter(deliveries::resend_at.is_not_null());
    diesel::update(asked)
        .set((deliveries::resend_at.eq(None::<Time>), deliveries::resend_by.eq(None::<String>)))
        .execute(conn)?;
    Ok(())
}

/// Tells the other nodes, at the commit, that rows of these webhooks wait; of any webhook when none is named.
pub(super) fn notify_nodes(conn: &mut Conn, webhooks: &[WebhookId]) -> Result<(), DbError> {
    use diesel::sql_types::Text;
    const MOST_NAMES: usize = 50;
    let Conn::Postgres(c) = conn else { return Ok(()) };
    let names = if webhooks.len() > MOST_NAMES { &[] } else { webhooks };
    let mut send =
        |name: &str| diesel::sql_query("select pg_notify('postrider_wake', $1)").bind::<Text, _>(name).execute(c);
    if names.is_empty() {
        send("")?;
    }
    for name in names {
        send(name.as_str())?;
    }
    Ok(())
}
