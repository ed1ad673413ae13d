//! The event types that exist, with the code that receivers read and the label that people read.

/// One type of event.
#[derive(Debug, PartialEq, Eq)]
pub struct EventType {
    /// `document.released`
    pub name: &'static str,
    /// `STATUS_SET_TO_RELEASED_EVENT`, as bodies carry it.
    pub code: &'static str,
    /// `Status set to Released`
    pub label: &'static str,
    /// Where the dialog lists it.
    pub group: Group,
    /// An example of its data: what tests and the payload page send.
    pub example: &'static str,
}

/// A group of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Documents, publications, assignments.
    Content,
}

impl Group {
    /// The heading in the dialog.
    pub fn label(self) -> &'static str {
        match self {
            Self::Content => "Content",
        }
    }
}

/// Every type, in the order of the dialog.
pub const CATALOGUE: &[EventType] = &[
    EventType {
        name: "document.released",
        code: "STATUS_SET_TO_RELEASED_EVENT",
        label: "Status set to Released",
        group: Group::Content,
        example: r#"{"resource_id":1042,"resource_title":"Safety guide"}"#,
    },
    EventType {
        name: "publication.published",
        code: "PUBLISHED_EVENT",
        label: "Publication published",
        group: Group::Content,
        example: r#"{"resource_id":1043,"resource_title":"Release notes 4.2","format":"pdf","archive_link":"https://portal.example.com/content/publications/1043/9f2c1e7ab04d4f0e8b6a5c3d2e1f0a9b.zip"}"#,
    },
    EventType {
        name: "assignment.created",
        code: "ASSIGNMENT_CREATED_EVENT",
        label: "Assignment created",
        group: Group::Content,
        example: r#"{"resource_id":1044,"resource_title":"Assembly","language":"en","assignment_type":"review","startdate":"Monday 17/02/2025","enddate":"Monday 24/02/2025","startdate_timestamp":1739833201,"enddate_timestamp":1740438001,"assignment_link":"https://portal.example.com/content/assignments/1007","api":false}"#,
    },
];

/// The type of that name.
pub fn find_type(name: &str) -> Option<&'static EventType> {
    CATALOGUE.iter().find(|kind| kind.name == name)
}
