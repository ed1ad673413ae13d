//! Dispatch: events that were published become deliveries, in the same transaction.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::lanes::Lanes;
use super::queue::{self, NewAttempt, NewDelivery};
use super::send::Job;
use super::{DeliveryId, Kind, Outcome, State, retry};
use crate::db::{DbError, Tx};
use crate::events::{self, Event, Source};
use crate::filters::Document;
use crate::webhooks::filter::Missed;
use crate::webhooks::request::{Body, Facts, Unwritten};
use crate::webhooks::set::Webhooks;
use crate::webhooks::template::Spent;
use crate::webhooks::{Webhook, WebhookId, request};

/// Why a webhook got no delivery of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsent {
    /// Its type is not ticked.
    NotTicked,
    /// The webhook is switched off.
    Inactive,
    /// The product has disabled it.
    Disabled,
    /// It belongs to the other environment.
    OtherEnvironment,
    /// This filter was false.
    FilterFalse(Missed),
    /// The webhook's template failed with it: what is wrong, without a full stop.
    TemplateError(String),
}

/// Judges one webhook for one event with its data; `None` means that it is sent.
pub fn judge(webhook: &Webhook, event: &Event, data: &Document<'_>) -> Option<Unsent> {
    if webhook.environment != event.environment {
        Some(Unsent::OtherEnvironment)
    } else if !webhook.events.contains(&event.type_name) {
        Some(Unsent::NotTicked)
    } else if !webhook.active {
        Some(Unsent::Inactive)
    } else if webhook.disabled.is_some() {
        Some(Unsent::Disabled)
    } else {
        webhook.filters.first_missed(&event.type_name, data).map(Unsent::FilterFalse)
    }
}

/// What the sender of too many events is told.
const TOO_MUCH: &str = "The templates of the webhooks would do more with these events than one request may ask for. \
    Nothing was stored. Post fewer events at once.";

/// What a transaction adds to the job table.
#[derive(Default)]
struct Batch {
    deliveries: Vec<NewDelivery>,
    attempts: Vec<NewAttempt>,
    /// Sent at the commit.
    jobs: Vec<Job>,
    /// Webhooks with rows that wait for a slot.
    waiting: Vec<WebhookId>,
    /// Webhooks whose lane another node may have.
    elsewhere: Vec<WebhookId>,
}

/// Before the commit: stores all events that the transaction published, with their deliveries.
pub(super) fn dispatch(tx: &mut Tx<'_>, webhooks: &Webhooks, lanes: &Lanes) -> Result<(), DbError> {
    let published = tx.take_notes::<Arc<Event>>();
    if published.is_empty() {
        return Ok(());
    }
    let set = webhooks.in_transaction(tx)?;
    let mut batch = Batch::default();
    let mut judged = Vec::with_capacity(published.len());
    let (mut spent, mut posted) = (Spent::default(), 0);
    for event in published {
        posted += usize::from(event.source == Source::Api);
        let mut unsent: Vec<(WebhookId, Unsent)> = Vec::new();
        {
            // Read where a filter looks, and once for all webhooks.
            let data = Document::new(event.data.as_deref().unwrap_or_default());
            let facts = Facts::of(&event, set.catalogue(), webhooks.portal_url());
            for webhook in set.all() {
                if let Some(reason) = judge(webhook, &event, &data) {
                    unsent.push((webhook.id, reason));
                    continue;
                }
                // The first is always taken, so that each event can be posted by itself, and what happens here is never refused.
                if posted > 1 && spent.is_too_much() {
                    return Err(DbError::TooMuch(TOO_MUCH));
                }
                match request::body_of_many(webhook, &facts, &mut spent) {
                    Ok(body) => add(tx, &mut batch, lanes, webhook, body, &event),
                    Err(Unwritten::Template(fault)) => unsent.push((webhook.id, Unsent::TemplateError(fault))),
                    Err(fault @ Unwritten::Data(_)) => return Err(DbError::unwritable(fault)),
                }
            }
        }
        let unsent = if unsent.is_empty() { None } else { serde_json::to_string(&unsent).ok() };
        judged.push((event, unsent));
    }
    events::insert(tx, &judged)?;
    queue::insert(tx, &batch.deliveries, &batch.attempts)?;
    batch.elsewhere.sort_unstable();
    batch.elsewhere.dedup();
    if !batch.elsewhere.is_empty() {
        queue::notify_nodes(tx, &batch.elsewhere)?;
    }
    let (jobs, mut waiting, lanes) = (batch.jobs, batch.waiting, lanes.clone());
    waiting.sort_unstable();
    waiting.dedup();
    tx.after_commit(move || {
        for job in jobs {
            lanes.hand_over(job);
        }
        for webhook in waiting {
            lanes.row_waits(webhook);
        }
    });
    Ok(())
}

fn add(tx: &mut Tx<'_>, batch: &mut Batch, lanes: &Lanes, webhook: &Arc<Webhook>, body: Body, event: &Event) {
    let id: DeliveryId = tx.make_id();
    let now = tx.now();
    // What is held waits in the table.
    let slot = if webhook.is_sendable() { lanes.reserve(webhook.id) } else { None };
    let leaves = slot.is_some();
    batch.deliveries.push(NewDelivery {
        id,
        kind: Kind::Webhook,
        event_id: Some(event.id),
        event_type: event.type_name.clone(),
        environment: event.environment,
        title: event.title.clone(),
        resource: event.resource.clone(),
        webhook_id: Some(webhook.id),
        target_name: webhook.name.clone(),
        target_url: None,
        state: if leaves { State::Sending } else { State::Queued },
        first_try: !leaves,
        due_at: now,
        attempts: i32::from(leaves),
        scheduled: i32::from(leaves),
        schedule_length: retry::length(&webhook.retry),
        fence: slot.as_ref().map_or(0, super::lanes::Slot::fence),
        content_type: body.content_type,
        body: Some(body.text.clone()),
        last_outcome: leaves.then_some(Outcome::Sending),
        last_attempt_at: leaves.then_some(now),
        created_at: now,
    });
    let Some(slot) = slot else {
        batch.waiting.push(webhook.id);
        if !lanes.has(webhook.id) {
            batch.elsewhere.push(webhook.id);
        }
        return;
    };
    batch.attempts.push(NewAttempt::new(id, 1, lanes.node(), webhook, now));
    batch.jobs.push(Job {
        delivery: id,
        number: 1,
        scheduled: 1,
        resend_from: None,
        event_id: event.id.to_string(),
        webhook: Arc::clone(webhook),
        content_type: body.content_type.to_owned(),
        body: Bytes::from(body.text),
        sent_at: now,
        slot,
    });
}
