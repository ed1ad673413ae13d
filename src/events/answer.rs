//! What the API tells of events, and how its description tells what it takes.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Environment, Event, EventId, Person, Source};
use crate::clock::Time;

/// What was published: the id of one event, or the ids of several in their order.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Accepted<'a> {
    /// After one event.
    One {
        /// The event.
        #[schema(value_type = EventId)]
        id: Option<&'a EventId>,
    },
    /// After an array.
    Many {
        /// The events, in the order of the request.
        ids: &'a [EventId],
    },
}

/// An event as it was published.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventAnswer<'a> {
    id: EventId,
    /// The event type.
    #[schema(example = "document.released")]
    r#type: &'a str,
    environment: Environment,
    source: Source,
    /// The thing it is about, where the sender named one.
    #[schema(example = "document:1042")]
    subject: Option<&'a str>,
    /// What it is about, as lists show it: `resource_title`, `title`, `name` or `subject` of the data, or else an id.
    #[schema(example = "Safety guide")]
    title: &'a str,
    /// Who caused it.
    actor: Option<PersonAnswer<'a>>,
    /// The object that was published; null once it is past the time that bodies are kept.
    #[schema(value_type = Option<Map<String, Value>>, example = json!({ "resource_id": 1042, "resource_title": "Safety guide" }))]
    data: Option<&'a RawValue>,
    /// The object before the change, where the sender gave it.
    #[schema(value_type = Option<Map<String, Value>>, example = json!({ "resource_id": 1042, "resource_title": "Safety" }))]
    previous: Option<&'a RawValue>,
    /// When it happened.
    occurred_at: Time,
    /// When it was published.
    created_at: Time,
}

/// Who caused an event.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonAnswer<'a> {
    /// The id in the system that it came from.
    #[schema(example = "u-17")]
    id: &'a str,
    /// The e-mail address.
    #[schema(example = "ada@example.com")]
    email: &'a str,
}

impl<'a> From<&'a Person> for PersonAnswer<'a> {
    fn from(person: &'a Person) -> Self {
        Self { id: &person.id, email: &person.email }
    }
}

impl<'a> From<&'a Event> for EventAnswer<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id,
            r#type: &event.type_name,
            environment: event.environment,
            source: event.source,
            subject: event.subject.as_deref(),
            title: &event.title,
            actor: event.person.as_ref().map(PersonAnswer::from),
            data: event.data.as_deref().and_then(raw),
            previous: event.previous.as_deref().and_then(raw),
            occurred_at: event.occurred_at,
            created_at: event.created_at,
        }
    }
}

/// The bytes as they were received.
fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}

/// One event, or 1 to 1,000 that are published all or none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = EventsToPublish)]
#[expect(dead_code, reason = "it describes what intake reads byte for byte")]
pub(super) enum ToPublish {
    #[schema(title = "One event")]
    One(NewEvent),
    #[schema(title = "Several events")]
    Many(Vec<NewEvent>),
}

/// An event to publish, of at most 256 KiB.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEvent {
    /// A type of the catalogue, built in or declared.
    #[schema(max_length = 100, pattern = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", example = "document.released")]
    r#type: String,
    /// The object that receivers get, byte for byte.
    #[schema(value_type = Map<String, Value>, example = json!({ "resource_id": 1042, "resource_title": "Safety guide" }))]
    data: String,
    /// When it happened, with a zone; the moment of publishing unless given.
    #[schema(nullable = false)]
    occurred_at: Option<Time>,
    /// The thing it is about: deliveries in order for each resource go by it.
    #[schema(nullable = false, min_length = 1, max_length = 256, example = "document:1042")]
    subject: Option<String>,
    /// Who caused it.
    #[schema(nullable = false)]
    actor: Option<PersonAnswer<'static>>,
    /// The object before the change.
    #[schema(
        value_type = Option<Map<String, Value>>, nullable = false,
        example = json!({ "resource_id": 1042, "resource_title": "Safety" })
    )]
    previous: Option<String>,
}
