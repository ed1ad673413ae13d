//! Postrider, the webhook desk: events come in, webhooks go out, every attempt is on record.

pub mod api_keys;
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod db;
pub mod delivery;
mod demo;
pub mod events;
pub mod health;
pub mod history;
pub mod ids;
pub mod master_keys;
pub mod once;
pub mod outbound;
pub mod overview;
pub mod schema;
pub mod secret;
pub mod serve;
pub mod sessions;
pub mod state;
pub mod telemetry;
pub mod users;
pub mod web;
pub mod webhooks;
