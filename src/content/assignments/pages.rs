//! Content > Assignments: the list, and the routes of an assignment's page and of its dialogs.

mod edit;
mod remove;
mod show;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use chrono::Datelike;
use serde::Deserialize;

use super::store::Filter;
use super::{Assignment, AssignmentError, Kind, store};
use crate::clock::Time;
use crate::content::pages;
use crate::content::paging::{Paged, Span};
use crate::db::{Conn, DbError};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::{Frame, Place};
use crate::web::listing;
use crate::web::view::{Choice, Filled, Pager};
use crate::web::{Access, Page, Query, Route, WebError};

/// Where the list is.
const LIST: &str = "/content/assignments";

/// The routes of assignments.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(LIST, admin, list),
        Route::post(LIST, admin, "assignment.created", edit::create),
        Route::get("/content/assignments/new", admin, edit::new),
        Route::get("/content/assignments/{number}", admin, show::show),
        Route::post("/content/assignments/{number}", admin, "assignment.changed", edit::change),
        Route::get("/content/assignments/{number}/edit", admin, edit::edit),
        Route::post("/content/assignments/{number}/status", admin, "assignment.user_status_changed", show::decide),
        Route::get("/content/assignments/{number}/delete", admin, remove::ask),
        Route::post("/content/assignments/{number}/delete", admin, "assignment.deleted", remove::delete),
    ]
}

/// The page of an assignment.
fn address(number: i64) -> String {
    format!("{LIST}/{number}")
}

/// Where no dialog can say it better.
impl From<AssignmentError> for WebError {
    fn from(error: AssignmentError) -> Self {
        match error {
            AssignmentError::Db(error) => error.into(),
            AssignmentError::Gone => Self::NotFound,
            AssignmentError::Stale(_)
            | AssignmentError::DocumentGone
            | AssignmentError::NotAssigned
            | AssignmentError::Overtaken => Self::Conflict(error.to_string()),
        }
    }
}

/// An assignment in a list.
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) document: String,
    pub(crate) kind: &'static str,
    pub(crate) language: String,
    pub(crate) assignees: String,
    /// "17 Feb to 24 Feb 2025"
    pub(crate) dates: String,
}

/// The rows and their filter; also what stands behind the dialogs.
pub(crate) struct List {
    pub(crate) filled: Filled,
    pub(crate) rows: Vec<Row>,
    pub(crate) q: String,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) pager: Pager,
    /// "3 assignments, 2 still open"
    pub(crate) count: String,
}

#[derive(Template)]
#[template(path = "assignments/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    limit: String,
}

async fn list(app: Data<App>, admin: Admin, Query(query): Query<ListQuery>) -> Result<HttpResponse, WebError> {
    let span = pages::span(&query.cursor, &query.limit)?;
    let filter = Filter { text: pages::search(&query.q), kind: pages::word(&query.kind, Kind::parse)? };
    let today = today(app.clock.now());
    let read = app.db.read(move |conn| read_list(conn, &filter, span, &query.limit, today));
    let list = read.await.map_err(|error: DbError| error)?;
    ListPage { frame: frame(&admin, Some(&list)), list }.answer()
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame("Assignments", Place::Assignments);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

/// The start of the day in UTC.
fn today(now: Time) -> Time {
    let start = now.utc().date_naive().and_hms_opt(0, 0, 0);
    start.map_or(now, |start| Time::from_utc(start.and_utc()))
}

/// One page of the list, in three queries whatever its size.
fn read_list(conn: &mut Conn, filter: &Filter, span: Span, limit: &str, today: Time) -> Result<List, DbError> {
    let paged = Paged::cut(store::page(conn, filter, span)?, span, |assignment| assignment.number);
    let kind = filter.kind.map(Kind::as_str).unwrap_or_default();
    let fields = [("q", filter.text.as_str()), ("kind", kind), ("limit", limit)];
    let pager = pages::pager(&paged, LIST, &fields, |assignment| assignment.number);
    let (all, open) = store::counts(conn, today)?;
    let count = if all == 0 {
        String::new()
    } else {
        format!("{}, {open} still open", pages::counted(all, "assignment", "assignments"))
    };
    let mut kinds = vec![pages::none("Every type", kind)];
    kinds.extend(pages::choices(Kind::ALL, kind, Kind::as_str, Kind::label));
    Ok(List {
        filled: listing::filled(paged.rows.is_empty(), all > 0),
        rows: paged.rows.into_iter().map(row).collect(),
        q: filter.text.clone(),
        kinds,
        pager,
        count,
    })
}

/// The first page of the list, to stand behind a dialog where a whole page is wanted.
fn read_behind(conn: &mut Conn, whole: bool, today: Time) -> Result<Option<List>, DbError> {
    if !whole {
        return Ok(None);
    }
    let first = Span { cursor: None, size: 25 };
    read_list(conn, &Filter::default(), first, "", today).map(Some)
}

fn row(assignment: Assignment) -> Row {
    Row {
        number: assignment.number,
        kind: assignment.kind.label(),
        assignees: assignment.assignees.join(", "),
        dates: dates(assignment.starts_on, assignment.ends_on),
        document: assignment.document_title,
        language: assignment.language,
    }
}

/// From and to, with each year once.
fn dates(start: Time, end: Time) -> String {
    let (start, end) = (start.utc(), end.utc());
    let first = if start.year() == end.year() { "%-d %b" } else { "%-d %b %Y" };
    format!("{} to {}", start.format(first), end.format("%-d %b %Y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_days_names_each_year_once() {
        let day = |micros| Time::from_micros(micros);
        assert_eq!(dates(day(1_739_750_400_000_000), day(1_740_355_200_000_000)), "17 Feb to 24 Feb 2025");
        assert_eq!(dates(day(1_735_603_200_000_000), day(1_735_862_400_000_000)), "31 Dec 2024 to 3 Jan 2025");
    }
}
