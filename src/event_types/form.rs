//! The form of a declared event type: what was typed, to be shown again, and what it means once every rule is met.

use serde::Deserialize;
use serde_json::Value;

use super::{Catalogue, Declared, EventType, MOST_WORK, Schema, built_in, code_of};
use crate::clock::Time;
use crate::events::intake::{LARGEST_EVENT, is_strict_json};
use crate::text;
use crate::web::FieldErrors;

/// The name of the catalogue's document among the addresses of the types.
const DOCUMENT: &str = "openapi.json";
/// The longest name, in characters.
pub(crate) const LONGEST_NAME: usize = 100;
/// The longest label and group, in characters.
pub(crate) const LONGEST_LABEL: usize = 80;
/// The longest description, in characters.
pub(crate) const LONGEST_DESCRIPTION: usize = 500;
/// The longest schema, in bytes.
pub(crate) const LONGEST_SCHEMA: usize = 64 * 1024;
/// The most work of holding the example against the schema: what is posted may make ten times as much.
const MOST_EXAMPLE_WORK: usize = MOST_WORK / 10;

/// The fields as they were sent.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EventTypeForm {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) group: String,
    pub(super) description: String,
    pub(super) schema: String,
    pub(super) example: String,
    /// A check box: absent is off.
    pub(super) checked: String,
    pub(super) form_id: String,
    pub(super) version: String,
}

/// Values that meet every rule of their fields.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) name: String,
    label: String,
    group: String,
    description: String,
    schema: String,
    example: String,
    check: Option<Schema>,
}

impl EventTypeForm {
    /// A new type's form, with something to begin with.
    pub(super) fn fresh() -> Self {
        let schema = "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"type\": \"object\",\n  \
                      \"required\": [\"id\"],\n  \"properties\": {\n    \"id\": { \"type\": \"integer\", \"description\": \
                      \"Which one it is about.\" }\n  }\n}";
        let example = "{\n  \"id\": 1042\n}";
        Self { schema: schema.to_owned(), example: example.to_owned(), checked: "true".to_owned(), ..Self::default() }
    }

    /// The form of a type that is declared.
    pub(super) fn of(kind: &EventType, declared: &Declared) -> Self {
        Self {
            name: kind.name.to_string(),
            label: kind.label.to_string(),
            group: kind.group.to_string(),
            description: kind.description.to_string(),
            schema: kind.schema.to_string(),
            example: kind.example.to_string(),
            checked: if declared.check.is_some() { "true" } else { "" }.to_owned(),
            version: kind.version.to_string(),
            form_id: String::new(),
        }
    }

    /// Whether posted events are to be checked.
    pub(super) fn is_checked(&self) -> bool {
        matches!(self.checked.as_str(), "true" | "on" | "1")
    }

    /// Holds every field against its rules. A name that is built in is refused.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub(crate) fn parse(&self) -> Result<Draft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", name(self.name.trim()));
        let line = |text: &str, thing: &str| {
            text::line(text, LONGEST_LABEL).map_err(|fault| fault.sentence(thing, LONGEST_LABEL))
        };
        let label = errors.take("label", line(&self.label, "the label"));
        let group = errors.take("group", line(&self.group, "the group"));
        let description = text::lines(&self.description, LONGEST_DESCRIPTION)
            .map_err(|fault| fault.sentence("the description", LONGEST_DESCRIPTION));
        let description = errors.take("description", description);
        let schema = errors.take("schema", schema(&self.schema));
        let example = errors.take("example", example(&self.example));
        if let (Some((_, schema)), Some((_, data))) = (&schema, &example) {
            errors.take("example", fits(schema, data));
        }
        let all = name.zip(label).zip(group).zip(description).zip(schema).zip(example);
        let (Some(all), true) = (all, errors.is_empty()) else { return Err(errors) };
        let (((((name, label), group), description), (schema, compiled)), (example, _)) = all;
        let check = Some(compiled).filter(|_| self.is_checked());
        Ok(Draft { name, label, group, description, schema, example, check })
    }
}

fn name(typed: &str) -> Result<String, String> {
    if typed.chars().count() > LONGEST_NAME {
        return Err(format!("Shorten the name to {LONGEST_NAME} characters."));
    }
    let is_part = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if typed.split('.').count() < 2 || !typed.split('.').all(is_part) {
        return Err("Write the name as words with dots between, such as order.shipped: a-z, 0-9 and _.".to_owned());
    }
    if typed == DOCUMENT {
        return Err("The catalogue for programs has this address; choose another name.".to_owned());
    }
    if built_in(typed).is_some() {
        return Err("This type is built in; choose another name.".to_owned());
    }
    Ok(typed.to_owned())
}

fn schema(typed: &str) -> Result<(String, Schema), String> {
    let text = typed.replace("\r\n", "\n").trim().to_owned();
    if text.len() > LONGEST_SCHEMA {
        return Err(format!("Shorten the schema to {} KiB.", LONGEST_SCHEMA / 1024));
    }
    Schema::compile(&text).map(|schema| (text, schema))
}

/// An object in one line, since bodies carry it as it is.
fn example(typed: &str) -> Result<(String, Value), String> {
    let text = typed.trim();
    if text.len() > LARGEST_EVENT / 4 {
        return Err("Shorten the example to 64 KiB.".to_owned());
    }
    let value: Option<Value> =
        Some(text).filter(|text| is_strict_json(text)).and_then(|text| serde_json::from_str(text).ok());
    match value {
        Some(value @ Value::Object(_)) => Ok((value.to_string(), value)),
        Some(_) | None => Err("The example is a JSON object in which no key stands twice.".to_owned()),
    }
}

fn fits(schema: &Schema, example: &Value) -> Result<(), String> {
    if schema.work(example) > MOST_EXAMPLE_WORK {
        return Err("Shorten the example, or the schema: together they are too much to check.".to_owned());
    }
    match schema.faults(example).into_iter().next() {
        None => Ok(()),
        Some((path, told)) if path.is_empty() => Err(format!("It does not fit the schema, {told}")),
        Some((path, told)) => Err(format!("It does not fit the schema, at {path}: {told}")),
    }
}

impl Draft {
    /// The type as it will be; `saved` is the one that it replaces.
    pub(super) fn build(self, saved: Option<&EventType>, now: Time) -> EventType {
        let since = saved.and_then(|saved| saved.declared.as_ref()).map(|declared| declared.created_at);
        EventType {
            code: code_of(&self.name).into(),
            name: self.name.into(),
            label: self.label.into(),
            description: self.description.into(),
            group: self.group.into(),
            example: self.example.into(),
            previous: None,
            schema: self.schema.into(),
            version: saved.map_or(1, |saved| saved.version + 1),
            declared: Some(Declared { check: self.check, created_at: since.unwrap_or(now), updated_at: now }),
        }
    }

    /// Another type whose code would read the same.
    pub(super) fn twin<'a>(&self, catalogue: &'a Catalogue) -> Option<&'a EventType> {
        let code = code_of(&self.name);
        let same = |kind: &&std::sync::Arc<EventType>| kind.code == code && kind.name != self.name;
        catalogue.all().iter().find(same).map(|kind| &**kind)
    }
}
