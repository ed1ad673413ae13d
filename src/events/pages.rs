//! Available webhook events: what can be subscribed to, and what a receiver gets for each; and the choice of types.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use super::{CATALOGUE, EventId, EventType, Group, find_type};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::exchange::text_body;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Body, Choice, ChoiceGroup};
use crate::web::{Access, Page, Query, Route, WebError};
use crate::webhooks::form::WebhookForm;
use crate::webhooks::pages::format_label;
use crate::webhooks::{Format, payload};

/// Where the list is.
const LIST: &str = "/event-types";
const HEADING: &str = "Available webhook events";

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get(LIST, Access::Admin, list), Route::get("/event-types/{name}", Access::Admin, show)]
}

/// The whole catalogue to choose from; a type that it does not have stands for itself below.
pub(crate) fn choices_by_group(chosen: &[impl AsRef<str>]) -> Vec<ChoiceGroup> {
    let is_chosen = |name: &str| chosen.iter().any(|one| one.as_ref() == name);
    let choice = |kind: &EventType| Choice {
        value: kind.name.to_owned(),
        label: kind.label.to_owned(),
        chosen: is_chosen(kind.name),
    };
    let group = |group: &Group| ChoiceGroup { label: group.as_str(), choices: group.types().map(choice).collect() };
    let mut groups: Vec<ChoiceGroup> = Group::ALL.iter().map(group).collect();
    let gone = chosen.iter().map(AsRef::as_ref).filter(|name| !name.is_empty() && find_type(name).is_none());
    let gone: Vec<Choice> =
        gone.map(|name| Choice { value: name.to_owned(), label: name.to_owned(), chosen: true }).collect();
    if !gone.is_empty() {
        groups.push(ChoiceGroup { label: "No longer here", choices: gone });
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
    group: &'static str,
    types: Vec<&'static EventType>,
}

#[derive(Template)]
#[template(path = "event_types/list.html")]
struct ListPage {
    frame: Frame,
    q: String,
    groups: Vec<Found>,
}

async fn list(admin: Admin, Query(wish): Query<Wish>) -> Result<HttpResponse, WebError> {
    let word = wish.q.trim().to_lowercase();
    let fits = |kind: &&EventType| {
        [kind.name, kind.code, kind.label, kind.description].iter().any(|text| text.to_lowercase().contains(&word))
    };
    let found = |group: &Group| Found { group: group.as_str(), types: group.types().filter(fits).collect() };
    let groups: Vec<Found> = Group::ALL.iter().map(found).filter(|found| !found.types.is_empty()).collect();
    let count: usize = groups.iter().map(|found| found.types.len()).sum();
    let mut frame = admin.frame(HEADING, Place::Integrations);
    frame.count = match (word.is_empty(), count) {
        (true, all) => format!("{all} events"),
        (false, count) => format!("{count} of {} events", CATALOGUE.len()),
    };
    ListPage { frame, q: wish.q.trim().to_owned(), groups }.answer()
}

/// A field of the data.
struct Field {
    path: String,
    kind: String,
    required: bool,
    description: String,
}

/// The body in one format.
struct Example {
    format: &'static str,
    label: &'static str,
    body: Body,
}

#[derive(Template)]
#[template(path = "event_types/show.html")]
struct ShowPage {
    frame: Frame,
    kind: &'static EventType,
    examples: Vec<Example>,
    fields: Vec<Field>,
    schema: Body,
    /// Where events are posted to.
    address: String,
}

async fn show(app: Data<App>, admin: Admin, name: Path<String>) -> Result<HttpResponse, WebError> {
    let kind = find_type(&name).ok_or(WebError::NotFound)?;
    let mut frame = admin.frame(kind.label, Place::Integrations);
    frame.crumbs = vec![Crumb { label: HEADING.to_owned(), href: LIST.to_owned() }];
    let page = ShowPage {
        frame,
        kind,
        examples: Format::ALL.iter().map(|format| example(&app, kind, *format)).collect::<Result<_, _>>()?,
        fields: fields(kind)?,
        schema: text_body(kind.schema),
        address: format!("{}/api/v1/events", app.settings.public_url),
    };
    page.answer()
}

fn example(app: &App, kind: &EventType, format: Format) -> Result<Example, WebError> {
    let (now, id) = (app.clock.now(), app.ids.make::<EventId>().to_string());
    let webhook = WebhookForm::sample_in(format).sketch(app.ids.make(), now);
    let shown = payload::example(&webhook, kind, &id, now, &app.settings.public_url)?;
    Ok(Example { format: format.as_str(), label: format_label(format), body: text_body(&shown.body) })
}

fn fields(kind: &EventType) -> Result<Vec<Field>, WebError> {
    let schema: Value = serde_json::from_str(kind.schema).map_err(anyhow::Error::from)?;
    let mut fields = Vec::new();
    collect(&schema, "", &mut fields);
    Ok(fields)
}

/// The properties of an object, each followed by its own.
fn collect(schema: &Value, above: &str, fields: &mut Vec<Field>) {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{above}/{name}");
        let kind = property["type"].as_str().unwrap_or_default();
        let detail = match (property["format"].as_str(), property["enum"].as_array()) {
            (Some(format), _) => format!("{kind}, {format}"),
            (None, Some(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
            (None, None) => kind.to_owned(),
        };
        fields.push(Field {
            path: path.clone(),
            kind: detail,
            required: required(name),
            description: property["description"].as_str().unwrap_or_default().to_owned(),
        });
        collect(property, &path, fields);
    }
}
