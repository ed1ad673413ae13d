//! The portal in a real browser, as an administrator meets it.
#![expect(clippy::print_stdout, reason = "figures beside their limits belong in the run's output")]

mod api_docs;
mod changes;
mod content_events;
mod credentials;
mod event_types;
mod every_page;
mod filters;
mod formats;
mod keyboard;
mod logins;
mod logs;
mod main_job;
mod portal;
mod templates;
mod triggers;
