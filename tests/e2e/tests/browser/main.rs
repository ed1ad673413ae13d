//! The portal in a real browser, as an administrator meets it.
#![expect(clippy::print_stdout, reason = "figures beside their limits belong in the run's output")]

mod api_docs;
mod every_page;
mod keyboard;
mod main_job;
mod portal;
