//! One integration crate: every test runs on both databases.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod cli;
mod config;
mod content;
mod crash;
mod delivery;
mod health;
mod history;
mod outbound;
mod routes;
mod schema;
mod sessions;
mod sockets;
mod support;
mod tidy;
mod web;
