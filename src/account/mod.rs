//! My account: what a person changes about themselves; name, password, colours, sessions.

pub(crate) mod pages;
