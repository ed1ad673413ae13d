//! One integration crate: every test runs on both databases.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod content;
mod crash;
mod history;
mod outbound;
mod routes;
mod schema;
mod sessions;
mod support;
mod tidy;
mod web;
