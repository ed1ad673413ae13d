//! Content: documents, publications and assignments, the portal's own source of events.

pub mod assignments;
pub mod documents;
pub(crate) mod pages;
mod paging;
pub mod publications;
mod sample;
mod store;
mod text;

pub use sample::sample;

use std::sync::Arc;

use serde::Serialize;

use crate::audit::{Actor, ActorKind};
use crate::db::{DbError, Tx};
use crate::event_types::built_in;
use crate::events::{self, Draft, Environment, EventId, Person, Source};

/// The person behind an actor, as events carry it; nobody for what no person did.
fn person(actor: &Actor) -> Option<Person> {
    let id = actor.id.clone()?;
    let email = actor.email.clone()?;
    Some(Person { id, email })
}

/// True where the change came by the API.
fn is_api(actor: &Actor) -> bool {
    match actor.kind {
        ActorKind::ApiKey => true,
        ActorKind::User | ActorKind::System | ActorKind::Command => false,
    }
}

/// Raises an event about content in the transaction of the change. The fields of `data` leave in their order.
fn raise(
    tx: &mut Tx<'_>,
    kind: &'static str,
    person: Option<Person>,
    by_api: bool,
    data: &impl Serialize,
) -> Result<EventId, DbError> {
    let kind = built_in(kind).ok_or_else(|| DbError::Interrupted(format!("{kind} is not in the catalogue")))?;
    let data = serde_json::to_string(data).map_err(|error| DbError::Interrupted(error.to_string()))?;
    let draft = Draft {
        kind: Arc::clone(kind),
        environment: Environment::Production,
        source: if by_api { Source::Api } else { Source::Content },
        subject: None,
        person,
        data,
        previous: None,
        occurred_at: None,
    };
    events::publish(tx, draft)
}
