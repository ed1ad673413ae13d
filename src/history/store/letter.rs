//! One delivery with all that is known of it: its event, its attempts, its webhook as it is now.

use std::sync::Arc;

use diesel::prelude::*;

use super::Summary;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::{DeliveryId, Outcome, Reason, Standing};
use crate::events::{Environment, Source};
use crate::schema::{attempts, deliveries, events, webhooks};
use crate::webhooks::set::Webhooks;
use crate::webhooks::{Webhook, WebhookId};

/// How many attempts a page names; people may have asked for any number.
const MOST_ATTEMPTS: i64 = 200;

/// A delivery.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Delivery {
    /// What lists show.
    #[diesel(embed)]
    pub summary: Summary,
    /// Its world.
    pub environment: Environment,
    /// The address at that time, for tests.
    pub target_url: Option<String>,
    /// What the body is.
    pub content_type: String,
    /// The exact body; none once it is past the time that bodies are kept.
    pub body: Option<String>,
    /// Somebody asked for one more attempt.
    pub resend_at: Option<Time>,
    /// Who did, as `id name`.
    pub resend_by: Option<String>,
    /// When it ended.
    pub settled_at: Option<Time>,
    /// Why it ended, where no attempt tells.
    pub settled_reason: Option<String>,
}

impl Delivery {
    /// Who asked for one more attempt.
    pub fn asked_by(&self) -> Option<&str> {
        self.resend_by.as_deref().map(|by| by.split_once(' ').map_or(by, |(_, name)| name))
    }

    /// What resending depends on.
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            state: self.summary.state,
            webhook_id: self.summary.webhook_id,
            test: self.summary.is_test(),
            has_body: self.body.is_some(),
            asked: self.resend_at.is_some(),
        }
    }
}

/// Where an event came from.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Origin {
    /// When it happened.
    pub occurred_at: Time,
    /// What raised it.
    pub source: Source,
    /// Who caused it.
    pub actor_email: Option<String>,
}

/// An attempt among its siblings.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub struct AttemptLine {
    /// From 1.
    pub number: i32,
    /// Why it was made.
    pub reason: Reason,
    /// Who asked for it.
    pub actor_name: Option<String>,
    /// When it left.
    pub sent_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How it ended.
    pub outcome: Outcome,
    /// The status that came back.
    pub status: Option<i32>,
    /// How long it took, in microseconds.
    pub total_us: Option<i64>,
}

/// An attempt with all that was kept of it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub struct Attempt {
    /// What its siblings show too.
    #[diesel(embed)]
    pub line: AttemptLine,
    /// The method at that time.
    pub method: String,
    /// The address at that time.
    pub url: String,
    /// The head of the request, as pairs in JSON; logins as dots.
    pub request_headers: Option<String>,
    /// The head of the answer, as pairs in JSON.
    pub response_headers: Option<String>,
    /// The beginning of the answer.
    pub response_body: Option<Vec<u8>>,
    /// How many bytes of the answer were read.
    pub response_bytes: Option<i64>,
    /// The answer is longer than what is kept.
    pub truncated: bool,
    /// The connection was open already.
    pub reused: bool,
    /// Microseconds of the look-up.
    pub dns_us: Option<i64>,
    /// Microseconds of the connection.
    pub connect_us: Option<i64>,
    /// Microseconds of the handshake.
    pub tls_us: Option<i64>,
    /// Microseconds until the head of the answer.
    pub first_byte_us: Option<i64>,
    /// The peer.
    pub remote_address: Option<String>,
    /// Names and dates that help to find the fault.
    pub detail: Option<String>,
    /// A remark's code.
    pub note: Option<String>,
    /// When the next one was due then.
    pub next_due_at: Option<Time>,
}

/// A delivery, and what belongs to it.
pub struct Letter {
    /// The delivery.
    pub delivery: Delivery,
    /// Its event; none for tests.
    pub origin: Option<Origin>,
    /// The latest attempts, in their order.
    pub attempts: Vec<AttemptLine>,
    /// The attempt that is looked at; none before the first.
    pub chosen: Option<Attempt>,
    /// Its webhook as it is now; none when it was never saved or is gone.
    pub webhook: Option<Arc<Webhook>>,
    /// When its webhook was deleted.
    pub deleted_at: Option<Time>,
    /// It cannot be sent again now, because.
    pub refused: Option<crate::delivery::Refused>,
}

/// The delivery with the attempt of that number, or with its last one.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such delivery, or when it has no such attempt.
pub fn letter(conn: &mut Conn, known: &Webhooks, id: DeliveryId, number: Option<i32>) -> Result<Letter, DbError> {
    let (delivery, origin): (Delivery, Option<Origin>) = deliveries::table
        .left_join(events::table.on(events::id.nullable().eq(deliveries::event_id)))
        .filter(deliveries::id.eq(id))
        .select((Delivery::as_select(), Option::<Origin>::as_select()))
        .first(conn)?;
    let mut lines: Vec<AttemptLine> = attempts::table
        .filter(attempts::delivery_id.eq(id))
        .order(attempts::number.desc())
        .limit(MOST_ATTEMPTS)
        .select(AttemptLine::as_select())
        .load(conn)?;
    lines.reverse();
    let chosen = match number.or(lines.last().map(|line| line.number)) {
        Some(number) => Some(attempt(conn, id, number)?),
        None => None,
    };
    let set = known.read(conn)?;
    let webhook = delivery.summary.webhook_id.and_then(|id| set.get(id)).cloned();
    let deleted_at = match (delivery.summary.webhook_id, &webhook) {
        (Some(id), None) => gone(conn, id)?.and_then(|(_, at)| at),
        (Some(_), Some(_)) | (None, _) => None,
    };
    let refused = crate::delivery::may_resend(&delivery.standing(), &set).err();
    Ok(Letter { delivery, origin, attempts: lines, chosen, webhook, deleted_at, refused })
}

/// One attempt of that delivery.
///
/// # Errors
/// [`DbError::NotFound`] when the delivery has no such attempt.
pub fn attempt(conn: &mut Conn, id: DeliveryId, number: i32) -> Result<Attempt, DbError> {
    Ok(attempts::table.find((id, number)).select(Attempt::as_select()).first(conn)?)
}

/// The latest attempts of that delivery with all that was kept of them, in their order.
///
/// # Errors
/// When the database cannot be read.
pub fn attempts(conn: &mut Conn, id: DeliveryId) -> Result<Vec<Attempt>, DbError> {
    let latest = attempts::table.filter(attempts::delivery_id.eq(id)).order(attempts::number.desc());
    let mut attempts: Vec<Attempt> = latest.limit(MOST_ATTEMPTS).select(Attempt::as_select()).load(conn)?;
    attempts.reverse();
    Ok(attempts)
}

/// The stored pairs of a head; what cannot be read any more is left out rather than shown raw.
pub(in crate::history) fn pairs(stored: Option<&str>) -> Vec<(String, String)> {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What was sent, byte for byte.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such delivery.
pub fn body(conn: &mut Conn, id: DeliveryId) -> Result<Option<String>, DbError> {
    Ok(deliveries::table.find(id).select(deliveries::body).first(conn)?)
}

/// The name of a webhook that is in memory no longer, and when it was deleted.
pub(in crate::history) fn gone(conn: &mut Conn, id: WebhookId) -> Result<Option<(String, Option<Time>)>, DbError> {
    Ok(webhooks::table.find(id).select((webhooks::name, webhooks::deleted_at)).first(conn).optional()?)
}
