//! The kit of every page and API answer: forms, errors, frames, guards; knows no feature.

pub mod error;
pub mod form;
pub mod frame;
pub mod page;

pub use error::WebError;
pub use form::{Form, Query};
pub use page::{Page, see_other};
