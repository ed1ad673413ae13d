//! The client against receivers on loopback.

mod answers;
mod faults;
mod guard;
mod tls;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use postrider::outbound::{Client, ClientOptions, Policy, Reply, Request};

/// Long enough to come to an answer, also on a busy machine.
const ENOUGH: Duration = Duration::from_secs(20);
/// For what never comes.
const SHORT: Duration = Duration::from_millis(500);

/// A policy that allows these entries.
fn policy(allow: &[&str]) -> Arc<Policy> {
    let allow: Vec<_> = allow.iter().map(|entry| (*entry).to_owned()).collect();
    Arc::new(Policy::new(&allow, &[], &[], false).unwrap())
}

/// A client that may reach the receivers of the tests.
fn client() -> Client {
    Client::new(policy(&["127.0.0.0/8"]), ClientOptions::default()).unwrap()
}

fn post(url: &str) -> Request {
    Request {
        method: Method::POST,
        url: url.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"hello"),
        timeout: ENOUGH,
    }
}

/// A request for which the time is short.
fn hasty(url: &str) -> Request {
    Request { timeout: SHORT, ..post(url) }
}

fn refusal(reply: &Reply) -> Option<&'static str> {
    reply.refusal.as_ref().map(postrider::outbound::Refusal::code)
}
