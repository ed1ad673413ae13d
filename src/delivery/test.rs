//! Test: one real request for an example event, on values that need not be saved; on record, never in a lane.

use std::sync::Arc;

use bytes::Bytes;

use super::finish::Finished;
use super::queue::{self, NewAttempt, NewDelivery, Settlement};
use super::{DeliveryId, Kind, NodeId, Outcome, Reason, State, send};
use crate::audit::{self, Actor, Changes, Object};
use crate::clock::{Clock, Time};
use crate::credentials::token::Step;
use crate::db::{Db, DbError};
use crate::event_types::{Catalogue, EventType};
use crate::events::EventId;
use crate::ids::Ids;
use crate::outbound::{self, Phases};
use crate::webhooks::request::{self, Body, Facts, Stamp, Unwritten};
use crate::webhooks::{Webhook, WebhookId};

/// What came of a test.
pub struct TestReport {
    /// Its row in the history.
    pub delivery_id: DeliveryId,
    /// How it ended.
    pub outcome: Outcome,
    /// The status, where one came.
    pub status: Option<u16>,
    /// The method and address that were used.
    pub method: &'static str,
    /// The address that was used.
    pub url: String,
    /// What was sent, the login as dots.
    pub request_headers: Vec<(String, String)>,
    /// The exact body.
    pub request_body: String,
    /// What came back; kept as history keeps it.
    pub reply: Option<outbound::Reply>,
    /// Where the time went.
    pub phases: Phases,
    /// What is known of a fault.
    pub detail: Option<String>,
    /// The token request that came before, where the login needs one.
    pub token: Option<Step>,
}

/// What a test works with.
#[derive(Clone)]
pub struct Tester {
    /// The database.
    pub db: Db,
    /// The guarded client.
    pub client: outbound::Client,
    /// The clock.
    pub clock: Clock,
    /// The ids.
    pub ids: Ids,
    /// This process.
    pub node: NodeId,
    /// The address of the portal.
    pub portal_url: String,
}

/// The type whose example is sent: the chosen one, or where none is chosen the first that is ticked, or the first of all.
/// `None` where there is no such type.
pub fn example<'a>(catalogue: &'a Catalogue, chosen: &str, ticked: &[String]) -> Option<&'a Arc<EventType>> {
    if chosen.is_empty() {
        let first = catalogue.all().iter().find(|kind| ticked.iter().any(|name| *name == kind.name));
        return first.or(catalogue.all().first());
    }
    catalogue.find(chosen)
}

/// A test whose body is made; nothing is on record and nothing was sent.
pub struct Prepared {
    webhook: Arc<Webhook>,
    kind: Arc<EventType>,
    event_id: EventId,
    body: Body,
}

/// Makes the body that `webhook` is sent for the example of `kind`.
///
/// # Errors
/// When the webhook's template fails with it.
pub fn prepare(tester: &Tester, webhook: Webhook, kind: &Arc<EventType>) -> Result<Prepared, Unwritten> {
    let (event_id, now): (EventId, Time) = (tester.ids.make(), tester.clock.now());
    let facts = Facts::of_example(kind, event_id.as_str(), now, webhook.environment, &tester.portal_url);
    let body = request::body(&webhook, &facts)?;
    Ok(Prepared { webhook: Arc::new(webhook), kind: Arc::clone(kind), event_id, body })
}

/// Sends it, whether its webhook is saved (`saved`) or only typed.
///
/// # Errors
/// When the database cannot take the record; nothing is sent then.
pub async fn run(
    tester: &Tester,
    actor: &Actor,
    prepared: Prepared,
    saved: Option<WebhookId>,
) -> Result<TestReport, DbError> {
    let (delivery_id, sent_at) = record(tester, actor, &prepared, saved).await?;
    let Prepared { webhook, event_id, body, .. } = prepared;
    let stamp = Stamp { id: event_id.as_str(), at: sent_at, attempt: 1, test: true };
    let bytes = Bytes::from(body.text.clone());
    let finished = send::request(&tester.client, None, &webhook, stamp, body.content_type, bytes).await;
    write_end(tester, delivery_id, &finished).await?;
    Ok(TestReport {
        delivery_id,
        outcome: finished.outcome,
        status: finished.status(),
        method: webhook.method.as_str(),
        url: webhook.url.clone(),
        request_headers: finished.request_headers,
        request_body: body.text,
        phases: finished.reply.as_ref().map(|reply| reply.phases).unwrap_or_default(),
        detail: finished.reply.as_ref().and_then(|reply| reply.detail.clone()).or(finished.detail),
        token: finished.step,
        reply: finished.reply,
    })
}

/// The rows are there before the request leaves.
async fn record(
    tester: &Tester,
    actor: &Actor,
    Prepared { webhook, kind, event_id, body }: &Prepared,
    saved: Option<WebhookId>,
) -> Result<(DeliveryId, Time), DbError> {
    let (webhook, actor, node, event_id) = (Arc::clone(webhook), actor.clone(), tester.node, *event_id);
    let (text, content_type, kind) = (body.text.clone(), body.content_type, kind.name.to_string());
    tester
        .db
        .write(move |tx| {
            let (id, now): (DeliveryId, Time) = (tx.make_id(), tx.now());
            let delivery = NewDelivery {
                id,
                kind: Kind::Test,
                event_id: Some(event_id),
                event_type: kind.clone(),
                environment: webhook.environment,
                title: "Test".to_owned(),
                resource: None,
                webhook_id: saved,
                target_name: webhook.name.clone(),
                target_url: Some(webhook.url.clone()),
                state: State::Sending,
                first_try: false,
                due_at: now,
                attempts: 1,
                scheduled: 1,
                schedule_length: 1,
                fence: 0,
                content_type,
                body: Some(text),
                last_outcome: Some(Outcome::Sending),
                last_attempt_at: Some(now),
                created_at: now,
            };
            let attempt = NewAttempt::new(id, 1, node, &webhook, now).by(Reason::Test, &actor);
            let attempt = NewAttempt { webhook_id: saved, ..attempt };
            queue::insert(tx, &[delivery], &[attempt])?;
            let object = match saved {
                Some(_) => Object { kind: "webhook", id: webhook.id.as_str(), name: &webhook.name },
                None => Object { kind: "delivery", id: id.as_str(), name: &webhook.name },
            };
            let changes = Changes::none().value("url", webhook.url.clone()).value("event", kind);
            audit::record(tx, &actor, "webhook.tested", &object, &changes)?;
            Ok((id, now))
        })
        .await
}

async fn write_end(tester: &Tester, delivery: DeliveryId, finished: &Finished) -> Result<(), DbError> {
    let settlement = Settlement {
        delivery,
        number: 1,
        fence: 0,
        state: if finished.outcome == Outcome::Ok { State::Delivered } else { State::Failed },
        scheduled: 1,
        due_at: None,
        settled_reason: None,
        ended: finished.ended(tester.clock.now()),
    };
    tester.db.write_grouped(move |tx| queue::settle(tx, &[&settlement]).map(drop)).await
}
