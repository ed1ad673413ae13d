//! Publishing, and what a person does with a publication: every change with its audit row, in one transaction.

use super::{Draft, Publication, PublicationError, State, store};
use crate::audit::{self, Actor, Changes, Object};
use crate::content;
use crate::content::documents::{self, Document, LARGEST_TREE};
use crate::db::{DbError, Tx};

/// Starts a publication: the worker does the rest.
pub(crate) fn publish(tx: &mut Tx<'_>, actor: &Actor, draft: &Draft) -> Result<Publication, PublicationError> {
    let number = content::store::next_number(tx)?;
    let document = documents::store::find(tx, draft.document)?.ok_or(PublicationError::DocumentGone)?;
    let pages = 1 + documents::store::below(tx, document.id)?.iter().map(Vec::len).sum::<usize>();
    if pages > LARGEST_TREE + 1 {
        return Err(PublicationError::TooMany);
    }
    let publication = assemble(tx, actor, draft, number, document, pages);
    store::insert(tx, &publication)?;
    let changes = Changes::none()
        .value("document", publication.document_number)
        .value("format", publication.format.as_str())
        .value("save_output", publication.keep_output);
    record(tx, actor, "publication.started", &publication, &changes)?;
    Ok(publication)
}

/// What a draft becomes.
fn assemble(tx: &Tx<'_>, actor: &Actor, draft: &Draft, number: i64, document: Document, pages: usize) -> Publication {
    Publication {
        id: tx.make_id(),
        number,
        document_id: document.id,
        document_number: document.number,
        title: if draft.title.is_empty() { document.title.clone() } else { draft.title.clone() },
        document_title: document.title,
        template: document.template,
        format: draft.format,
        keep_output: draft.keep_output,
        state: State::Running,
        pages_done: 0,
        pages_total: i32::try_from(pages).unwrap_or(i32::MAX),
        archive: None,
        failure: None,
        person: content::person(actor),
        started_by: actor.name.clone(),
        version: 1,
        created_at: tx.now(),
        ended_at: None,
    }
}

/// Changes the title of a publication that nobody changed since `version` was read.
pub(crate) fn rename(
    tx: &mut Tx<'_>,
    actor: &Actor,
    number: i64,
    version: i32,
    title: &str,
) -> Result<Publication, PublicationError> {
    let old = open(tx, number)?;
    if old.version != version {
        return Err(PublicationError::Stale(Box::new(old)));
    }
    let title = if title.is_empty() { &old.document_title } else { title }.to_owned();
    let changes = Changes::none().field("title", old.title.as_str(), title.as_str());
    let publication = Publication { title, version: old.version + 1, ..old };
    store::set_title(tx, &publication)?;
    record(tx, actor, "publication.changed", &publication, &changes)?;
    Ok(publication)
}

/// Stops a running publication; its job hears of it at its next word.
pub(crate) fn cancel(tx: &mut Tx<'_>, actor: &Actor, number: i64) -> Result<Publication, PublicationError> {
    let publication = open(tx, number)?;
    let now = tx.now();
    if !store::cancel(tx, publication.id, now)? {
        return Err(PublicationError::Ended);
    }
    record(tx, actor, "publication.cancelled", &publication, &Changes::none())?;
    Ok(publication)
}

/// Deletes a publication with its output; a running job finds nothing to write to and stops.
pub(crate) fn delete(tx: &mut Tx<'_>, actor: &Actor, number: i64) -> Result<(), PublicationError> {
    let publication = open(tx, number)?;
    store::delete(tx, publication.id)?;
    record(tx, actor, "publication.deleted", &publication, &Changes::none())?;
    Ok(())
}

/// Erases the output; its link stops working.
pub(crate) fn delete_output(tx: &mut Tx<'_>, actor: &Actor, number: i64) -> Result<(), PublicationError> {
    let publication = open(tx, number)?;
    if publication.archive.is_none() {
        return Err(PublicationError::NoOutput);
    }
    store::delete_output(tx, publication.id)?;
    record(tx, actor, "publication.output_deleted", &publication, &Changes::none())?;
    Ok(())
}

fn open(tx: &mut Tx<'_>, number: i64) -> Result<Publication, PublicationError> {
    content::store::lock(tx)?;
    store::find(tx, number)?.ok_or(PublicationError::Gone)
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    publication: &Publication,
    changes: &Changes,
) -> Result<(), DbError> {
    let object = Object { kind: "publication", id: publication.id.as_str(), name: &publication.title };
    audit::record(tx, actor, action, &object, changes)
}
