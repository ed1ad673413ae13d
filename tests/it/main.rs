//! One integration crate: every test runs on both databases.

mod tidy;
