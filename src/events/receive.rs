//! Receiving: events posted by the API, once for each idempotency key.

use std::time::Duration;

use super::intake::Intake;
use super::{EventId, ops, store};
use crate::db::{DbError, Tx};

/// How long an answer is repeated for the same key.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The key under which a sender may repeat a request.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The sender's API key.
    pub api_key: String,
    /// What the sender chose: 1-255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of the body.
    pub body_hash: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Stored now.
    New(Vec<EventId>),
    /// Stored before, by the same request.
    Again(Vec<EventId>),
    /// The key was used for another body.
    Conflict,
}

/// Publishes all events of a request, or none.
///
/// # Errors
/// When the database cannot take them. Not for a conflict: that would cost the whole group its turn.
pub fn receive(tx: &mut Tx<'_>, intake: &Intake, once: Option<&Idempotency>) -> Result<Received, DbError> {
    let now = tx.now();
    if once.is_some() {
        store::forget_answers(tx, now.minus(REMEMBERED))?;
    }
    if let Some(once) = once
        && let Some(before) = store::find_answer(tx, &once.api_key, &once.key)?
    {
        if before.body_hash != once.body_hash {
            return Ok(Received::Conflict);
        }
        let ids = before.answer.split(' ').filter_map(EventId::parse).collect();
        return Ok(Received::Again(ids));
    }
    let ids = intake.drafts.iter().map(|draft| ops::publish(tx, draft.clone())).collect::<Result<Vec<_>, _>>()?;
    if let Some(once) = once {
        let answer = ids.iter().map(EventId::as_str).collect::<Vec<_>>().join(" ");
        store::keep_answer(tx, &once.api_key, &once.key, (&once.body_hash, &answer), now)?;
    }
    Ok(Received::New(ids))
}
