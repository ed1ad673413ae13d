//! Declaring, changing and deleting event types, each with its audit row and the news for whoever keeps them in memory.

use serde_json::Value;

use super::form::Draft;
use super::{EventType, store};
use crate::audit::{self, Actor, Changes, Object};
use crate::credentials;
use crate::db::{DbError, Tx};
use crate::text::named;
use crate::webhooks::set::Webhooks;

/// The most declared types.
pub(crate) const MOST: usize = 200;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejected {
    /// There are as many as there may be.
    #[error("There are 200 declared event types, the most there can be; delete one that is no longer used.")]
    Full,
    /// There is a type of this name.
    #[error("There is an event type of this name; choose another.")]
    NameTaken,
    /// The code of another type would read the same.
    #[error("Its code would be that of {0}; choose another name.")]
    CodeTaken(String),
    /// Webhooks of these names tick it.
    #[error("{}", in_use(.0))]
    InUse(Vec<String>),
    /// Somebody saved it meanwhile.
    #[error("Somebody saved this event type while you were editing. Open it again and repeat your change.")]
    Stale,
    /// It was deleted meanwhile.
    #[error("This event type was deleted meanwhile.")]
    Gone,
    /// The database refused.
    #[error("the database refused")]
    Database(#[from] DbError),
}

fn in_use(webhooks: &[String]) -> String {
    format!("Webhooks are sent it: {}. Take it out there first.", named(webhooks.iter().map(String::as_str)))
}

/// What was there before a change, and what is to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Nothing may be there.
    Nothing,
    /// This version.
    Version(i32),
    /// Whatever is there, or nothing.
    Anything,
}

/// What a change did.
pub(crate) enum Saved {
    /// It is new.
    Declared(EventType),
    /// It replaced another version.
    Changed(EventType),
    /// Every value was the same: nothing was written.
    Same(EventType),
}

/// Declares a type, or changes one.
///
/// # Errors
/// When the name or the code is taken, there are too many, or the database cannot take it.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    actor: &Actor,
    over: Over,
    draft: Draft,
    webhooks: &Webhooks,
) -> Result<Saved, Rejected> {
    audit::hold(tx)?;
    let old = store::find(tx, &draft.name)?;
    match (over, &old) {
        (Over::Nothing, Some(_)) => return Err(Rejected::NameTaken),
        (Over::Version(_), None) => return Err(Rejected::Gone),
        (Over::Version(version), Some(saved)) if version != saved.version => return Err(Rejected::Stale),
        (Over::Nothing | Over::Anything, None) | (Over::Version(_) | Over::Anything, Some(_)) => {}
    }
    if let Some(twin) = draft.twin(webhooks.in_transaction(tx)?.catalogue()) {
        return Err(Rejected::CodeTaken(twin.name.to_string()));
    }
    if old.is_none() && store::names(tx)?.len() >= MOST {
        return Err(Rejected::Full);
    }
    let new = draft.build(old.as_ref(), tx.now());
    let changes = differences(old.as_ref(), &new);
    if let Some(old) = old.filter(|_| changes.is_empty()) {
        return Ok(Saved::Same(old));
    }
    let first = new.version == 1;
    store::put(tx, &new)?;
    finish(tx, actor, if first { "event_type.declared" } else { "event_type.changed" }, &new, &changes, webhooks)?;
    Ok(if first { Saved::Declared(new) } else { Saved::Changed(new) })
}

/// Removes a declared type that no webhook ticks. Its events stay, under its name.
///
/// # Errors
/// When webhooks tick it, there is none, or the database cannot take it.
pub(crate) fn delete(tx: &mut Tx<'_>, actor: &Actor, name: &str, webhooks: &Webhooks) -> Result<(), Rejected> {
    audit::hold(tx)?;
    let set = webhooks.in_transaction(tx)?;
    // Looked up in memory: an address may hold what no column of text can.
    let kind = set.catalogue().find(name).filter(|kind| kind.declared.is_some()).ok_or(Rejected::Gone)?;
    let sent: Vec<String> = set.ticking(name).map(|webhook| webhook.name.clone()).collect();
    if !sent.is_empty() {
        return Err(Rejected::InUse(sent));
    }
    store::delete(tx, name)?;
    finish(tx, actor, "event_type.deleted", kind, &Changes::none(), webhooks)?;
    Ok(())
}

/// Lets everybody read the pages of the types, or administrators alone; false where it was so before.
///
/// # Errors
/// When the database cannot take it.
pub(crate) fn set_public(tx: &mut Tx<'_>, actor: &Actor, is_public: bool) -> Result<bool, DbError> {
    audit::hold(tx)?;
    if store::is_public(tx)? == is_public {
        return Ok(false);
    }
    store::set_public(tx, is_public)?;
    let object = Object { kind: "catalogue", id: "catalogue", name: "Available webhook events" };
    let action = if is_public { "catalogue.made_public" } else { "catalogue.made_private" };
    audit::record(tx, actor, action, &object, &Changes::none())?;
    Ok(true)
}

/// What every change leaves: its audit row, and the new version of what is sent.
fn finish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    kind: &EventType,
    changes: &Changes,
    webhooks: &Webhooks,
) -> Result<(), DbError> {
    let object = Object { kind: "event_type", id: &kind.name, name: &kind.label };
    audit::record(tx, actor, action, &object, changes)?;
    credentials::touch(tx)?;
    // Read anew, so that this process has it in mind once it is committed.
    webhooks.in_transaction(tx).map(drop)
}

type Read = fn(&EventType) -> Value;

fn differences(old: Option<&EventType>, new: &EventType) -> Changes {
    let was = |read: Read| old.map_or(Value::Null, read);
    let fields: [(&str, Read); 6] = [
        ("label", |kind| (*kind.label).into()),
        ("group", |kind| (*kind.group).into()),
        ("description", |kind| (*kind.description).into()),
        ("schema", |kind| (*kind.schema).into()),
        ("example", |kind| (*kind.example).into()),
        ("checked", |kind| kind.check().is_some().into()),
    ];
    fields.into_iter().fold(Changes::none(), |changes, (name, read)| changes.field(name, was(read), read(new)))
}
