//! Integrations: what comes in and what goes out, counted, with the way to each.

pub(crate) mod pages;
