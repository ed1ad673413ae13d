//! What happened: the catalogue of event types, and the one door through which every event comes in.

mod answer;
pub(crate) mod api;
pub mod intake;
mod ops;
pub mod receive;
mod store;
mod strict;

pub(crate) use ops::LONGEST_NAME;
pub use ops::publish;
pub(crate) use store::insert;
pub use store::{count_by_source, find, newest};

use std::sync::Arc;

pub use crate::api_keys::Environment;
use crate::clock::Time;
use crate::event_types::EventType;

crate::id_type!(
    /// An event's id; receivers see it as `webhook-id`.
    EventId, "evt"
);

crate::word_enum! {
    /// Where an event came from.
    Source {
        /// The content pages.
        Content = "content",
        /// The API.
        Api = "api",
        /// The portal itself.
        Portal = "portal",
    }
}

impl Source {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Content => "Content",
            Self::Api => "the API",
            Self::Portal => "Postrider",
        }
    }
}

/// An event as it is handed in: checked, not yet stored.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its type.
    pub kind: Arc<EventType>,
    /// Its world.
    pub environment: Environment,
    /// Where it came from.
    pub source: Source,
    /// The thing it is about, where order for each resource matters.
    pub subject: Option<String>,
    /// Who caused it, as receivers may see it.
    pub person: Option<Person>,
    /// The JSON object, kept byte for byte.
    pub data: String,
    /// The object before the change, where the sender gave it.
    pub previous: Option<String>,
    /// When it happened; the moment of publishing when not given.
    pub occurred_at: Option<Time>,
}

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id in the system it came from.
    pub id: String,
    /// The e-mail address.
    pub email: String,
}

/// An event that is stored.
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) id: EventId,
    pub(crate) type_name: String,
    pub(crate) environment: Environment,
    pub(crate) source: Source,
    pub(crate) subject: Option<String>,
    /// What it is about in words, or else an id, for lists and search.
    pub(crate) title: String,
    /// The id of the thing it is about, to be found by.
    pub(crate) resource: Option<String>,
    pub(crate) person: Option<Person>,
    /// The bytes received; `None` once they are past their retention.
    pub(crate) data: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) occurred_at: Time,
    pub(crate) created_at: Time,
}
