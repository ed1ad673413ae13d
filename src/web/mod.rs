//! The kit of every page and API answer: forms, errors, frames, guards; knows no feature.

pub(crate) mod badge;
pub(crate) mod code;
pub mod error;
pub mod form;
pub mod frame;
pub mod page;
pub(crate) mod view;

pub use error::WebError;
pub use form::{Form, Query};
pub use page::{Page, see_other};
