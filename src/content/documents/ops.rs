//! Changing documents: every change with its audit row, a change of status with its events, in one transaction.

use serde::Serialize;

use super::{DEEPEST, Document, DocumentError, DocumentId, Draft, LARGEST_TREE, Release, Status, StatusChange, store};
use crate::audit::{self, Actor, Changes, Object};
use crate::content;
use crate::db::{Conn, DbError, Tx};

/// What receivers read of a document that got a status.
#[derive(Serialize)]
struct StatusSet<'a> {
    resource_id: i64,
    resource_title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    template_name: &'a str,
}

/// Adds a document.
pub(crate) fn create(tx: &mut Tx<'_>, actor: &Actor, draft: &Draft) -> Result<Document, DocumentError> {
    let number = content::store::next_number(tx)?;
    let parent = place(tx, None, draft.parent)?;
    let now = tx.now();
    let document = Document {
        id: tx.make_id(),
        number,
        title: draft.title.clone(),
        template: draft.template.clone(),
        language: draft.language.clone(),
        body: draft.body.clone(),
        parent,
        status: Status::WorkInProgress,
        release: None,
        version: 1,
        created_at: now,
        updated_at: now,
        updated_by: actor.name.clone(),
    };
    store::insert(tx, &document)?;
    let changes = Changes::none()
        .value("title", document.title.as_str())
        .value("template", document.template.as_str())
        .value("language", document.language.as_str())
        .value("part_of", draft.parent);
    record(tx, actor, "document.created", &document, &changes)?;
    Ok(document)
}

/// Changes a document that is not locked and that nobody changed since `version` was read.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    number: i64,
    version: i32,
    draft: &Draft,
) -> Result<Document, DocumentError> {
    let old = open(tx, number, version)?;
    if old.status == Status::Released {
        return Err(DocumentError::Locked);
    }
    let above = above(tx, &old)?;
    let parent = place(tx, Some(&old), draft.parent)?;
    if parent != old.parent {
        refuse_locked(above.as_ref())?;
    }
    let document = Document {
        title: draft.title.clone(),
        template: draft.template.clone(),
        language: draft.language.clone(),
        body: draft.body.clone(),
        parent,
        version: old.version + 1,
        updated_at: tx.now(),
        updated_by: actor.name.clone(),
        ..old.clone()
    };
    store::update(tx, &document)?;
    let mut changes = Changes::none()
        .field("title", old.title.as_str(), document.title.as_str())
        .field("template", old.template.as_str(), document.template.as_str())
        .field("language", old.language.as_str(), document.language.as_str())
        .field("part_of", above.map(|above| above.number), draft.parent);
    if old.body != document.body {
        // A body can be long: the trail says that it changed, not every word.
        changes = changes.value("body", format!("changed, now {} bytes", document.body.len()));
    }
    record(tx, actor, "document.changed", &document, &changes)?;
    Ok(document)
}

/// Changes the status of a document and, where asked, of everything below it; returns how many really changed.
/// Each that changed raises the event of its new status, where that has one.
pub(crate) fn change_status(
    tx: &mut Tx<'_>,
    actor: &Actor,
    number: i64,
    version: i32,
    change: &StatusChange,
) -> Result<usize, DocumentError> {
    let first = open(tx, number, version)?;
    let mut below: Vec<DocumentId> = Vec::new();
    if change.include_components {
        let levels = store::below(tx, first.id)?;
        below = levels.into_iter().flatten().filter(|entry| entry.status != change.to).map(|entry| entry.id).collect();
    }
    if below.len() > LARGEST_TREE {
        return Err(DocumentError::TooMany);
    }
    let mut changed = 0;
    if first.status != change.to {
        set_status(tx, actor, first, change)?;
        changed += 1;
    }
    for id in below {
        let document = store::find_by_id(tx, id)?.ok_or(DocumentError::Gone)?;
        set_status(tx, actor, document, change)?;
        changed += 1;
    }
    if changed == 0 { Err(DocumentError::Unchanged) } else { Ok(changed) }
}

fn set_status(tx: &mut Tx<'_>, actor: &Actor, old: Document, change: &StatusChange) -> Result<(), DbError> {
    let document = set_status_quietly(tx, actor, old, change)?;
    let Some(event) = document.status.event() else { return Ok(()) };
    let data =
        StatusSet { resource_id: document.number, resource_title: &document.title, template_name: &document.template };
    content::raise(tx, event, content::person(actor), content::is_api(actor), &data)?;
    Ok(())
}

/// The change without its event.
pub(in crate::content) fn set_status_quietly(
    tx: &mut Tx<'_>,
    actor: &Actor,
    old: Document,
    change: &StatusChange,
) -> Result<Document, DbError> {
    let now = tx.now();
    let release = match change.to {
        Status::Released => Some(Release { at: now, by: actor.name.clone(), comment: change.comment.clone() }),
        Status::WorkInProgress | Status::InReview | Status::InTranslation | Status::InTranslationReview => None,
    };
    let mut changes = Changes::none().field("status", old.status.as_str(), change.to.as_str());
    if !change.comment.is_empty() {
        changes = changes.value("comment", change.comment.as_str());
    }
    let document = Document {
        status: change.to,
        release,
        version: old.version + 1,
        updated_at: now,
        updated_by: actor.name.clone(),
        ..old
    };
    store::update(tx, &document)?;
    record(tx, actor, "document.status_changed", &document, &changes)?;
    Ok(document)
}

/// Deletes a document on which nothing hangs.
pub(crate) fn delete(tx: &mut Tx<'_>, actor: &Actor, number: i64) -> Result<(), DocumentError> {
    content::store::lock(tx)?;
    let document = store::find(tx, number)?.ok_or(DocumentError::Gone)?;
    check_deletable(tx, &document)?;
    store::delete(tx, document.id)?;
    record(tx, actor, "document.deleted", &document, &Changes::none())?;
    Ok(())
}

/// Why this document may not be deleted now, for the dialog that asks and for the deed.
pub(crate) fn check_deletable(conn: &mut Conn, document: &Document) -> Result<(), DocumentError> {
    if document.status == Status::Released {
        return Err(DocumentError::Locked);
    }
    refuse_locked(above(conn, document)?.as_ref())?;
    let uses = store::uses(conn, document.id)?;
    if uses.is_none() { Ok(()) } else { Err(DocumentError::InUse(uses)) }
}

/// Reads a document for a change, unless somebody changed it since `version`.
fn open(tx: &mut Tx<'_>, number: i64, version: i32) -> Result<Document, DocumentError> {
    content::store::lock(tx)?;
    let document = store::find(tx, number)?.ok_or(DocumentError::Gone)?;
    if document.version == version { Ok(document) } else { Err(DocumentError::Stale(Box::new(document))) }
}

/// The document above.
fn above(conn: &mut Conn, document: &Document) -> Result<Option<Document>, DbError> {
    match document.parent {
        Some(parent) => store::find_by_id(conn, parent),
        None => Ok(None),
    }
}

fn refuse_locked(above: Option<&Document>) -> Result<(), DocumentError> {
    match above {
        Some(above) if above.status == Status::Released => Err(DocumentError::ParentLocked(above.title.clone())),
        Some(_) | None => Ok(()),
    }
}

/// The id of the document to be put under, once it is sure that it may be.
fn place(
    conn: &mut Conn,
    document: Option<&Document>,
    parent: Option<i64>,
) -> Result<Option<DocumentId>, DocumentError> {
    let Some(number) = parent else { return Ok(None) };
    let parent = store::find(conn, number)?.ok_or(DocumentError::ParentGone)?;
    if document.is_some_and(|document| document.parent == Some(parent.id)) {
        return Ok(Some(parent.id));
    }
    refuse_locked(Some(&parent))?;
    let mut levels_above = 1;
    let mut step = Some(parent.clone());
    while let Some(current) = step {
        if document.is_some_and(|document| document.id == current.id) {
            return Err(DocumentError::OwnComponent);
        }
        step = above(conn, &current)?;
        levels_above += usize::from(step.is_some());
    }
    let levels_below = match document {
        Some(document) => store::below(conn, document.id)?.len(),
        None => 0,
    };
    if levels_above + 1 + levels_below > DEEPEST { Err(DocumentError::TooDeep) } else { Ok(Some(parent.id)) }
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    document: &Document,
    changes: &Changes,
) -> Result<(), DbError> {
    let object = Object { kind: "document", id: document.id.as_str(), name: &document.title };
    audit::record(tx, actor, action, &object, changes)
}
