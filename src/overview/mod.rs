//! The first page after sign-in.

pub(crate) mod pages;

pub use pages::routes;
