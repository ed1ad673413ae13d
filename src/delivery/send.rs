//! One attempt: its row is committed, its request is made, its result goes to `finish`; no connection is held.

use std::sync::Arc;

use bytes::Bytes;

use super::finish::{self, Finished};
use super::lanes::{Lanes, Slot};
use super::{DeliveryId, State};
use crate::clock::{Clock, Time};
use crate::db::Db;
use crate::outbound;
use crate::webhooks::request::{self, Stamp};
use crate::webhooks::set::Webhooks;
use crate::webhooks::{Method, Webhook};

/// An attempt whose row is committed.
pub struct Job {
    pub(super) delivery: DeliveryId,
    /// The attempt's number, from 1.
    pub(super) number: i32,
    /// How many attempts of the schedule were made, this one included.
    pub(super) scheduled: i32,
    /// Where the delivery stood when somebody resent it; `None` for what was due.
    pub(super) resend_from: Option<State>,
    /// What receivers see as `webhook-id`.
    pub(super) event_id: String,
    pub(super) webhook: Arc<Webhook>,
    pub(super) content_type: String,
    pub(super) body: Bytes,
    pub(super) sent_at: Time,
    pub(super) slot: Slot,
}

/// What sending needs; shared by all attempts.
pub(super) struct Sender {
    pub(super) db: Db,
    pub(super) client: outbound::Client,
    pub(super) clock: Clock,
    pub(super) webhooks: Webhooks,
    pub(super) lanes: Lanes,
}

impl Sender {
    /// Makes the request and writes its end.
    pub(super) async fn attempt(self: Arc<Self>, job: Job) {
        let (webhook, fence) = (job.slot.webhook(), job.slot.fence());
        if !self.lanes.is_safe(webhook, fence) {
            // This node was held up past its lease: the new owner takes the row up, marked as unknown.
            tracing::warn!(delivery.id = %job.delivery, "not sent: the lane may belong to another node by now");
            return;
        }
        let stamp = Stamp { id: &job.event_id, at: job.sent_at, attempt: job.number, test: false };
        let sent = request(&self.client, &job.webhook, stamp, &job.content_type, job.body.clone()).await;
        finish::finish(&self, job, sent).await;
    }
}

/// Makes one request and tells how it ended.
pub(super) async fn request(
    client: &outbound::Client,
    webhook: &Webhook,
    stamp: Stamp<'_>,
    content_type: &str,
    body: Bytes,
) -> Finished {
    let headers = match request::headers(webhook, stamp, content_type, &body) {
        Ok(headers) => headers,
        Err(error) => {
            tracing::error!(webhook.id = %webhook.id, error = %error, "a stored login does not fit into a header");
            return Finished::unwritable();
        }
    };
    let masked = request::masked(&headers);
    let method = match webhook.method {
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
    };
    let request = outbound::Request { method, url: webhook.url.clone(), headers, body, timeout: webhook.timeout };
    Finished::answered(masked, client.send(request).await)
}
