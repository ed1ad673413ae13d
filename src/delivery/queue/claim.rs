//! Claiming: rows that are due become `sending`, with their attempt's row, in the commit that hands them out.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamp};

use super::NewAttempt;
use crate::api_keys::ApiKeyId;
use crate::audit::{Actor, ActorKind};
use crate::clock::Time;
use crate::db::{Conn, DbError, Kept, Tx};
use crate::delivery::{DeliveryId, NodeId, Outcome, Reason, State};
use crate::events::EventId;
use crate::on_backend;
use crate::schema::{deliveries, lanes};
use crate::webhooks::{Webhook, WebhookId};

/// What one lane may take.
#[derive(Clone)]
pub(in crate::delivery) struct Claim {
    pub(in crate::delivery) webhook: Arc<Webhook>,
    pub(in crate::delivery) fence: i64,
    pub(in crate::delivery) room: usize,
}

/// A claimed row.
#[derive(Clone, QueryableByName)]
#[diesel(table_name = deliveries)]
pub(in crate::delivery) struct Claimed {
    pub(in crate::delivery) id: DeliveryId,
    pub(in crate::delivery) event_id: Option<EventId>,
    pub(in crate::delivery) state: State,
    pub(in crate::delivery) attempts: i32,
    pub(in crate::delivery) scheduled: i32,
    pub(in crate::delivery) content_type: String,
    pub(in crate::delivery) body: Option<String>,
    pub(in crate::delivery) resend_at: Option<Time>,
    pub(in crate::delivery) resend_by: Option<String>,
}

impl Claimed {
    /// True when somebody asked for this attempt.
    pub(in crate::delivery) fn is_manual(&self) -> bool {
        self.resend_at.is_some()
    }
}

/// Claims up to the lane's room: first what people ask to be sent again, then first tries, then retries, each the
/// longest due first. Nothing when the lane is no longer ours.
pub(in crate::delivery) fn claim(
    tx: &mut Tx<'_>,
    claim: &Claim,
    node: NodeId,
    now: Time,
) -> Result<Vec<Claimed>, DbError> {
    let webhook = claim.webhook.id;
    if !owns(tx, webhook, node, claim.fence)? {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for turn in [Turn::Asked, Turn::First, Turn::Retry] {
        let room = claim.room - rows.len();
        if room == 0 {
            break;
        }
        rows.extend(waiting(tx, webhook, turn, now, room)?);
    }
    mark_sending(tx, &rows, claim.fence, now)?;
    let new_attempts: Vec<NewAttempt> = rows
        .iter()
        .map(|row| {
            let attempt = NewAttempt::new(row.id, row.attempts + 1, node, &claim.webhook, now);
            if row.is_manual() { attempt.by(Reason::Manual, &asker(row)) } else { attempt }
        })
        .collect();
    super::insert(tx, &[], &new_attempts)?;
    Ok(rows)
}

/// Who asked, as `id name`.
fn asker(row: &Claimed) -> Actor {
    let text = row.resend_by.clone().unwrap_or_default();
    let (id, name) = text.split_once(' ').unwrap_or(("", &text));
    Actor {
        kind: if ApiKeyId::parse(id).is_some() { ActorKind::ApiKey } else { ActorKind::User },
        id: Some(id.to_owned()).filter(|id| !id.is_empty()),
        name: name.to_owned(),
        email: None,
        address: None,
        request_id: None,
    }
}

/// The lane is checked in the claim's own transaction: a node that was paused past its lease claims nothing.
fn owns(conn: &mut Conn, webhook: WebhookId, node: NodeId, fence: i64) -> Result<bool, DbError> {
    let query = lanes::table
        .find(webhook)
        .filter(lanes::owner.eq(node.as_str()))
        .filter(lanes::fence.eq(fence))
        .select(lanes::fence);
    let found: Option<i64> =
        on_backend!(conn, sqlite c => query.first(c), postgres c => query.for_key_share().first(c)).optional()?;
    Ok(found.is_some())
}

#[derive(Clone, Copy)]
enum Turn {
    Asked,
    First,
    Retry,
}

/// The states are written out: only then do the statements fit the indexes over a part of the rows.
fn waiting(conn: &mut Conn, webhook: WebhookId, turn: Turn, now: Time, room: usize) -> Result<Vec<Claimed>, DbError> {
    const ASKED: &str = "
        select id, event_id, state, attempts, scheduled, content_type, body, resend_at, resend_by from deliveries
        where webhook_id = ? and resend_at is not null and state <> 'sending' order by resend_at limit ?";
    const QUEUED: &str = "
        select id, event_id, state, attempts, scheduled, content_type, body, resend_at, resend_by from deliveries
        where webhook_id = ? and state = 'queued' and first_try = ? and due_at <= ? order by due_at, id limit ?";
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let first_try = match turn {
        Turn::Asked => {
            let asked = on_backend!(conn, c => {
                Kept::new(ASKED).bind::<Text, _>(webhook).bind::<BigInt, _>(limit).load(c)
            });
            return Ok(asked?);
        }
        Turn::First => true,
        Turn::Retry => false,
    };
    Ok(on_backend!(conn, c => {
        let queued = Kept::new(QUEUED).bind::<Text, _>(webhook).bind::<Bool, _>(first_try);
        queued.bind::<Timestamp, _>(now).bind::<BigInt, _>(limit).load(c)
    })?)
}

/// What both databases read of the statement of [`mark_due()`].
macro_rules! mark_due {
    () => {
        "update deliveries set
            state = 'sending', first_try = false, attempts = attempts + 1, fence = ?, resend_at = null,
            resend_by = null, last_outcome = 'sending', last_attempt_at = ?, scheduled = scheduled + 1,
            resend_from = null
        where id "
    };
}

/// Those that were due change alike, in one statement; what somebody asked for keeps where it stood.
fn mark_sending(conn: &mut Conn, rows: &[Claimed], fence: i64, now: Time) -> Result<(), DbError> {
    mark_due(conn, rows, fence, now)?;
    for row in rows.iter().filter(|row| row.is_manual()) {
        diesel::update(deliveries::table.find(row.id))
            .set((
                deliveries::state.eq(State::Sending),
                deliveries::first_try.eq(false),
                deliveries::attempts.eq(deliveries::attempts + 1),
                deliveries::fence.eq(fence),
                deliveries::resend_at.eq(None::<Time>),
                deliveries::resend_by.eq(None::<String>),
                deliveries::last_outcome.eq(Outcome::Sending),
                deliveries::last_attempt_at.eq(now),
                deliveries::resend_from.eq(Some(row.state)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Those that were due.
fn mark_due(conn: &mut Conn, rows: &[Claimed], fence: i64, now: Time) -> Result<(), DbError> {
    let due: Vec<DeliveryId> = rows.iter().filter(|row| !row.is_manual()).map(|row| row.id).collect();
    if due.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Sqlite(c) => {
            let due = serde_json::to_string(&due).map_err(DbError::unwritable)?;
            let update = Kept::new(concat!(mark_due!(), "in (select value from json_each(?))"));
            update.bind::<BigInt, _>(fence).bind::<Timestamp, _>(now).bind::<Text, _>(due).execute(c)?;
        }
        Conn::Postgres(c) => {
            let update = Kept::new(concat!(mark_due!(), "= any(?)"));
            update.bind::<BigInt, _>(fence).bind::<Timestamp, _>(now).bind::<Array<Text>, _>(due).execute(c)?;
        }
    }
    Ok(())
}

/// When the next row of a lane is due, whatever its turn.
pub(in crate::delivery) fn earliest_due(conn: &mut Conn, webhook: WebhookId) -> Result<Option<Time>, DbError> {
    const EARLIEST: &str = "
        select due_at from deliveries where webhook_id = ? and state = 'queued' and first_try = ?
        order by due_at limit 1";
    #[derive(QueryableByName)]
    #[diesel(table_name = deliveries)]
    struct Due {
        due_at: Time,
    }
    let mut earliest: Option<Time> = None;
    // The index knows first tries apart from retries.
    for first_try in [true, false] {
        let due: Option<Due> = on_backend!(conn, c => {
            Kept::new(EARLIEST).bind::<Text, _>(webhook).bind::<Bool, _>(first_try).get_result(c)
        })
        .optional()?;
        earliest = earliest.into_iter().chain(due.map(|row| row.due_at)).min();
    }
    Ok(earliest)
}
