//! Assignments: who is asked to do what with a document, until when.

pub(crate) mod form;
pub(crate) mod ops;
pub(crate) mod pages;
pub(crate) mod store;

use crate::clock::Time;
use crate::content::documents::DocumentId;
use crate::db::DbError;

crate::id_type!(
    /// An assignment's id.
    AssignmentId, "asg"
);

crate::word_enum! {
    /// What is asked for, in the words that receivers read.
    Kind {
        /// Write.
        Contribution = "contribution",
        /// Read and comment.
        Review = "review",
        /// Translate.
        Translation = "translation",
        /// Read a translation and comment.
        TranslationReview = "translation review",
    }
}

impl Kind {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Contribution => "Contribution",
            Self::Review => "Review",
            Self::Translation => "Translation",
            Self::TranslationReview => "Translation review",
        }
    }
}

crate::word_enum! {
    /// What an assignee decided, in the words that receivers read.
    Decision {
        /// The work is good.
        Approved = "approved",
        /// The work is not good.
        Rejected = "rejected",
    }
}

/// The decision of an assignee as it is on record; there is none for those who are still open.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The e-mail address, in lower case.
    pub(crate) assignee: String,
    pub(crate) decision: Decision,
    /// Who recorded it.
    pub(crate) by: String,
    pub(crate) at: Time,
}

impl Decided {
    /// True where it is the decision of the person with that address.
    pub(crate) fn is_of(&self, address: &str) -> bool {
        self.assignee.eq_ignore_ascii_case(address)
    }
}

/// An assignment that exists.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub(crate) id: AssignmentId,
    pub(crate) number: i64,
    pub(crate) document_id: DocumentId,
    pub(crate) document_number: i64,
    pub(crate) document_title: String,
    pub(crate) kind: Kind,
    pub(crate) language: String,
    /// E-mail addresses.
    pub(crate) assignees: Vec<String>,
    /// The start of the first day, UTC.
    pub(crate) starts_on: Time,
    /// The start of the last day, UTC.
    pub(crate) ends_on: Time,
    pub(crate) message: String,
    pub(crate) by_api: bool,
    /// Grows with each change.
    pub(crate) version: i32,
    pub(crate) created_at: Time,
    pub(crate) created_by: String,
    pub(crate) updated_at: Time,
    pub(crate) updated_by: String,
}

/// What was typed, checked.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The document's number.
    pub(crate) document: i64,
    pub(crate) kind: Kind,
    pub(crate) language: String,
    pub(crate) assignees: Vec<String>,
    pub(crate) starts_on: Time,
    pub(crate) ends_on: Time,
    pub(crate) message: String,
}

/// Why an assignment stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AssignmentError {
    /// It is not there.
    #[error("This assignment does not exist any more.")]
    Gone,
    /// Somebody changed it since it was read.
    #[error("Somebody saved this assignment while you were editing.")]
    Stale(Box<Assignment>),
    /// The document is not there.
    #[error("This document does not exist any more; choose another.")]
    DocumentGone,
    /// The person whose decision it would be is none of the assignees.
    #[error("This person is not an assignee of it.")]
    NotAssigned,
    /// Somebody recorded another decision of the same person since the page was read.
    #[error("Somebody recorded a decision of this person meanwhile.")]
    Overtaken,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
