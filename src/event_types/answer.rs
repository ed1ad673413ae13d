//! Event types as programs read and write them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::form::EventTypeForm;
use super::{Catalogue, EventType};
use crate::clock::Time;

/// Every event type there is.
#[derive(Serialize, ToSchema)]
pub(super) struct EventTypeList<'a> {
    /// Group by group: the built-in ones, then those that were declared.
    data: Vec<EventTypeAnswer<'a>>,
}

impl<'a> EventTypeList<'a> {
    pub(super) fn of(catalogue: &'a Catalogue) -> Self {
        Self { data: catalogue.all().iter().map(|kind| EventTypeAnswer::of(kind)).collect() }
    }
}

/// A type of event.
#[derive(Serialize, ToSchema)]
#[schema(as = EventType)]
pub(super) struct EventTypeAnswer<'a> {
    /// What events are posted as, and webhooks tick.
    #[schema(example = "order.shipped")]
    name: &'a str,
    /// What the formats `notification` and `change` carry.
    #[schema(example = "ORDER_SHIPPED_EVENT")]
    code: &'a str,
    /// As people tick it.
    #[schema(example = "Order shipped")]
    label: &'a str,
    /// The heading that it stands under.
    #[schema(example = "Orders")]
    group: &'a str,
    /// When it happens; may be empty.
    #[schema(example = "An order left the warehouse.")]
    description: &'a str,
    /// What its data looks like, as JSON Schema.
    #[schema(
        value_type = Map<String, Value>,
        example = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } })
    )]
    schema: Option<&'a RawValue>,
    /// An example of its data.
    #[schema(value_type = Map<String, Value>, example = json!({ "id": 1042 }))]
    example: Option<&'a RawValue>,
    /// Built in; what is not can be changed and deleted.
    #[schema(example = false)]
    built_in: bool,
    /// Whether posted events are held against the schema.
    #[schema(example = true)]
    checked: bool,
    /// Counts from 1; grows with each change.
    #[schema(example = 3)]
    version: i32,
    /// When it was declared; null for a built-in one.
    created_at: Option<Time>,
    /// When it was last changed; null for a built-in one.
    updated_at: Option<Time>,
}

impl<'a> EventTypeAnswer<'a> {
    pub(super) fn of(kind: &'a EventType) -> Self {
        let declared = kind.declared.as_ref();
        Self {
            name: &kind.name,
            code: &kind.code,
            label: &kind.label,
            group: &kind.group,
            description: &kind.description,
            schema: serde_json::from_str(&kind.schema).ok(),
            example: serde_json::from_str(&kind.example).ok(),
            built_in: declared.is_none(),
            checked: kind.check().is_some(),
            version: kind.version,
            created_at: declared.map(|declared| declared.created_at),
            updated_at: declared.map(|declared| declared.updated_at),
        }
    }
}

/// All of a type that is declared or changed. What only answers have may stand here and counts for nothing, so that an
/// answer can be changed and sent back.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewEventType)]
pub(super) struct ToDeclare {
    /// As people tick it, 1 to 80 characters.
    #[schema(value_type = String, max_length = 80, example = "Order shipped")]
    label: Option<String>,
    /// The heading that it stands under, 1 to 80 characters.
    #[schema(value_type = String, max_length = 80, example = "Orders")]
    group: Option<String>,
    /// When it happens, at most 500 characters.
    #[schema(max_length = 500, example = "An order left the warehouse.")]
    description: Option<String>,
    /// JSON Schema of 2020-12 or draft-07, without references to elsewhere or back into itself; at most 64 KiB, and 1,000
    /// parts with its references followed.
    #[schema(
        value_type = Map<String, Value>,
        example = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } })
    )]
    schema: Option<Box<RawValue>>,
    /// Data that fits the schema.
    #[schema(value_type = Map<String, Value>, example = json!({ "id": 1042 }))]
    example: Option<Box<RawValue>>,
    /// Whether posted events are held against the schema; true unless given.
    #[schema(example = true)]
    checked: Option<bool>,
    /// The version that was changed; given, a change over a newer one is refused with `conflict`.
    #[schema(example = 3)]
    version: Option<i32>,
}

/// The fields of a type, those that only answers have among them.
pub(super) const FIELDS: [&str; 12] = [
    "name",
    "code",
    "label",
    "group",
    "description",
    "schema",
    "example",
    "built_in",
    "checked",
    "version",
    "created_at",
    "updated_at",
];

impl ToDeclare {
    /// The version that it was made from.
    pub(super) fn version(&self) -> Option<i32> {
        self.version
    }

    /// The same as the form would send it, so that one set of rules judges both.
    pub(super) fn into_form(self, name: &str) -> EventTypeForm {
        let json = |value: Option<Box<RawValue>>| value.map(|value| value.get().to_owned()).unwrap_or_default();
        EventTypeForm {
            name: name.to_owned(),
            label: self.label.unwrap_or_default(),
            group: self.group.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            schema: json(self.schema),
            example: json(self.example),
            checked: if self.checked.unwrap_or(true) { "true" } else { "" }.to_owned(),
            ..EventTypeForm::default()
        }
    }
}
