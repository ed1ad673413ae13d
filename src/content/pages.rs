//! What the pages of documents, publications and assignments share: numbers in paths, links, small views.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;

use super::paging::{Cursor, Paged, Span};
use super::{assignments, documents, publications};
use crate::clock::Time;
use crate::db::{Conn, DbError};
pub(super) use crate::web::Whole;
use crate::web::listing;
use crate::web::view::{Choice, Input, Pager, When};
use crate::web::{Route, WebError, need_another_look};

/// The most documents that a select offers, newest first.
const MOST_CHOICES: i64 = 500;
/// The longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 256;

/// The routes of content.
pub(crate) fn routes() -> Vec<Route> {
    [documents::pages::routes(), publications::pages::routes(), assignments::pages::routes()].concat()
}

/// The number in a path; what is no number of ours leads nowhere.
pub(super) struct Number(pub(super) i64);

impl FromRequest for Number {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("number").unwrap_or_default();
        let written_so = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if written_so { text.parse().ok() } else { None };
        ready(number.map(Self).ok_or(WebError::NotFound))
    }
}

/// The document that a link to a dialog starts from.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    pub(super) document: String,
}

/// The part of a list that an address asks for, before its filter.
pub(super) fn span(cursor: &str, limit: &str) -> Result<Span, WebError> {
    Span::parse(cursor, limit).ok_or_else(|| {
        WebError::BadRequest("This address asks for a page that does not exist. Start at the first page.".to_owned())
    })
}

/// The text to look for.
pub(super) fn search(text: &str) -> String {
    text.trim().chars().take(LONGEST_SEARCH).collect()
}

/// The word of a filter; empty is no filter, another word is no address of ours.
pub(super) fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, WebError> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = || WebError::BadRequest("This address asks for a filter that does not exist.".to_owned());
    parse(text).map(Some).ok_or_else(refused)
}

/// The way on from a page of a list; `fields` are the filters that stay.
pub(super) fn pager<T>(paged: &Paged<T>, path: &str, fields: &[(&str, &str)], number: impl Fn(&T) -> i64) -> Pager {
    let range = match (paged.rows.first(), paged.rows.last()) {
        (Some(first), Some(last)) if paged.rows.len() > 1 => {
            format!("Numbers {} to {}, newest first", number(first), number(last))
        }
        (Some(only), _) => format!("Number {}", number(only)),
        (None, _) => String::new(),
    };
    let to = |cursor: Cursor| {
        listing::address(path, fields.iter().copied().chain([("cursor", cursor.to_string().as_str())]))
    };
    Pager { range, newer: paged.newer.map(to), older: paged.older.map(to) }
}

/// The documents to choose from, and the chosen one even where it is older than all of them.
pub(super) fn document_choices(conn: &mut Conn, chosen: &str, but: Option<i64>) -> Result<Vec<Choice>, DbError> {
    let choice = |number: i64, title: &str| {
        let value = number.to_string();
        Choice { chosen: value == chosen, label: format!("{title} ({number})"), value }
    };
    let newest = documents::store::newest(conn, MOST_CHOICES)?;
    let mut choices: Vec<Choice> = newest
        .iter()
        .filter(|entry| Some(entry.number) != but)
        .map(|entry| choice(entry.number, &entry.title))
        .collect();
    if !choices.iter().any(|choice| choice.chosen)
        && let Ok(number) = chosen.parse()
        && let Some(document) = documents::store::find(conn, number)?
    {
        choices.push(choice(document.number, &document.title));
    }
    Ok(choices)
}

/// Words of an enum as choices, the chosen one marked.
pub(super) fn choices<T: Copy>(
    all: &[T],
    chosen: &str,
    word: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> Vec<Choice> {
    all.iter()
        .map(|value| Choice {
            value: word(*value).to_owned(),
            label: label(*value).to_owned(),
            chosen: word(*value) == chosen,
        })
        .collect()
}

/// A choice that stands for none.
pub(super) fn none(label: &str, chosen: &str) -> Choice {
    Choice { value: String::new(), label: label.to_owned(), chosen: chosen.is_empty() }
}

/// A field with what was typed and what is wrong with it.
pub(super) fn input(value: &str, error: &str) -> Input {
    Input { value: value.to_owned(), error: error.to_owned(), warning: String::new() }
}

/// A moment.
pub(super) fn when(at: Time) -> When {
    When { iso: at.rfc3339(), text: at.to_string() }
}

/// The line above a form that came back.
pub(super) fn problem(fields: usize) -> String {
    let told = need_another_look(fields);
    if told.is_empty() { told } else { format!("{told} Nothing was saved.") }
}

/// `1 document`, `12 documents`.
pub(super) fn counted(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The version that a form was read with; what is no number was changed by somebody and counts as old.
pub(super) fn version(text: &str) -> i32 {
    text.parse().unwrap_or_default()
}

/// A confirm without fields of its own.
#[derive(Deserialize)]
pub(super) struct Confirm {
    #[serde(default)]
    pub(super) form_id: String,
}
