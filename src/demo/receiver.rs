//! The demo's receiver: takes whatever is sent to it, checks its signature, and shows it on a page.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context;

use super::pages;
use crate::clock::{Clock, Time};
use crate::db::{Db, DbError};
use crate::secret::same_hash;
use crate::webhooks::set::{WebhookSet, Webhooks};
use crate::webhooks::sign;

/// Older requests are forgotten.
const KEPT: usize = 200;
/// More than any event makes.
const LARGEST: usize = 4 * 1024 * 1024;
/// Longer than a webhook waits unless it is set otherwise.
const SLOW: Duration = Duration::from_secs(20);
/// How far the signed time may be from the clock, as receivers usually take it.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What was found about a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// It is that of this webhook.
    Verifies(String),
    /// No webhook of the portal made it; so it is for the test of one that is not saved, too.
    Unknown,
    /// It was made more than five minutes ago, or ahead.
    Stale,
    /// A header that belongs to it is not there.
    Missing,
}

/// A request as it arrived.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) number: u64,
    pub(super) at: Time,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) signature: Signature,
    pub(super) answered: u16,
}

/// What the receiver knows; cloned freely.
#[derive(Clone)]
pub(super) struct Receiver(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    webhooks: Webhooks,
    received: Mutex<VecDeque<Received>>,
}

impl Receiver {
    pub(super) fn new(db: Db, clock: Clock, webhooks: Webhooks) -> Self {
        Self(Arc::new(Inner { db, clock, webhooks, received: Mutex::default() }))
    }

    fn received(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, the newest first.
    pub(super) fn all(&self) -> Vec<Received> {
        self.received().iter().rev().cloned().collect()
    }

    /// The number of the newest request.
    pub(super) fn last(&self) -> u64 {
        self.received().back().map_or(0, |newest| newest.number)
    }

    fn keep(&self, mut request: Received) {
        let mut received = self.received();
        request.number = received.back().map_or(0, |newest| newest.number) + 1;
        if received.len() == KEPT {
            received.pop_front();
        }
        received.push_back(request);
    }
}

/// The receiver on its listener.
///
/// # Errors
/// When the listener cannot be used.
pub(super) fn server(receiver: Receiver, listener: TcpListener) -> anyhow::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(receiver.clone()))
            .app_data(web::PayloadConfig::new(LARGEST))
            .route("/", web::get().to(pages::list))
            .route("/last", web::get().to(pages::last))
            .route("/receiver.css", web::get().to(pages::style))
            .route("/receiver.js", web::get().to(pages::script))
            .route("/favicon.ico", web::get().to(HttpResponse::NotFound))
            .default_service(web::to(receive))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)
    .context("the receiver's address cannot be used")?;
    Ok(server.run())
}

async fn receive(request: HttpRequest, body: web::Bytes, receiver: web::Data<Receiver>) -> HttpResponse {
    let (status, slow) = wanted(request.path());
    let set = known_webhooks(&receiver).await;
    let at = receiver.0.clock.now();
    receiver.keep(Received {
        number: 0,
        at,
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: readable(request.headers()),
        body: String::from_utf8_lossy(&body).into_owned(),
        signature: judge(request.headers(), &body, set.as_deref(), at),
        answered: status.as_u16(),
    });
    if slow {
        tokio::time::sleep(SLOW).await;
    }
    HttpResponse::build(status).json(serde_json::json!({ "received": status.is_success() }))
}

/// `/status/503` answers so; `/slow` answers late; every other path takes what comes.
fn wanted(path: &str) -> (StatusCode, bool) {
    let code =
        path.strip_prefix("/status/").and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code));
    let status = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    (status, path == "/slow")
}

async fn known_webhooks(receiver: &Receiver) -> Option<Arc<WebhookSet>> {
    let webhooks = receiver.0.webhooks.clone();
    let set = receiver.0.db.read::<_, DbError, _>(move |conn| webhooks.read(conn)).await;
    set.inspect_err(|error| tracing::warn!(error = %error, "the receiver cannot read the webhooks")).ok()
}

fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    all.sort();
    all
}

/// Does what a receiver of these webhooks should do: signs again what came and compares.
fn judge(headers: &HeaderMap, body: &[u8], set: Option<&WebhookSet>, now: Time) -> Signature {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(given)) = (
        header("webhook-id"),
        header("webhook-timestamp").and_then(|text| text.parse::<i64>().ok()),
        header("webhook-signature"),
    ) else {
        return Signature::Missing;
    };
    if (now.seconds() - timestamp).unsigned_abs() > TOLERANCE.as_secs() {
        return Signature::Stale;
    }
    let signed_by = |keys: &[sign::SigningKey]| {
        keys.iter().any(|key| {
            let own = sign::signature(std::slice::from_ref(key), id, timestamp, body);
            given.split(' ').any(|given| same_hash(given, &own))
        })
    };
    let webhook = set.into_iter().flat_map(WebhookSet::all).find(|webhook| signed_by(&webhook.signing_keys));
    webhook.map_or(Signature::Unknown, |webhook| Signature::Verifies(webhook.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_chooses_the_answer() {
        assert_eq!(wanted("/"), (StatusCode::OK, false));
        assert_eq!(wanted("/status/503"), (StatusCode::SERVICE_UNAVAILABLE, false));
        assert_eq!(wanted("/status/99"), (StatusCode::OK, false));
        assert_eq!(wanted("/status/+200x"), (StatusCode::OK, false));
        assert_eq!(wanted("/slow"), (StatusCode::OK, true));
    }
}
