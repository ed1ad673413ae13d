//! Available webhook events: what can be subscribed to, what a receiver gets for each, and how more are declared; and the
//! choice of types.

mod edit;
mod reader;
mod remove;

use std::sync::Arc;

pub(crate) use reader::admit;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::fields::{Field, fields};
use super::ops::Rejected;
use super::{Catalogue, EventType, store};
use crate::events::EventId;
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::text::shell_word;
use crate::web::exchange::text_body;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Body, Choice, ChoiceGroup, When};
use crate::web::{Access, Page, Query, Route, Site, WebError};
use crate::webhooks::Format;
use crate::webhooks::form::WebhookForm;
use crate::webhooks::pages::format_label;
use crate::webhooks::request::{self, Facts, Unwritten};

/// Where the list is.
const LIST: &str = "/event-types";
const HEADING: &str = "Available webhook events";
/// How a receiver verifies a signature without a library, as the page for writers of receivers has it too.
const VERIFY: [Snippet; 2] = [
    Snippet { id: "verify-python", language: "Python", code: include_str!("verify/by_hand.py") },
    Snippet { id: "verify-javascript", language: "JavaScript", code: include_str!("verify/by_hand.js") },
];

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let (admin, reader) = (Access::Admin, Access::Catalogue);
    vec![
        Route::get(LIST, reader, list),
        Route::get("/event-types/openapi.json", reader, document),
        Route::post("/event-types/public", admin, "catalogue.made_public catalogue.made_private", reader::change),
        Route::post(LIST, admin, "event_type.declared", edit::create),
        Route::get("/event-types/new", admin, edit::new),
        Route::get("/event-types/{name}", reader, show),
        Route::post("/event-types/{name}", admin, "event_type.changed", edit::change),
        Route::get("/event-types/{name}/edit", admin, edit::edit),
        Route::get("/event-types/{name}/delete", admin, remove::confirm_delete),
        Route::post("/event-types/{name}/delete", admin, "event_type.deleted", remove::delete),
    ]
}

/// Where no dialog can say it better.
impl From<Rejected> for WebError {
    fn from(error: Rejected) -> Self {
        match error {
            Rejected::Database(error) => error.into(),
            Rejected::Gone => Self::NotFound,
            Rejected::Full | Rejected::NameTaken | Rejected::CodeTaken(_) | Rejected::InUse(_) | Rejected::Stale => {
                Self::Conflict(error.to_string())
            }
        }
    }
}

/// The page of a type.
fn address(name: &str) -> String {
    format!("{LIST}/{name}")
}

/// The whole catalogue to choose from; a type that it does not have stands for itself below.
pub(crate) fn choices_by_group(catalogue: &Catalogue, chosen: &[impl AsRef<str>]) -> Vec<ChoiceGroup> {
    let is_chosen = |name: &str| chosen.iter().any(|one| one.as_ref() == name);
    let choice = |kind: &EventType| Choice {
        value: kind.name.to_string(),
        label: kind.label.to_string(),
        chosen: is_chosen(&kind.name),
    };
    let mut groups: Vec<ChoiceGroup> = catalogue
        .groups()
        .map(|(group, types)| ChoiceGroup {
            label: group.to_owned(),
            choices: types.iter().map(|kind| choice(kind)).collect(),
        })
        .collect();
    let gone = chosen.iter().map(AsRef::as_ref).filter(|name| !name.is_empty() && catalogue.find(name).is_none());
    let gone: Vec<Choice> =
        gone.map(|name| Choice { value: name.to_owned(), label: name.to_owned(), chosen: true }).collect();
    if !gone.is_empty() {
        groups.push(ChoiceGroup { label: "No longer here".to_owned(), choices: gone });
    }
    groups
}

/// What is looked for.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    q: String,
}

/// The types of a group that were found.
struct Found {
    group: String,
    types: Vec<Arc<EventType>>,
}

/// The list, also behind dialogs.
struct List {
    q: String,
    count: String,
    groups: Vec<Found>,
}

impl List {
    fn of(catalogue: &Catalogue, q: &str) -> Self {
        let word = q.trim().to_lowercase();
        let fits = |kind: &EventType| {
            [&kind.name, &kind.code, &kind.label, &kind.group, &kind.description]
                .iter()
                .any(|text| text.to_lowercase().contains(&word))
        };
        let groups: Vec<Found> = catalogue
            .groups()
            .map(|(group, types)| Found {
                group: group.to_owned(),
                types: types.iter().filter(|kind| fits(kind)).cloned().collect(),
            })
            .filter(|found| !found.types.is_empty())
            .collect();
        let count: usize = groups.iter().map(|found| found.types.len()).sum();
        let count = match (word.is_empty(), count) {
            (true, all) => format!("{all} events"),
            (false, count) => format!("{count} of {} events", catalogue.all().len()),
        };
        Self { q: q.trim().to_owned(), count, groups }
    }
}

#[derive(Template)]
#[template(path = "event_types/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
    /// For an administrator: whether everybody may read it.
    public: Option<bool>,
}

/// The frame of the list, also behind dialogs.
fn frame(admin: &Admin, list: Option<&List>) -> Frame {
    let mut frame = admin.frame(HEADING, Place::Integrations);
    frame.count = list.map(|list| list.count.clone()).unwrap_or_default();
    frame
}

async fn list(
    app: Data<App>,
    site: Data<Site>,
    admin: Option<Admin>,
    Query(wish): Query<Wish>,
) -> Result<HttpResponse, WebError> {
    let list = List::of(&*app.catalogue().await?, &wish.q);
    let public = if admin.is_some() { Some(reader::is_public(&app).await?) } else { None };
    let mut frame = reader::frame(&app, &site, admin.as_ref(), HEADING);
    frame.count.clone_from(&list.count);
    ListPage { frame, list, public }.answer()
}

/// The same for programs, as OpenAPI 3.1 `webhooks`.
async fn document(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, WebError> {
    let (catalogue, settings) = (app.catalogue().await?, Arc::clone(&app.settings));
    let document = web::block(move || catalogue.document(&settings.public_url)).await.map_err(anyhow::Error::from)?;
    let mut known = request.headers().get_all(IF_NONE_MATCH).filter_map(|tags| tags.to_str().ok());
    let is_known = known.any(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == document.etag));
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Kept by who read it and asked for again each time, since the pages may be closed.
    answer.insert_header((CACHE_CONTROL, "private, no-cache")).insert_header((ETAG, document.etag));
    Ok(if is_known { answer.finish() } else { answer.content_type("application/json").body(document.text) })
}

/// The body in one format.
struct Example {
    format: &'static str,
    label: &'static str,
    body: Body,
}

/// Code to copy.
struct Snippet {
    id: &'static str,
    language: &'static str,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "event_types/show.html")]
struct ShowPage {
    frame: Frame,
    kind: Arc<EventType>,
    /// When a declared one was last changed.
    changed: Option<When>,
    examples: Vec<Example>,
    fields: Vec<Field>,
    schema: Body,
    snippets: &'static [Snippet],
    /// The command that posts one.
    curl: String,
    /// An administrator looks, who may open Payloads.
    admin: bool,
}

async fn show(
    app: Data<App>,
    site: Data<Site>,
    admin: Option<Admin>,
    name: Path<String>,
) -> Result<HttpResponse, WebError> {
    let kind = app.catalogue().await?.find(&name).cloned().ok_or(WebError::NotFound)?;
    let mut frame = reader::frame(&app, &site, admin.as_ref(), &kind.label);
    frame.crumbs = vec![Crumb { label: HEADING.to_owned(), href: LIST.to_owned() }];
    let curl = curl(&kind, &app.settings.public_url);
    let page = ShowPage {
        frame,
        // What a format cannot make of this example is left out.
        examples: Format::ALL.iter().filter_map(|format| example(&app, &kind, *format).ok()).collect(),
        fields: fields(&serde_json::from_str(&kind.schema).map_err(anyhow::Error::from)?),
        schema: text_body(&kind.schema),
        changed: kind.declared.as_ref().map(|declared| when(declared.updated_at)),
        kind,
        snippets: &VERIFY,
        curl,
        admin: admin.is_some(),
    };
    page.answer()
}

/// The example as an event that is posted from a terminal.
fn curl(kind: &EventType, portal: &str) -> String {
    let previous = kind.previous.as_ref().map(|previous| format!(r#","previous":{previous}"#)).unwrap_or_default();
    let event = format!(r#"{{"type":"{}","data":{}{previous}}}"#, kind.name, kind.example);
    format!(
        "curl -H \"Authorization: Bearer $TOKEN\" -H \"Content-Type: application/json\" \\\n  -d {} \\\n  {portal}/api/v1/events",
        shell_word(&event)
    )
}

/// The body of the type's example in a format.
fn example(app: &App, kind: &EventType, format: Format) -> Result<Example, Unwritten> {
    let (id, now) = (app.ids.make::<EventId>(), app.clock.now());
    let webhook = WebhookForm::sample_in(format).sketch(app.ids.make(), now);
    let facts = Facts::of_example(kind, id.as_str(), now, webhook.environment, &app.settings.public_url);
    let body = text_body(&request::body(&webhook, &facts)?.text);
    Ok(Example { format: format.as_str(), label: format_label(format), body })
}
