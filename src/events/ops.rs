//! Publishing: the one way in which an event comes to be, in the transaction of whatever caused it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Draft, Event, EventId};
use crate::db::{DbError, Tx};

/// Notes an event, as `Arc<Event>`, for the step before the commit that stores it with its deliveries; where no such
/// step is registered, the transaction fails.
///
/// # Errors
/// When the database cannot take it.
#[expect(clippy::unnecessary_wraps, reason = "whether it is stored here or before the commit is nobody's business")]
pub fn publish(tx: &mut Tx<'_>, draft: Draft) -> Result<EventId, DbError> {
    let now = tx.now();
    let (title, resource) = names(&draft);
    let event = Event {
        id: tx.make_id(),
        type_name: draft.kind.name.to_string(),
        environment: draft.environment,
        source: draft.source,
        title,
        resource,
        subject: draft.subject,
        person: draft.person,
        data: Some(draft.data),
        previous: draft.previous,
        occurred_at: draft.occurred_at.unwrap_or(now),
        created_at: now,
    };
    let id = event.id;
    tx.note(Arc::new(event));
    Ok(id)
}

/// The longest title and the longest id of a resource that are kept, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// What lists show beside the type (the resource's title, or else its id or the subject), and by which id the resource
/// is found: the subject, or else the id in the data.
fn names(draft: &Draft) -> (String, Option<String>) {
    #[derive(Default, Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        resource_title: Option<std::borrow::Cow<'a, str>>,
        #[serde(default)]
        resource_id: Option<Value>,
    }
    let Named { resource_title, resource_id } = serde_json::from_str(&draft.data).unwrap_or_default();
    let id = resource_id.map(|id| match id {
        Value::String(id) => id,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => id.to_string(),
    });
    let cut = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
    let resource = draft.subject.as_deref().or(id.as_deref()).filter(|id| !id.is_empty()).map(cut);
    let title = resource_title.as_deref().or(id.as_deref()).or(draft.subject.as_deref()).map(cut);
    (title.unwrap_or_default(), resource)
}
