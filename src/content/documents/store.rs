//! The table of documents.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{DEEPEST, Document, DocumentId, Release, Status, Uses};
use crate::clock::Time;
use crate::content::paging::{Cursor, Span};
use crate::content::store::{lower::lower, pattern};
use crate::db::{Backend, Conn, DbError};
use crate::schema::{assignments, documents, publications};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = documents, treat_none_as_null = true)]
struct Row {
    id: DocumentId,
    number: i64,
    title: String,
    template: String,
    language: String,
    body: String,
    parent_id: Option<DocumentId>,
    status: Status,
    release_comment: Option<String>,
    released_by: Option<String>,
    released_at: Option<Time>,
    version: i32,
    created_at: Time,
    updated_at: Time,
    updated_by: String,
}

impl From<Row> for Document {
    fn from(row: Row) -> Self {
        let release = row.released_at.map(|at| Release {
            at,
            by: row.released_by.unwrap_or_default(),
            comment: row.release_comment.unwrap_or_default(),
        });
        Self {
            id: row.id,
            number: row.number,
            title: row.title,
            template: row.template,
            language: row.language,
            body: row.body,
            parent: row.parent_id,
            status: row.status,
            release,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        }
    }
}

impl From<&Document> for Row {
    fn from(document: &Document) -> Self {
        let release = document.release.clone();
        let (released_at, released_by, release_comment) = match release {
            Some(Release { at, by, comment }) => (Some(at), Some(by), Some(comment)),
            None => (None, None, None),
        };
        Self {
            id: document.id,
            number: document.number,
            title: document.title.clone(),
            template: document.template.clone(),
            language: document.language.clone(),
            body: document.body.clone(),
            parent_id: document.parent,
            status: document.status,
            release_comment,
            released_by,
            released_at,
            version: document.version,
            created_at: document.created_at,
            updated_at: document.updated_at,
            updated_by: document.updated_by.clone(),
        }
    }
}

/// A document without its body, for lists and trees.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = documents)]
pub(crate) struct Entry {
    pub(crate) id: DocumentId,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) parent_id: Option<DocumentId>,
    pub(crate) status: Status,
    pub(crate) language: String,
    pub(crate) updated_at: Time,
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// In the title, or the number.
    pub(crate) text: String,
    pub(crate) status: Option<Status>,
}

/// The document of that number.
pub(crate) fn find(conn: &mut Conn, number: i64) -> Result<Option<Document>, DbError> {
    let row: Option<Row> =
        documents::table.filter(documents::number.eq(number)).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Document::from))
}

/// The document of that id.
pub(crate) fn find_by_id(conn: &mut Conn, id: DocumentId) -> Result<Option<Document>, DbError> {
    let row: Option<Row> = documents::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Document::from))
}

/// The rows of a page, in the direction of its span.
pub(crate) fn page(conn: &mut Conn, filter: &Filter, span: Span) -> Result<Vec<Entry>, DbError> {
    let mut query = documents::table.select(Entry::as_select()).limit(span.reach()).into_boxed::<Backend>();
    if !filter.text.is_empty() {
        let title = lower(documents::title).like(pattern(&filter.text)).escape('\\');
        query = match filter.text.parse::<i64>() {
            Ok(number) => query.filter(title.or(documents::number.eq(number))),
            Err(_) => query.filter(title),
        };
    }
    if let Some(status) = filter.status {
        query = query.filter(documents::status.eq(status));
    }
    query = match span.cursor {
        None => query.order(documents::number.desc()),
        Some(Cursor::Below(number)) => query.filter(documents::number.lt(number)).order(documents::number.desc()),
        Some(Cursor::Above(number)) => query.filter(documents::number.gt(number)).order(documents::number.asc()),
    };
    Ok(query.load(conn)?)
}

/// The titles of those ids, in one query for a whole page.
pub(crate) fn titles(conn: &mut Conn, ids: &[DocumentId]) -> Result<HashMap<DocumentId, String>, DbError> {
    let rows: Vec<(DocumentId, String)> =
        documents::table.filter(documents::id.eq_any(ids)).select((documents::id, documents::title)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// How many there are, and how many of them are released.
pub(crate) fn counts(conn: &mut Conn) -> Result<(i64, i64), DbError> {
    let all = documents::table.count().get_result(conn)?;
    let released = documents::table.filter(documents::status.eq(Status::Released)).count().get_result(conn)?;
    Ok((all, released))
}

/// The newest documents, to choose from.
pub(crate) fn newest(conn: &mut Conn, most: i64) -> Result<Vec<Entry>, DbError> {
    Ok(documents::table.select(Entry::as_select()).order(documents::number.desc()).limit(most).load(conn)?)
}

/// The documents directly below those, by number.
pub(crate) fn children(conn: &mut Conn, parents: &[DocumentId]) -> Result<Vec<Entry>, DbError> {
    Ok(documents::table
        .filter(documents::parent_id.eq_any(parents))
        .select(Entry::as_select())
        .order(documents::number)
        .load(conn)?)
}

/// Everything below a document, level by level; one query for each level.
pub(crate) fn below(conn: &mut Conn, id: DocumentId) -> Result<Vec<Vec<Entry>>, DbError> {
    let mut levels = Vec::new();
    let mut parents = vec![id];
    while !parents.is_empty() && levels.len() < DEEPEST {
        let level = children(conn, &parents)?;
        parents = level.iter().map(|entry| entry.id).collect();
        if !level.is_empty() {
            levels.push(level);
        }
    }
    Ok(levels)
}

/// The bodies of those documents.
pub(crate) fn bodies(conn: &mut Conn, ids: &[DocumentId]) -> Result<HashMap<DocumentId, String>, DbError> {
    let rows: Vec<(DocumentId, String)> =
        documents::table.filter(documents::id.eq_any(ids)).select((documents::id, documents::body)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// What hangs on a document.
pub(crate) fn uses(conn: &mut Conn, id: DocumentId) -> Result<Uses, DbError> {
    Ok(Uses {
        components: documents::table.filter(documents::parent_id.eq(id)).count().get_result(conn)?,
        publications: publications::table.filter(publications::document_id.eq(id)).count().get_result(conn)?,
        assignments: assignments::table.filter(assignments::document_id.eq(id)).count().get_result(conn)?,
    })
}

pub(crate) fn insert(conn: &mut Conn, document: &Document) -> Result<(), DbError> {
    diesel::insert_into(documents::table).values(Row::from(document)).execute(conn)?;
    Ok(())
}

/// Writes every column of a document.
pub(super) fn update(conn: &mut Conn, document: &Document) -> Result<(), DbError> {
    let changed = diesel::update(documents::table.find(document.id)).set(Row::from(document)).execute(conn)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

pub(super) fn delete(conn: &mut Conn, id: DocumentId) -> Result<(), DbError> {
    diesel::delete(documents::table.find(id)).execute(conn)?;
    Ok(())
}
