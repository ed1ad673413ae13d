//! Documents: what the team writes, in trees, from work in progress to released.

pub(crate) mod form;
pub(crate) mod ops;
pub(crate) mod pages;
pub(crate) mod store;

use crate::clock::Time;
use crate::db::DbError;

crate::id_type!(
    /// A document's id.
    DocumentId, "doc"
);

crate::word_enum! {
    /// How far a document is.
    Status {
        /// Being written.
        WorkInProgress = "work_in_progress",
        /// Being read by others.
        InReview = "in_review",
        /// Being translated.
        InTranslation = "in_translation",
        /// Its translation is being read.
        InTranslationReview = "in_translation_review",
        /// Finished, and locked.
        Released = "released",
    }
}

impl Status {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::WorkInProgress => "Work in progress",
            Self::InReview => "In review",
            Self::InTranslation => "In translation",
            Self::InTranslationReview => "In translation review",
            Self::Released => "Released",
        }
    }

    /// The event of a document that gets this status, where webhooks can listen for one.
    pub(crate) fn event(self) -> Option<&'static str> {
        match self {
            Self::InReview => Some("document.in_review"),
            Self::InTranslation => Some("document.in_translation"),
            Self::Released => Some("document.released"),
            Self::WorkInProgress | Self::InTranslationReview => None,
        }
    }
}

/// The most levels of a tree: a document that has no parent is on the first.
pub const DEEPEST: usize = 10;
/// The most documents that one change of status or one publication takes.
pub const LARGEST_TREE: usize = 1000;

/// The release that locked a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub(crate) at: Time,
    pub(crate) by: String,
    pub(crate) comment: String,
}

/// A document that exists.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) id: DocumentId,
    pub(crate) number: i64,
    pub(crate) title: String,
    /// The template's name; empty for none.
    pub(crate) template: String,
    pub(crate) language: String,
    /// Markdown.
    pub(crate) body: String,
    pub(crate) parent: Option<DocumentId>,
    pub(crate) status: Status,
    /// There while it is released.
    pub(crate) release: Option<Release>,
    /// Grows with each change.
    pub(crate) version: i32,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) updated_by: String,
}

/// What was typed, checked.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(crate) title: String,
    pub(crate) template: String,
    pub(crate) language: String,
    pub(crate) body: String,
    /// The number of the document above.
    pub(crate) parent: Option<i64>,
}

/// A change of status, checked: a release has a comment.
#[derive(Clone, Debug)]
pub struct StatusChange {
    pub(crate) to: Status,
    pub(crate) comment: String,
    pub(crate) include_components: bool,
}

/// What hangs on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    pub(crate) components: i64,
    pub(crate) publications: i64,
    pub(crate) assignments: i64,
}

impl Uses {
    /// True when nothing hangs on it.
    pub fn is_none(self) -> bool {
        self == Self { components: 0, publications: 0, assignments: 0 }
    }
}

/// Why a document stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not there.
    #[error("This document does not exist any more.")]
    Gone,
    /// Somebody changed it since it was read.
    #[error("Somebody saved this document while you were editing.")]
    Stale(Box<Document>),
    /// It is released.
    #[error("It is released and therefore locked. Change its status first.")]
    Locked,
    /// The document above, or the one to be put under, is released.
    #[error("“{0}” is released and therefore locked. Change its status first.")]
    ParentLocked(String),
    /// The document to be put under is not there.
    #[error("This document does not exist any more; choose another.")]
    ParentGone,
    /// It would be a part of itself.
    #[error("This is the document itself or one of its own components; choose another.")]
    OwnComponent,
    /// The tree would have too many levels.
    #[error("This would be deeper than {DEEPEST} levels; choose a document further up.")]
    TooDeep,
    /// More documents than one change takes.
    #[error("More than {LARGEST_TREE} documents are below this one. Change them in smaller parts.")]
    TooMany,
    /// Other things hang on it.
    #[error("Other things hang on this document.")]
    InUse(Uses),
    /// It has this status already, and so has everything below it.
    #[error("It has this status already; choose another.")]
    Unchanged,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_types::built_in;

    #[test]
    fn the_event_of_a_status_is_in_the_catalogue_under_its_name() {
        let told: Vec<_> = Status::ALL.iter().filter_map(|status| Some((*status, status.event()?))).collect();
        assert_eq!(told.len(), 3);
        for (status, event) in told {
            assert_eq!(*built_in(event).unwrap().label, format!("Status set to {}", status.label()));
        }
    }
}
