//! One attempt: its row is committed, its request is made, its result goes to `finish`; no connection is held.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::finish::{self, Finished};
use super::lanes::{Lanes, Slot};
use super::{DeliveryId, State};
use crate::clock::{Clock, Time};
use crate::credentials::token::{self, Token, Tokens};
use crate::credentials::write;
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
    pub(super) tokens: Tokens,
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
        let sent =
            request(&self.client, Some(&self.tokens), &job.webhook, stamp, &job.content_type, job.body.clone()).await;
        finish::finish(&self, job, sent).await;
    }
}

/// Makes one request and tells how it ended. Where a token is needed it is fetched first, in the time of the attempt,
/// and once more where the receiver refuses it; a test asks for its own, so that the person sees that too.
pub(super) async fn request(
    client: &outbound::Client,
    tokens: Option<&Tokens>,
    webhook: &Webhook,
    stamp: Stamp<'_>,
    content_type: &str,
    body: Bytes,
) -> Finished {
    let deadline = Instant::now() + webhook.timeout;
    let Some((key, login)) = webhook.client_login() else {
        return exchange(client, webhook, stamp, content_type, body, (None, deadline)).await;
    };
    let Some(tokens) = tokens else {
        let (step, token) = token::fetch(client, login, stamp.at, webhook.timeout).await;
        let finished = match token {
            Ok(token) => exchange(client, webhook, stamp, content_type, body, (Some(&token), deadline)).await,
            Err(fault) => Finished::without_login(fault.told),
        };
        return Finished { step: Some(step), ..finished };
    };
    let token = match tokens.get(&key, login, deadline).await {
        Ok(token) => token,
        Err(fault) => return Finished::without_login(fault.told),
    };
    let first = exchange(client, webhook, stamp, content_type, body.clone(), (Some(&token), deadline)).await;
    if first.status() != Some(401) {
        return first;
    }
    match tokens.renew(&key, login, &token, deadline).await {
        Ok(token) => exchange(client, webhook, stamp, content_type, body, (Some(&token), deadline)).await,
        // What the receiver said stays what is told.
        Err(fault) => Finished { detail: Some(fault.told), ..first },
    }
}

async fn exchange(
    client: &outbound::Client,
    webhook: &Webhook,
    stamp: Stamp<'_>,
    content_type: &str,
    body: Bytes,
    (token, deadline): (Option<&Token>, Instant),
) -> Finished {
    let mut written = request::headers(webhook, stamp, content_type, &body);
    if let (Ok(headers), Some(token)) = (&mut written, token)
        && let Err(error) = write::bearer(headers, &token.secret)
    {
        written = Err(error);
    }
    let headers = match written {
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
    let timeout = deadline.saturating_duration_since(Instant::now());
    let request = outbound::Request { method, url: webhook.url.clone(), headers, body, timeout };
    Finished::answered(masked, client.send(request).await).ruled(webhook.fail_when.as_deref())
}
