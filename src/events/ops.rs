//! Publishing: the one way in which an event comes to be, in the transaction of whatever caused it.

use std::sync::Arc;

use serde::Deserialize;

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
    let event = Event {
        id: tx.make_id(),
        type_name: draft.kind.name.to_owned(),
        environment: draft.environment,
        source: draft.source,
        title: title(&draft),
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

/// What lists show beside the type: the resource's title, or else its id or the subject.
fn title(draft: &Draft) -> String {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        resource_title: Option<std::borrow::Cow<'a, str>>,
        #[serde(default)]
        resource_id: Option<serde_json::Value>,
    }
    const LONGEST: usize = 200;
    let named = serde_json::from_str::<Named<'_>>(&draft.data).ok();
    let title = match named {
        Some(Named { resource_title: Some(title), .. }) => title.into_owned(),
        Some(Named { resource_id: Some(serde_json::Value::String(id)), .. }) => id,
        Some(Named { resource_id: Some(id), .. }) => id.to_string(),
        _ => draft.subject.clone().unwrap_or_default(),
    };
    title.chars().take(LONGEST).collect()
}
