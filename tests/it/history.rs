//! The history: filters and pages of the list, the letter of one delivery, exact bytes, resend, the API, and query plans.

mod api;
mod bulk;
mod events;
mod export;
mod letter;
mod list;
mod list_plans;
mod plans;
mod resend;
