//! The demo's receiver: keeps what arrives, judged by the portal's own webhooks, and shows it on a page.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context;
use serde_json::json;

use super::pages;
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::receiver::{LARGEST, Received};
use crate::webhooks::set::{WebhookSet, Webhooks};

/// Older requests are forgotten.
const KEPT: usize = 200;

/// A request and its number.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) request: Received,
}

/// What the receiver knows; cloned freely.
#[derive(Clone)]
pub(super) struct Receiver(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    webhooks: Webhooks,
    received: Mutex<VecDeque<Kept>>,
}

impl Receiver {
    pub(super) fn new(db: Db, clock: Clock, webhooks: Webhooks) -> Self {
        Self(Arc::new(Inner { db, clock, webhooks, received: Mutex::default() }))
    }

    fn received(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, the newest first.
    pub(super) fn all(&self) -> Vec<Kept> {
        self.received().iter().rev().cloned().collect()
    }

    /// The number of the newest request.
    pub(super) fn last(&self) -> u64 {
        self.received().back().map_or(0, |newest| newest.number)
    }

    fn keep(&self, request: Received) {
        let mut received = self.received();
        let number = received.back().map_or(0, |newest| newest.number) + 1;
        if received.len() == KEPT {
            received.pop_front();
        }
        received.push_back(Kept { number, request });
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
    let set = known_webhooks(&receiver).await;
    let known = set.iter().flat_map(|set| set.all()).map(|webhook| (webhook.name.as_str(), &*webhook.signing_keys));
    let received = Received::new(&request, body, known, StatusCode::OK, receiver.0.clock.now());
    receiver.keep(received.clone());
    // Grants a token (RFC 6749, section 5.1), so that OAuth 2 can be tried too.
    if request.path() == "/token" {
        let token = json!({ "access_token": "demo-token", "token_type": "Bearer", "expires_in": 3600 });
        return HttpResponse::Ok().json(token);
    }
    received.answer().await
}

async fn known_webhooks(receiver: &Receiver) -> Option<Arc<WebhookSet>> {
    let webhooks = receiver.0.webhooks.clone();
    let set = receiver.0.db.read::<_, DbError, _>(move |conn| webhooks.read(conn)).await;
    set.inspect_err(|error| tracing::warn!(error = %error, "the receiver cannot read the webhooks")).ok()
}
