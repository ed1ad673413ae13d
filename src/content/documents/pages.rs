//! Content > Documents: the list, one document, and the routes of its dialogs.

mod edit;
mod remove;
mod status;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::store::{Entry, Filter};
use super::{Document, DocumentError, Status, store};
use crate::content::pages::{self, Number};
use crate::content::paging::{Paged, Span};
use crate::db::{Conn, DbError};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::listing;
use crate::web::view::{Choice, Filled, Pager, When};
use crate::web::{Access, Page, Query, Route, WebError};

/// Where the list is.
const LIST: &str = "/content/documents";

/// The routes of documents.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(LIST, admin, list),
        Route::post(LIST, admin, "document.created", edit::create),
        Route::get("/content/documents/new", admin, edit::new),
        Route::get("/content/documents/{number}", admin, show),
        Route::post("/content/documents/{number}", admin, "document.changed", edit::change),
        Route::get("/content/documents/{number}/edit", admin, edit::edit),
        Route::get("/content/documents/{number}/status", admin, status::ask),
        Route::post("/content/documents/{number}/status", admin, "document.status_changed", status::change),
        Route::get("/content/documents/{number}/delete", admin, remove::ask),
        Route::post("/content/documents/{number}/delete", admin, "document.deleted", remove::delete),
    ]
}

/// The page of a document.
fn address(number: i64) -> String {
    format!("{LIST}/{number}")
}

/// Where no dialog can say it better.
impl From<DocumentError> for WebError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Db(error) => error.into(),
            DocumentError::Gone => Self::NotFound,
            DocumentError::Stale(_)
            | DocumentError::Locked
            | DocumentError::ParentLocked(_)
            | DocumentError::ParentGone
            | DocumentError::OwnComponent
            | DocumentError::TooDeep
            | DocumentError::TooMany
            | DocumentError::InUse(_)
            | DocumentError::Unchanged => Self::Conflict(error.to_string()),
        }
    }
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame("Documents", Place::Documents);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

/// A document in a list.
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) title: String,
    /// The title of the document it is part of; empty at the top.
    pub(crate) parent: String,
    pub(crate) status: Badge,
    pub(crate) language: String,
    pub(crate) changed: When,
}

/// The rows and their filter; also what stands behind the dialogs.
pub(crate) struct List {
    pub(crate) filled: Filled,
    pub(crate) rows: Vec<Row>,
    pub(crate) q: String,
    pub(crate) statuses: Vec<Choice>,
    pub(crate) pager: Pager,
    /// "6 documents, 1 released"
    pub(crate) count: String,
}

#[derive(Template)]
#[template(path = "documents/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

#[derive(Template)]
#[template(path = "documents/show.html")]
struct ShowPage {
    frame: Frame,
    number: i64,
    status: Badge,
    /// "Released by Maria Lindqvist", with the comment; empty in other statuses.
    release: String,
    template: String,
    language: String,
    /// Number and title of the document above.
    parent: Option<(i64, String)>,
    changed: When,
    changed_by: String,
    /// As typed; shown as text.
    body: String,
    components: Vec<Row>,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    limit: String,
}

async fn list(app: Data<App>, admin: Admin, Query(query): Query<ListQuery>) -> Result<HttpResponse, WebError> {
    let span = pages::span(&query.cursor, &query.limit)?;
    let filter = Filter { text: pages::search(&query.q), status: pages::word(&query.status, Status::parse)? };
    let list =
        app.db.read(move |conn| read_list(conn, &filter, span, &query.limit)).await.map_err(|error: DbError| error)?;
    ListPage { frame: frame(&admin, Some(&list)), list }.answer()
}

/// One page of the list, in four queries whatever its size.
fn read_list(conn: &mut Conn, filter: &Filter, span: Span, limit: &str) -> Result<List, DbError> {
    let paged = Paged::cut(store::page(conn, filter, span)?, span, |entry| entry.number);
    let status = filter.status.map(Status::as_str).unwrap_or_default();
    let fields = [("q", filter.text.as_str()), ("status", status), ("limit", limit)];
    let pager = pages::pager(&paged, LIST, &fields, |entry| entry.number);
    let (all, released) = store::counts(conn)?;
    let count = if all == 0 {
        String::new()
    } else {
        format!("{}, {released} released", pages::counted(all, "document", "documents"))
    };
    let mut statuses = vec![pages::none("Every status", status)];
    statuses.extend(pages::choices(Status::ALL, status, Status::as_str, Status::label));
    Ok(List {
        filled: listing::filled(paged.rows.is_empty(), all > 0),
        rows: rows(conn, paged.rows)?,
        q: filter.text.clone(),
        statuses,
        pager,
        count,
    })
}

/// The first page of the list, to stand behind a dialog where a whole page is wanted.
fn read_behind(conn: &mut Conn, whole: bool) -> Result<Option<List>, DbError> {
    if !whole {
        return Ok(None);
    }
    let first = Span { cursor: None, size: 25 };
    read_list(conn, &Filter::default(), first, "").map(Some)
}

fn rows(conn: &mut Conn, entries: Vec<Entry>) -> Result<Vec<Row>, DbError> {
    let parents: Vec<_> = entries.iter().filter_map(|entry| entry.parent_id).collect();
    let titles = store::titles(conn, &parents)?;
    let row = |entry: Entry| Row {
        number: entry.number,
        title: entry.title,
        parent: entry.parent_id.and_then(|id| titles.get(&id).cloned()).unwrap_or_default(),
        status: badge(entry.status),
        language: entry.language,
        changed: pages::when(entry.updated_at),
    };
    Ok(entries.into_iter().map(row).collect())
}

fn badge(status: Status) -> Badge {
    match status {
        Status::WorkInProgress => Badge::WorkInProgress,
        Status::InReview => Badge::InReview,
        Status::InTranslation => Badge::InTranslation,
        Status::InTranslationReview => Badge::InTranslationReview,
        Status::Released => Badge::Released,
    }
}

async fn show(app: Data<App>, admin: Admin, Number(number): Number) -> Result<HttpResponse, WebError> {
    let (document, parent, components) = app.db.read(move |conn| read_document(conn, number)).await?;
    let mut frame = admin.frame(&document.title, Place::Documents);
    frame.crumbs = vec![Crumb { label: "Documents".to_owned(), href: LIST.to_owned() }];
    ShowPage {
        frame,
        number,
        status: badge(document.status),
        release: release(&document),
        template: document.template,
        language: document.language,
        parent: parent.map(|parent| (parent.number, parent.title)),
        changed: pages::when(document.updated_at),
        changed_by: document.updated_by,
        body: document.body,
        components,
    }
    .answer()
}

/// A document with the one above it and those directly below it.
fn read_document(conn: &mut Conn, number: i64) -> Result<(Document, Option<Document>, Vec<Row>), DbError> {
    let document = store::find(conn, number)?.ok_or(DbError::NotFound)?;
    let parent = match document.parent {
        Some(parent) => store::find_by_id(conn, parent)?,
        None => None,
    };
    let children = store::children(conn, &[document.id])?;
    let components = rows(conn, children)?;
    Ok((document, parent, components))
}

fn release(document: &Document) -> String {
    match &document.release {
        Some(release) => format!("Released by {} on {}: “{}”", release.by, release.at, release.comment),
        None => String::new(),
    }
}
