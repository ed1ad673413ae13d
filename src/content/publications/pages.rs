//! Content > Publications: the list, one publication, its output, and the routes of its dialogs.

mod edit;
mod remove;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::store::Filter;
use super::{Publication, PublicationError, State, ops, store};
use crate::content::pages::{self, Number};
use crate::content::paging::{Paged, Span};
use crate::db::{Conn, DbError};
use crate::once::{FormId, once};
use crate::secret::same_hash;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::listing;
use crate::web::view::{Choice, Filled, Pager, When};
use crate::web::{Access, Form, Page, Query, Route, WebError, see_other};

/// Where the list is.
const LIST: &str = "/content/publications";

/// The routes of publications.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(LIST, admin, list),
        Route::post(LIST, admin, "publication.started", edit::publish),
        Route::get("/content/publications/new", admin, edit::new),
        Route::get("/content/publications/{number}", admin, show),
        Route::post("/content/publications/{number}", admin, "publication.changed", edit::rename),
        Route::get("/content/publications/{number}/edit", admin, edit::edit),
        Route::post("/content/publications/{number}/cancel", admin, "publication.cancelled", cancel),
        Route::get("/content/publications/{number}/delete", admin, remove::ask),
        Route::post("/content/publications/{number}/delete", admin, "publication.deleted", remove::delete),
        Route::get("/content/publications/{number}/delete-output", admin, remove::ask_output),
        Route::post(
            "/content/publications/{number}/delete-output",
            admin,
            "publication.output_deleted",
            remove::delete_output,
        ),
        Route::get("/content/publications/{number}/{token}.zip", Access::Link, archive),
    ]
}

/// The page of a publication.
fn address(number: i64) -> String {
    format!("{LIST}/{number}")
}

/// Where no dialog can say it better.
impl From<PublicationError> for WebError {
    fn from(error: PublicationError) -> Self {
        match error {
            PublicationError::Db(error) => error.into(),
            PublicationError::Gone => Self::NotFound,
            PublicationError::Stale(_)
            | PublicationError::DocumentGone
            | PublicationError::TooMany
            | PublicationError::Ended
            | PublicationError::NoOutput => Self::Conflict(error.to_string()),
        }
    }
}

/// A publication in a list.
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) document: String,
    pub(crate) state: Badge,
    pub(crate) format: String,
    /// Where the output is; none while running, or where it was not saved.
    pub(crate) archive: Option<String>,
    pub(crate) when: When,
}

/// The rows and their filter; also what stands behind the dialogs.
pub(crate) struct List {
    pub(crate) filled: Filled,
    pub(crate) rows: Vec<Row>,
    pub(crate) q: String,
    pub(crate) states: Vec<Choice>,
    pub(crate) pager: Pager,
    /// "4 publications, 1 running"
    pub(crate) count: String,
}

#[derive(Template)]
#[template(path = "publications/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

#[derive(Template)]
#[template(path = "publications/show.html")]
struct ShowPage {
    frame: Frame,
    number: i64,
    state: Badge,
    pages_done: i32,
    pages_total: i32,
    /// Why it failed; empty where it did not.
    failure: String,
    document: (i64, String),
    format: String,
    template: String,
    archive: Option<String>,
    /// Why there is no output to fetch; used where `archive` is none.
    no_archive: &'static str,
    size: String,
    started: When,
    started_by: String,
    ended: Option<When>,
    form_id: String,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    limit: String,
}

async fn list(app: Data<App>, admin: Admin, Query(query): Query<ListQuery>) -> Result<HttpResponse, WebError> {
    let span = pages::span(&query.cursor, &query.limit)?;
    let filter = Filter { text: pages::search(&query.q), state: pages::word(&query.state, State::parse)? };
    let read = app.db.read(move |conn| read_list(conn, &filter, span, &query.limit));
    let list = read.await.map_err(|error: DbError| error)?;
    ListPage { frame: frame(&admin, Some(&list)), list }.answer()
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame("Publications", Place::Publications);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

/// One page of the list, in three queries whatever its size.
fn read_list(conn: &mut Conn, filter: &Filter, span: Span, limit: &str) -> Result<List, DbError> {
    let paged = Paged::cut(store::page(conn, filter, span)?, span, |publication| publication.number);
    let state = filter.state.map(State::as_str).unwrap_or_default();
    let fields = [("q", filter.text.as_str()), ("state", state), ("limit", limit)];
    let pager = pages::pager(&paged, LIST, &fields, |publication| publication.number);
    let (all, running) = store::counts(conn)?;
    let count = match (all, running) {
        (0, _) => String::new(),
        (all, 0) => pages::counted(all, "publication", "publications"),
        (all, running) => format!("{}, {running} running", pages::counted(all, "publication", "publications")),
    };
    let mut states = vec![pages::none("Every state", state)];
    states.extend(pages::choices(State::ALL, state, State::as_str, State::as_str));
    Ok(List {
        filled: listing::filled(paged.rows.is_empty(), all > 0),
        rows: paged.rows.into_iter().map(row).collect(),
        q: filter.text.clone(),
        states,
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

fn row(publication: Publication) -> Row {
    Row {
        archive: publication.archive_path(),
        number: publication.number,
        title: publication.title,
        document: publication.document_title,
        state: badge(publication.state),
        format: publication.format.to_string(),
        when: pages::when(publication.created_at),
    }
}

fn badge(state: State) -> Badge {
    match state {
        State::Running => Badge::Running,
        State::Done => Badge::Done,
        State::Cancelled => Badge::Cancelled,
        State::Failed => Badge::Failed,
    }
}

async fn show(app: Data<App>, admin: Admin, Number(number): Number) -> Result<HttpResponse, WebError> {
    let read = app.db.read(move |conn| store::find(conn, number)?.ok_or(DbError::NotFound));
    let publication = read.await?;
    let mut frame = admin.frame(&publication.title, Place::Publications);
    frame.crumbs = vec![Crumb { label: "Publications".to_owned(), href: LIST.to_owned() }];
    let path = publication.archive_path();
    ShowPage {
        frame,
        number,
        state: badge(publication.state),
        pages_done: publication.pages_done,
        pages_total: publication.pages_total,
        archive: path.map(|path| format!("{}{path}", app.settings.public_url)),
        no_archive: no_archive(&publication),
        size: publication.archive.as_ref().map(|archive| size(archive.bytes)).unwrap_or_default(),
        failure: publication.failure.unwrap_or_default(),
        document: (publication.document_number, publication.document_title),
        format: publication.format.to_string(),
        template: publication.template,
        started: pages::when(publication.created_at),
        started_by: publication.started_by,
        ended: publication.ended_at.map(pages::when),
        form_id: app.ids.make::<FormId>().to_string(),
    }
    .answer()
}

fn no_archive(publication: &Publication) -> &'static str {
    match publication.state {
        State::Running => "Still being written.",
        State::Done if publication.keep_output => "Deleted.",
        State::Done => "Not saved.",
        State::Cancelled => "None: it was cancelled.",
        State::Failed => "None: it failed.",
    }
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576.. => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

async fn cancel(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<pages::Confirm>,
) -> Result<HttpResponse, WebError> {
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let cancelled =
        app.db.write(move |tx| once(tx, form_id, |tx| ops::cancel(tx, &actor, number).map(|_| address(number))));
    match cancelled.await {
        Ok(_) => admin.flash("The publication was cancelled."),
        // It ended between the page and the click: its page says how.
        Err(PublicationError::Ended) => admin.flash_problem("It had ended already."),
        Err(error) => return Err(error.into()),
    }
    Ok(see_other(&address(number)))
}

/// The output, for whoever has its link; a wrong link and a deleted output look the same.
async fn archive(app: Data<App>, path: Path<(String, String)>) -> Result<HttpResponse, WebError> {
    let (number, token) = path.into_inner();
    let number: i64 = number.parse().map_err(|_| WebError::NotFound)?;
    let read = app.db.read(move |conn| {
        let Some(publication) = store::find(conn, number)? else { return Err(DbError::NotFound) };
        match &publication.archive {
            Some(archive) if same_hash(&archive.token, &token) => {}
            Some(_) | None => return Err(DbError::NotFound),
        }
        store::output(conn, publication.id)?.ok_or(DbError::NotFound)
    });
    let file = read.await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/zip"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"publication-{number}.zip\"")))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header(("x-robots-tag", "noindex"))
        .body(file))
}
