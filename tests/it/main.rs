//! One integration crate: every test runs on both databases.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests have clients and variables of their own")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures belong in the run's output")]
#![expect(clippy::items_after_statements, reason = "a handler that one test needs stands in it")]

mod account;
mod api_keys;
mod audit;
mod cli;
mod config;
mod content;
mod crash;
mod credentials;
mod delivery;
mod dependencies;
mod docs;
mod event_types;
mod events;
mod health;
mod history;
mod openapi;
mod outbound;
mod overview;
mod routes;
mod schema;
mod sessions;
mod sockets;
#[allow(dead_code, clippy::allow_attributes, reason = "helpers wait for the tests that take them")]
mod support;
mod tidy;
mod web;
mod webhooks;
