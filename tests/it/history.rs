//! The history: filters and pages of the list, the letter of one delivery, exact bytes, resend, and query plans.

mod bulk;
mod events;
mod letter;
mod list;
mod plans;
mod resend;
