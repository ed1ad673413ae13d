//! The list of webhooks: its filters and its pages by number.

mod row;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{LIST, counted, frame};
use crate::clock::Time;
use crate::db::Conn;
use crate::events::Environment;
use crate::once::FormId;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::listing;
use crate::web::view::{Choice, Filled, View};
use crate::web::{Page, Query, WebError};
use crate::webhooks::set::Webhooks;
use crate::webhooks::{State, Webhook};
pub(super) use row::badges;
use row::{Row, rows};

/// The sizes of a page; the first unless another is asked for.
const SIZES: [usize; 4] = [10, 25, 50, 100];
/// The longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 256;

/// Where a list that is paged by number goes on.
pub(super) struct Numbers {
    /// "1 - 10 of 32"
    pub(super) range: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    /// The sizes to choose from; none where all fit on the smallest.
    pub(super) sizes: Vec<View>,
}

/// The rows and their filter; also what stands behind the dialogs.
pub(super) struct List {
    pub(super) filled: Filled,
    pub(super) rows: Vec<Row>,
    pub(super) q: String,
    pub(super) states: Vec<Choice>,
    pub(super) environments: Vec<Choice>,
    /// Inactive webhooks are shown too.
    pub(super) disabled: bool,
    /// "2 inactive webhooks are not shown."; empty where all are.
    pub(super) hidden: String,
    /// What was looked for, where nothing is.
    pub(super) nothing: String,
    /// Guards the buttons that copy against a second click.
    pub(super) form_id: String,
    pub(super) numbers: Numbers,
    /// "12 webhooks, 1 disabled"
    pub(super) count: String,
}

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

/// The filter and the page, as they stand in the address.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    q: String,
    state: String,
    environment: String,
    disabled: String,
    page: String,
    limit: String,
}

pub(super) async fn list(
    app: Data<App>,
    admin: Admin,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, WebError> {
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let mut list = app.db.read(move |conn| read(conn, &webhooks, &query, now)).await?;
    list.form_id = app.ids.make::<FormId>().to_string();
    ListPage { frame: frame(&admin, Some(&list)), list }.answer()
}

/// The first page, to stand behind a dialog where a whole page is wanted.
pub(super) fn behind(conn: &mut Conn, webhooks: &Webhooks, whole: bool, now: Time) -> Result<Option<List>, WebError> {
    if whole { read(conn, webhooks, &ListQuery::default(), now).map(Some) } else { Ok(None) }
}

fn read(conn: &mut Conn, webhooks: &Webhooks, query: &ListQuery, now: Time) -> Result<List, WebError> {
    let state = listing::chosen(&query.state, State::parse, "This address asks for a state that does not exist.")?;
    let environment = listing::chosen(&query.environment, Environment::parse, listing::NO_ENVIRONMENT)?;
    let disabled = query.disabled == "true";
    // Who asks for a state, or searches, means all that has it.
    let shown = |webhook: &Webhook| disabled || state.is_some() || !query.q.is_empty() || webhook.active;
    let set = webhooks.read(conn)?;
    let q: String = query.q.trim().chars().take(LONGEST_SEARCH).collect();
    let sought = q.to_lowercase();
    let mut fitting: Vec<(String, &Webhook)> = set
        .all()
        .iter()
        .filter(|webhook| environment.is_none_or(|environment| webhook.environment == environment))
        .filter(|webhook| shown(webhook) && state.is_none_or(|state| webhook.state() == state))
        .map(|webhook| (webhook.name.to_lowercase(), &**webhook))
        .filter(|(name, webhook)| {
            [name, &webhook.code, &webhook.url.to_lowercase()].iter().any(|text| text.contains(&sought))
        })
        .collect();
    fitting.sort_by(|(name, webhook), (other_name, other)| (name, webhook.id).cmp(&(other_name, other.id)));
    let left_out = set.all().iter().filter(|webhook| !shown(webhook)).count();
    let (numbers, shown) = cut(query, &q, fitting.len());
    let page: Vec<&Webhook> = fitting[shown].iter().map(|(_, webhook)| *webhook).collect();
    Ok(List {
        filled: match (page.is_empty(), set.all().is_empty()) {
            (false, _) => Filled::Rows,
            (true, true) => Filled::Empty,
            (true, false) => Filled::NoMatch,
        },
        rows: rows(conn, &page, set.catalogue(), now)?,
        nothing: match q.as_str() {
            "" => "No webhook has the chosen state and environment.".to_owned(),
            q => format!("Nothing has “{q}” in its name, code or URL, and the chosen state and environment."),
        },
        q,
        disabled,
        hidden: hidden(left_out),
        form_id: String::new(),
        states: states(&query.state),
        environments: listing::environments(&query.environment),
        numbers,
        count: count(set.all().iter().map(|webhook| webhook.state())),
    })
}

/// Which of the fitting rows a page shows, and the way to the others. A page after the last is the last.
fn cut(query: &ListQuery, q: &str, all: usize) -> (Numbers, std::ops::Range<usize>) {
    let size = query.limit.parse().ok().filter(|size| SIZES.contains(size)).unwrap_or(SIZES[0]);
    let pages = all.div_ceil(size).max(1);
    let page = query.page.parse().unwrap_or(1).clamp(1, pages);
    let (start, end) = ((page - 1) * size, (page * size).min(all));
    let to = |page: usize, size: usize| {
        let limit = if size == SIZES[0] { String::new() } else { size.to_string() };
        let page = if page > 1 { page.to_string() } else { String::new() };
        let kept =
            [("q", q), ("state", &query.state), ("environment", &query.environment), ("disabled", &query.disabled)];
        listing::address(LIST, kept.into_iter().chain([("limit", limit.as_str()), ("page", &page)]))
    };
    let view = |label, value| View { label, href: to(1, value), current: value == size };
    let numbers = Numbers {
        range: format!("{} - {end} of {all}", (start + 1).min(all)),
        previous: (page > 1).then(|| to(page - 1, size)),
        next: (page < pages).then(|| to(page + 1, size)),
        sizes: if all > SIZES[0] {
            ["10", "25", "50", "100"].into_iter().zip(SIZES).map(|(label, size)| view(label, size)).collect()
        } else {
            Vec::new()
        },
    };
    (numbers, start..end)
}

fn states(chosen: &str) -> Vec<Choice> {
    let every = ("", "Every state");
    std::iter::once(every)
        .chain(State::ALL.iter().map(|state| (state.as_str(), state.label())))
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen })
        .collect()
}

fn hidden(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 inactive webhook is not shown.".to_owned(),
        count => format!("{count} inactive webhooks are not shown."),
    }
}

/// `12 webhooks, 1 disabled`
fn count(states: impl Iterator<Item = State>) -> String {
    let states: Vec<State> = states.collect();
    if states.is_empty() {
        return String::new();
    }
    let of = |state: State| states.iter().filter(|other| **other == state).count();
    let parts = [(of(State::Inactive), "inactive"), (of(State::Paused), "paused"), (of(State::Disabled), "disabled")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    counted(states.len(), "webhook") + &parts.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_as_people_count() {
        let query = |page: &str, limit: &str| ListQuery {
            page: page.to_owned(),
            limit: limit.to_owned(),
            ..ListQuery::default()
        };
        for (page, limit, all, range, shown) in [
            ("", "", 32, "1 - 10 of 32", 0..10),
            ("4", "", 32, "31 - 32 of 32", 30..32),
            ("9", "", 32, "31 - 32 of 32", 30..32),
            ("0", "25", 32, "1 - 25 of 32", 0..25),
            ("-1", "7", 3, "1 - 3 of 3", 0..3),
            ("x", "x", 0, "0 - 0 of 0", 0..0),
        ] {
            let (numbers, rows) = cut(&query(page, limit), "", all);
            assert_eq!((numbers.range.as_str(), rows), (range, shown), "{page} {limit}");
        }
    }

    #[test]
    fn the_way_on_keeps_the_filter() {
        let query = ListQuery {
            state: "active".to_owned(),
            page: "2".to_owned(),
            limit: "25".to_owned(),
            ..ListQuery::default()
        };
        let (numbers, _) = cut(&query, "a&b", 60);
        assert_eq!(numbers.previous.as_deref(), Some("/settings/webhooks?q=a%26b&state=active&limit=25"));
        assert_eq!(numbers.next.as_deref(), Some("/settings/webhooks?q=a%26b&state=active&limit=25&page=3"));
    }

    #[test]
    fn the_count_names_what_is_not_sent_to() {
        let line = |states: &[State]| count(states.iter().copied());
        assert_eq!(line(&[]), "");
        assert_eq!(line(&[State::Active]), "1 webhook");
        assert_eq!(line(&[State::Active, State::Disabled, State::Inactive]), "3 webhooks, 1 inactive, 1 disabled");
    }
}
