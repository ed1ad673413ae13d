//! Settings > Audit: who changed what, when and from where, field by field.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::store::{self, Entry, Filter};
use super::words::sentence;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::history::moments;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::{Frame, Place};
use crate::web::listing::{self, capital, choices};
use crate::web::view::{Chip, Choice, Difference, Filled, Pager, When};
use crate::web::{Access, Page, Query, Route, WebError};

/// Where the page is.
const LIST: &str = "/settings/audit";
/// How many rows a page has.
const SIZE: i64 = 25;
/// What people filter by most; any action may stand in the address.
const ACTIONS: [&str; 14] = [
    "webhook.created",
    "webhook.changed",
    "webhook.deleted",
    "webhook.paused",
    "webhook.resumed",
    "webhook.secret_revealed",
    "webhook.secret_rotated",
    "delivery.resent",
    "api_key.created",
    "api_key.revoked",
    "user.password_changed",
    "login.ok",
    "document.status_changed",
    "access.refused",
];

/// The kinds of things, by the noun that is stored.
const KINDS: [(&str, &str); 13] = [
    ("webhook", "Webhooks"),
    ("credential", "Credentials"),
    ("event_type", "Event types"),
    ("catalogue", "Who may read the events"),
    ("delivery", "Single deliveries"),
    ("deliveries", "Deliveries by filter"),
    ("api_key", "API keys"),
    ("user", "People and their sign-ins"),
    ("sign_in", "Stopped sign-ins"),
    ("route", "Refused requests"),
    ("document", "Documents"),
    ("publication", "Publications"),
    ("assignment", "Assignments"),
];

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get(LIST, Access::Admin, list)]
}

/// One change.
struct Row {
    seq: i64,
    who: String,
    what: String,
    object: String,
    /// The page of what was changed, where there is one.
    href: Option<String>,
    when: When,
    /// "203.0.113.7"; empty for none.
    address: String,
    request: String,
    /// The fields, old and new.
    changes: Vec<Difference>,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    frame: Frame,
    actor: String,
    object: String,
    actions: Vec<Choice>,
    kinds: Vec<Choice>,
    from: String,
    to: String,
    problem: String,
    chips: Vec<Chip>,
    filled: Filled,
    rows: Vec<Row>,
    pager: Pager,
}

/// The fields of the address, as they came.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    actor: String,
    action: String,
    kind: String,
    object: String,
    from: String,
    to: String,
    cursor: String,
}

/// A page that is asked for: the filter, and on which side of which row.
type Asked = (Filter, Option<(bool, i64)>);

impl Typed {
    fn read(&self, now: Time) -> Result<Asked, &'static str> {
        let sound = |text: &str| !text.contains('\0') && text.chars().count() <= 256;
        if ![&self.actor, &self.action, &self.kind, &self.object].iter().all(|text| sound(text)) {
            return Err("A filter holds at most 256 characters.");
        }
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (from, until) = moments(&self.from, &self.to, now)?;
        let filter = Filter {
            actor: some(&self.actor),
            action: some(&self.action),
            kind: some(&self.kind),
            object: some(&self.object),
            from,
            until,
        };
        let seq = |text: &str| text.parse().ok().filter(|seq: &i64| *seq > 0);
        Ok((filter, listing::cursor(&self.cursor, seq)?))
    }

    fn fields(&self) -> [(&'static str, &'static str, &str); 6] {
        [
            ("actor", "Who", &self.actor),
            ("action", "What", &self.action),
            ("kind", "Kind", &self.kind),
            ("object", "Object", &self.object),
            ("from", "From", &self.from),
            ("to", "To", &self.to),
        ]
    }

    fn address(&self, without: &str, cursor: &str) -> String {
        let fields = self.fields().into_iter().filter(|(name, _, _)| *name != without);
        listing::address(LIST, fields.map(|(name, _, value)| (name, value)).chain([("cursor", cursor)]))
    }
}

async fn list(admin: Admin, app: web::Data<App>, Query(typed): Query<Typed>) -> Result<HttpResponse, WebError> {
    let (found, problem) = match typed.read(app.clock.now()) {
        Ok((filter, cursor)) => (Some(app.db.read(move |conn| look(conn, &filter, cursor)).await?), ""),
        Err(problem) => (None, problem),
    };
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(admin.frame("Audit", Place::Audit), &typed, found, problem).answer_with(status)
}

type Found = (Vec<Entry>, Option<(bool, i64)>);

fn look(conn: &mut Conn, filter: &Filter, cursor: Option<(bool, i64)>) -> Result<Found, DbError> {
    let found = store::page(conn, filter, cursor, SIZE + 1)?;
    if found.is_empty() && matches!(cursor, Some((true, _))) {
        // Nothing is newer any more: the newest are what the person looks for.
        return Ok((store::page(conn, filter, None, SIZE + 1)?, None));
    }
    Ok((found, cursor))
}

fn page(mut frame: Frame, typed: &Typed, found: Option<Found>, problem: &str) -> ListPage {
    let (mut entries, cursor) = found.unwrap_or_default();
    let more = i64::try_from(entries.len()).is_ok_and(|found| found > SIZE);
    entries.truncate(usize::try_from(SIZE).unwrap_or_default());
    let back = matches!(cursor, Some((true, _)));
    if back {
        entries.reverse();
    }
    let (newer, older) = if back { (more, true) } else { (cursor.is_some(), more) };
    let to = |letter: char, seq: i64| typed.address("", &format!("{letter}{seq}"));
    let any = typed.fields().iter().any(|(_, _, value)| !value.is_empty()) || cursor.is_some();
    if let (Some(newest), Some(oldest)) = (entries.first(), entries.last()) {
        frame.count = format!("Changes {} to {}, newest first", oldest.seq, newest.seq);
    }
    ListPage {
        frame,
        actor: typed.actor.clone(),
        object: typed.object.clone(),
        actions: actions(&typed.action),
        kinds: choices("Anything", &typed.kind, KINDS),
        from: typed.from.clone(),
        to: typed.to.clone(),
        problem: problem.to_owned(),
        chips: if problem.is_empty() { chips(typed) } else { Vec::new() },
        filled: listing::filled(entries.is_empty(), any),
        pager: Pager {
            range: String::new(),
            newer: entries.first().filter(|_| newer).map(|entry| to('n', entry.seq)),
            older: entries.last().filter(|_| older).map(|entry| to('o', entry.seq)),
        },
        rows: entries.into_iter().map(row).collect(),
    }
}

fn actions(chosen: &str) -> Vec<Choice> {
    let other = (!chosen.is_empty() && !ACTIONS.contains(&chosen)).then_some(chosen);
    let all = ACTIONS.into_iter().chain(other);
    choices("Anything", chosen, all.map(|action| (action, capital(sentence(action).unwrap_or(action)))))
}

fn chips(typed: &Typed) -> Vec<Chip> {
    let chip = |(name, label, value): (&'static str, &'static str, &str)| Chip {
        label: label.to_owned(),
        value: match name {
            "kind" => KINDS.iter().find(|(kind, _)| *kind == value).map_or(value, |(_, label)| label).to_owned(),
            "action" => sentence(value).unwrap_or(value).to_owned(),
            _ => value.to_owned(),
        },
        remove: typed.address(name, ""),
    };
    typed.fields().into_iter().filter(|(_, _, value)| !value.is_empty()).map(chip).collect()
}

fn row(entry: Entry) -> Row {
    let id = entry.object_id.unwrap_or_default();
    Row {
        seq: entry.seq,
        what: sentence(&entry.action).map_or_else(|| entry.action.clone(), str::to_owned),
        href: href(&entry.object_kind, &id),
        object: entry.object_name.filter(|name| !name.is_empty()).unwrap_or(id),
        who: entry.actor_name,
        when: When { iso: entry.at.rfc3339(), text: entry.at.utc().format("%Y-%m-%d %H:%M:%S UTC").to_string() },
        address: entry.address.unwrap_or_default(),
        request: entry.request_id.unwrap_or_default(),
        changes: changes(&entry.changes),
    }
}

fn href(kind: &str, id: &str) -> Option<String> {
    match kind {
        "webhook" => Some(format!("/settings/webhooks/{id}")),
        "delivery" => Some(format!("/deliveries/{id}")),
        "api_key" => Some("/settings/api-keys".to_owned()),
        _ => None,
    }
}

/// The stored fields, each with what it was and what it is; secrets only as "changed".
fn changes(stored: &str) -> Vec<Difference> {
    let fields: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
    let difference = |(name, value): (String, Value)| {
        let part = |key: &str| value.get(key).map(show).unwrap_or_default();
        match &value {
            Value::String(word) => Difference { label: name, theirs: String::new(), yours: word.clone() },
            _ => Difference { label: name, theirs: part("old"), yours: part("new") },
        }
    };
    fields.into_iter().map(difference).collect()
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
