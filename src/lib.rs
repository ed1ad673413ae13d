//! Postrider, the webhook desk: events come in, webhooks go out, every attempt is on record.

pub mod api_keys;
pub mod audit;
pub mod clock;
pub mod config;
pub mod db;
pub mod delivery;
pub mod events;
pub mod ids;
pub mod once;
pub mod outbound;
pub mod schema;
pub mod secret;
pub mod sessions;
pub mod state;
pub mod telemetry;
pub mod text;
pub mod users;
pub mod web;
pub mod webhooks;
