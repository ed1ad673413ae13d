//! Resend: a person asks for one more attempt of the same delivery, out of its schedule.

use super::queue;
use super::{DeliveryId, Lanes, State};
use crate::audit::{self, Actor, Changes, Object};
use crate::db::{DbError, Tx};
use crate::webhooks::WebhookId;
use crate::webhooks::set::Webhooks;

/// Why a delivery cannot be sent again; its words are for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is on its way.
    #[error("It is being sent right now. Wait for the end of this attempt.")]
    Sending,
    /// Somebody asked already.
    #[error("It is about to be sent again already.")]
    Asked,
    /// Tests belong to their dialog.
    #[error("This was a test. Test the webhook again instead.")]
    Test,
    /// There is nobody to send it to.
    #[error("Its webhook was deleted, so there is nobody to send it to.")]
    Deleted,
    /// The webhook is switched off.
    #[error("Its webhook is inactive. Tick Active in Edit webhook first.")]
    Inactive,
    /// Somebody holds the webhook.
    #[error("Its webhook is paused. Resume it first.")]
    Paused,
    /// The product disabled the webhook.
    #[error("Its webhook is disabled. Save it once more in Edit webhook to enable it.")]
    Disabled,
    /// The body is gone.
    #[error("Its body is past the time that bodies are kept.")]
    NoBody,
}

/// What resending depends on.
pub struct Standing {
    /// Where the delivery stands.
    pub state: State,
    /// Its webhook; none for a test of unsaved values.
    pub webhook_id: Option<WebhookId>,
    /// A test.
    pub test: bool,
    /// Its body is kept.
    pub has_body: bool,
    /// Somebody asked already.
    pub asked: bool,
}

/// Tells whether it may be sent again.
pub fn may_resend(standing: &Standing, set: &crate::webhooks::set::WebhookSet) -> Result<WebhookId, Refused> {
    if standing.test {
        return Err(Refused::Test);
    }
    let webhook = standing.webhook_id.and_then(|id| set.get(id)).ok_or(Refused::Deleted)?;
    if standing.state == State::Sending {
        Err(Refused::Sending)
    } else if standing.asked {
        Err(Refused::Asked)
    } else if !standing.has_body {
        Err(Refused::NoBody)
    } else if !webhook.active {
        Err(Refused::Inactive)
    } else if webhook.disabled.is_some() {
        Err(Refused::Disabled)
    } else if webhook.paused.is_some() {
        Err(Refused::Paused)
    } else {
        Ok(webhook.id)
    }
}

/// Asks for one more attempt; it leaves as soon as its webhook's lane has room.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such delivery.
pub fn resend(
    tx: &mut Tx<'_>,
    webhooks: &Webhooks,
    lanes: &Lanes,
    actor: &Actor,
    id: DeliveryId,
    why: &str,
) -> Result<Result<(), Refused>, DbError> {
    let set = webhooks.in_transaction(tx)?;
    let (standing, title) = queue::standing(tx, id)?;
    let webhook = match may_resend(&standing, &set) {
        Ok(webhook) => webhook,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = tx.now();
    if !queue::request_resend(tx, id, actor, now)? {
        return Ok(Err(Refused::Sending));
    }
    let object = Object { kind: "delivery", id: id.as_str(), name: &title };
    let changes = if why.is_empty() { Changes::none() } else { Changes::none().value("why", why) };
    audit::record(tx, actor, "delivery.resent", &object, &changes)?;
    if !lanes.has(webhook) {
        queue::notify_nodes(tx, &[webhook])?;
    }
    let lanes = lanes.clone();
    tx.after_commit(move || lanes.row_waits(webhook));
    Ok(Ok(()))
}

/// What became of a wish to resend many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// So many are sent again.
    pub asked: usize,
    /// So many are not: something changed since they were chosen.
    pub refused: usize,
}

/// Asks for one more attempt of each that may have one, with one audit row for all.
///
/// # Errors
/// When the database cannot take it.
pub fn resend_many(
    tx: &mut Tx<'_>,
    webhooks: &Webhooks,
    lanes: &Lanes,
    actor: &Actor,
    ids: &[DeliveryId],
) -> Result<Resent, DbError> {
    audit::hold(tx)?;
    let set = webhooks.in_transaction(tx)?;
    let now = tx.now();
    let mut targets: Vec<WebhookId> = Vec::new();
    let mut done = Resent::default();
    for id in ids {
        let standing = match queue::standing(tx, *id) {
            Ok((standing, _)) => standing,
            Err(DbError::NotFound) => {
                done.refused += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        match may_resend(&standing, &set) {
            Ok(webhook) if queue::request_resend(tx, *id, actor, now)? => {
                targets.push(webhook);
                done.asked += 1;
            }
            Ok(_) | Err(_) => done.refused += 1,
        }
    }
    if done.asked > 0 {
        let name = format!("{} deliveries", done.asked);
        let object = Object { kind: "deliveries", id: "", name: &name };
        let changes = Changes::none().value("asked", done.asked).value("left_out", done.refused);
        audit::record(tx, actor, "deliveries.resent", &object, &changes)?;
    }
    targets.sort_unstable();
    targets.dedup();
    let elsewhere: Vec<WebhookId> = targets.iter().copied().filter(|webhook| !lanes.has(*webhook)).collect();
    if !elsewhere.is_empty() {
        queue::notify_nodes(tx, &elsewhere)?;
    }
    let lanes = lanes.clone();
    tx.after_commit(move || targets.into_iter().for_each(|webhook| lanes.row_waits(webhook)));
    Ok(done)
}
