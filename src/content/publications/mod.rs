//! Publications: a document with everything below it, rendered by a job of the worker.
//!
//! Publishing writes a row in state *running*. A node claims it by lease and fence, renders page by page with no
//! transaction open, tells its progress (and so hears of a cancel), and ends it in one transaction: the state, the
//! output where it is kept, and the event. A node that dies lets its lease run out; the next one starts anew.

pub(crate) mod form;
pub mod job;
pub(crate) mod ops;
pub(crate) mod pages;
mod render;
pub(crate) mod store;

use crate::clock::Time;
use crate::content::documents::DocumentId;
use crate::db::DbError;
use crate::events::Person;

crate::id_type!(
    /// A publication's id.
    PublicationId, "pub"
);

crate::word_enum! {
    /// What was asked for; recorded as chosen, the output is a zip of HTML pages.
    Format {
        /// Pages for browsers.
        Html = "html",
        /// Pages for printing.
        Pdf = "pdf",
        /// Pages for a word processor.
        Docx = "docx",
        /// Pages for other programs.
        Xml = "xml",
    }
}

crate::word_enum! {
    /// How far a publication is.
    State {
        /// Waits for a node, or is being rendered.
        Running = "running",
        /// Rendered; its event is raised.
        Done = "done",
        /// A person stopped it.
        Cancelled = "cancelled",
        /// It cannot be rendered.
        Failed = "failed",
    }
}

/// The output that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The secret part of its address.
    pub(crate) token: String,
    pub(crate) bytes: i64,
}

/// A publication that exists.
#[derive(Clone, Debug)]
pub struct Publication {
    pub(crate) id: PublicationId,
    pub(crate) number: i64,
    pub(crate) document_id: DocumentId,
    pub(crate) document_number: i64,
    pub(crate) document_title: String,
    pub(crate) title: String,
    /// The document's template when it was published; empty for none.
    pub(crate) template: String,
    pub(crate) format: Format,
    pub(crate) keep_output: bool,
    pub(crate) state: State,
    pub(crate) pages_done: i32,
    pub(crate) pages_total: i32,
    pub(crate) archive: Option<Archive>,
    /// Why it failed, as a sentence.
    pub(crate) failure: Option<String>,
    pub(crate) person: Option<Person>,
    pub(crate) started_by: String,
    /// Grows with each change by a person.
    pub(crate) version: i32,
    pub(crate) created_at: Time,
    pub(crate) ended_at: Option<Time>,
}

impl Publication {
    /// The path at which the output answers without a session; whoever has it can fetch the file.
    pub fn archive_path(&self) -> Option<String> {
        let token = &self.archive.as_ref()?.token;
        Some(format!("/content/publications/{}/{token}.zip", self.number))
    }
}

/// What was typed, checked.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The document's number.
    pub(crate) document: i64,
    /// Empty for the document's title.
    pub(crate) title: String,
    pub(crate) format: Format,
    pub(crate) keep_output: bool,
}

/// Why a publication stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// It is not there.
    #[error("This publication does not exist any more.")]
    Gone,
    /// Somebody changed it since it was read.
    #[error("Somebody saved this publication while you were editing.")]
    Stale(Box<Publication>),
    /// The document is not there.
    #[error("This document does not exist any more; choose another.")]
    DocumentGone,
    /// More documents than one publication takes.
    #[error("More than {} documents are below this one. Publish a smaller part.", super::documents::LARGEST_TREE)]
    TooMany,
    /// It is not running any more.
    #[error("It has ended already.")]
    Ended,
    /// There is no output to delete.
    #[error("Its output is deleted already, or was never kept.")]
    NoOutput,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
