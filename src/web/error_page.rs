//! The page for everything that could not be done.

use super::frame::{Crumb, Frame};

/// One sentence of what happened and what to do; inside the frame for people who are signed in.
#[derive(askama::Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    /// Its title is the heading, in plain words.
    pub(crate) frame: Frame,
    pub(crate) status: u16,
    pub(crate) sentence: String,
    /// Ways on, the first one stressed.
    pub(crate) ways: Vec<Crumb>,
    pub(crate) request_id: String,
}
