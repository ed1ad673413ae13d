//! The kit of every page and API answer: routes, forms, errors, frames, the outer layer; knows no feature.

pub mod assets;
pub(crate) mod badge;
pub mod body;
pub(crate) mod chart;
pub(crate) mod code;
pub mod error;
pub(crate) mod error_page;
pub(crate) mod exchange;
mod fields;
mod finish;
pub mod form;
pub mod frame;
mod headers;
pub(crate) mod listing;
mod outer;
pub mod page;
mod path;
pub(crate) mod refusal;
pub mod route;
pub mod site;
pub(crate) mod view;

pub use body::{JsonBody, OptionalJson};
pub use error::{Problem, ProblemField, WebError};
pub use fields::FieldErrors;
pub(crate) use fields::need_another_look;
pub(crate) use finish::{FrameOf, ProblemBody};
pub use form::{Form, Query};
pub(crate) use outer::{ClientAddress, RequestId, Template, outer};
pub(crate) use page::Whole;
pub use page::{Page, see_other};
pub(crate) use path::PathId;
pub use route::{Access, Audited, Route};
pub use site::Site;
