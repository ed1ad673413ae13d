//! The catalogue as OpenAPI 3.1 `webhooks`: what receivers are sent for each type, in each format; pure.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Catalogue, EventType};
use crate::clock::Time;
use crate::secret::bytes_hash;
use crate::webhooks::form::WebhookForm;
use crate::webhooks::request::{self, Facts};
use crate::webhooks::{Format, Webhook, WebhookId};

/// The formats whose bodies are known beforehand; a template makes whatever it says.
const DESCRIBED: [Format; 8] = [
    Format::Notification,
    Format::Envelope,
    Format::Standard,
    Format::Change,
    Format::CloudEvents,
    Format::Slack,
    Format::Teams,
    Format::Jira,
];

const ABOUT: &str = "What webhooks are sent. Which body comes is the format of the webhook: `notification` unless it was \
    changed, and with an own template whatever that makes. The method is POST, or PUT or PATCH where the webhook says so. With a \
    credential that sends forms, the same body is the field `payload`. Every request is signed, as Standard Webhooks say.";

/// The longest example of which bodies are shown, in bytes: there are as many bodies as formats.
const LARGEST_EXAMPLE: usize = 4 * 1024;
const WITHOUT_EXAMPLES: &str = "The example of this type is too large to be shown in each format; its page has it.";
/// The moment and the id of the examples: 1 January 2026. Fixed, so that only what really changed makes another document.
const SHOWN_AT: i64 = 1_767_225_600_000_000;
const SHOWN: &str = "evt_00000000000000000000000000";

/// The document as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Document {
    portal: String,
    pub(super) text: Bytes,
    /// In quotes, as the header has it.
    pub(super) etag: String,
}

impl Catalogue {
    /// The document, with the links of that portal. Made once for each catalogue: it is costly.
    pub(super) fn document(&self, portal: &str) -> Document {
        let document = self.document.get_or_init(|| Document::of(self, portal));
        if document.portal == portal { document.clone() } else { Document::of(self, portal) }
    }
}

impl Document {
    fn of(catalogue: &Catalogue, portal: &str) -> Self {
        let formats: Vec<Webhook> = DESCRIBED.into_iter().filter_map(webhook).collect();
        let types = catalogue.all();
        let webhooks = types.iter().map(|kind| (&*kind.name, json!({ "post": operation(kind, &formats, portal) })));
        let bodies = DESCRIBED.iter().map(|format| (format.as_str(), body(*format)));
        let schemas = bodies.chain(types.iter().map(|kind| (&*kind.name, data(kind))));
        let info = json!({
            "title": "Postrider: webhook events", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
        });
        let text = format!(
            r#"{{"openapi":"3.1.0","info":{info},"webhooks":{},"components":{{"schemas":{},"parameters":{}}}}}"#,
            object(webhooks),
            object(schemas),
            headers()
        );
        let etag = format!("\"{}\"", bytes_hash(text.as_bytes()));
        Self { portal: portal.to_owned(), text: text.into(), etag }
    }
}

/// An object as text, of which one member at a time is in memory as a value.
fn object<'a>(members: impl Iterator<Item = (&'a str, Value)>) -> String {
    let mut text = String::from("{");
    for (name, value) in members {
        let comma = if text.len() > 1 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{}:{value}", Value::from(name));
    }
    text + "}"
}

/// Whose bodies are shown.
fn webhook(format: Format) -> Option<Webhook> {
    let id = WebhookId::parse("whk_00000000000000000000000000")?;
    Some(WebhookForm::sample_in(format).sketch(id, Time::from_micros(SHOWN_AT)))
}

/// The body of a type's example; none where it is nested more deeply than a value may be.
fn example(webhook: &Webhook, kind: &EventType, portal: &str) -> Option<Value> {
    let facts = Facts::of_example(kind, SHOWN, Time::from_micros(SHOWN_AT), webhook.environment, portal);
    serde_json::from_str(&request::body(webhook, &facts).ok()?.text).ok()
}

fn operation(kind: &EventType, formats: &[Webhook], portal: &str) -> Value {
    let (mut json_bodies, mut json_examples) = (Vec::new(), Map::new());
    let mut cloudevents = Value::Null;
    let is_shown = kind.example.len() <= LARGEST_EXAMPLE;
    for webhook in formats {
        let (format, schema) = (webhook.format, body_of(kind, webhook.format));
        let shown = Some(webhook).filter(|_| is_shown).and_then(|webhook| example(webhook, kind, portal));
        if format == Format::CloudEvents {
            cloudevents = json!({ "schema": schema });
            if let Some(shown) = shown {
                cloudevents["example"] = shown;
            }
        } else {
            json_bodies.push(schema);
            if let Some(shown) = shown {
                json_examples.insert(format.to_string(), json!({ "summary": format.as_str(), "value": shown }));
            }
        }
    }
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "X-Webhook-Attempt", "X-Webhook-Test"];
    let parameters: Vec<Value> =
        names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    let mut body = json!({
        "required": true,
        "content": {
            "application/json": { "schema": { "anyOf": json_bodies }, "examples": json_examples },
            "application/cloudevents+json": cloudevents,
        },
    });
    if !is_shown {
        body["description"] = WITHOUT_EXAMPLES.into();
    }
    json!({
        "operationId": kind.name,
        "tags": [kind.group],
        "summary": kind.label,
        "description": kind.description,
        "parameters": parameters,
        "requestBody": body,
        "responses": {
            "200": { "description": "Received. 200 to 209 all say so." },
            "default": { "description": "Not received; it is tried again as the webhook says. Redirects are not followed." },
        },
    })
}

/// The data of a type. Its references lead to the place that it has here.
fn data(kind: &EventType) -> Value {
    // What is stored was read when it was saved; anything is taken by `true`.
    let mut schema: Value = serde_json::from_str(&kind.schema).unwrap_or(Value::Bool(true));
    move_references(&mut schema, &format!("#/components/schemas/{}", kind.name));
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("$id");
        // The dialect of the whole document.
        fields.retain(|name, value| name != "$schema" || value != "https://json-schema.org/draft/2020-12/schema");
    }
    schema
}

fn move_references(schema: &mut Value, root: &str) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(place) if name == "$ref" && (place == "#" || place.starts_with("#/")) => {
                        *place = format!("{root}{}", &place[1..]);
                    }
                    _ => move_references(value, root),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_references(item, root)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The body of a type in a format: that of the format, with what is fixed for the type.
fn body_of(kind: &EventType, format: Format) -> Value {
    let data = json!({ "$ref": format!("#/components/schemas/{}", kind.name) });
    let fixed = match format {
        Format::Notification => json!({ "event": { "const": kind.code }, "data": data }),
        Format::Envelope => json!({ "event_type": { "const": kind.name }, "data": data }),
        Format::Standard | Format::CloudEvents => json!({ "type": { "const": kind.name }, "data": data }),
        // Without the fields that hold secrets.
        Format::Change => json!({ "type": { "const": kind.code } }),
        Format::Jira => json!({ "data": data }),
        Format::Slack | Format::Teams | Format::Template => json!({}),
    };
    json!({ "allOf": [{ "$ref": format!("#/components/schemas/{format}") }, { "properties": fixed }] })
}

/// The body in a format, whatever the type.
fn body(format: Format) -> Value {
    let (text, time, object) =
        (json!({ "type": "string" }), json!({ "type": "string", "format": "date-time" }), json!({ "type": "object" }));
    match format {
        Format::Notification => {
            schema("The default.", &json!({ "event": text, "data": object, "webhook_name": text }), &[])
        }
        Format::Envelope => {
            let actor = json!({ "type": ["object", "null"], "properties": { "id": text, "email": text } });
            let webhook = schema("Which webhook this is.", &json!({ "id": text, "code": text, "name": text }), &[]);
            let context = json!({
                "actor": actor, "source": text, "environment": { "enum": ["production", "test"] },
                "webhook": webhook, "event_id": text,
            });
            let context = schema("Where it comes from.", &context, &[]);
            let fields = json!({ "event_time": time, "event_type": text, "current_context": context, "data": object });
            schema("With where the event comes from.", &fields, &[])
        }
        Format::Standard => {
            schema("As Standard Webhooks suggest.", &json!({ "type": text, "timestamp": time, "data": object }), &[])
        }
        Format::Change => {
            let fields = json!({
                "company": text, "type": text, "extraData": object, "createdAt": time,
                "data": { "type": ["object", "null"] },
                "event": { "enum": ["create", "edit", "delete", "logout"] },
                "diff": { "type": "object", "additionalProperties": { "type": "object" } },
            });
            schema("What an object is, and which of its fields were edited, by JSON pointer.", &fields, &[])
        }
        Format::CloudEvents => {
            let fields = json!({
                "specversion": { "const": "1.0" }, "id": text, "source": text, "type": text, "subject": text,
                "time": time, "datacontenttype": { "const": "application/json" }, "data": object,
            });
            schema("CloudEvents 1.0, structured.", &fields, &["subject"])
        }
        Format::Slack => schema("A message for Slack.", &json!({ "text": text }), &[]),
        Format::Teams => {
            let fields = json!({ "type": { "const": "message" }, "attachments": { "type": "array", "items": object } });
            schema("A card for Teams.", &fields, &[])
        }
        Format::Jira => {
            let fields = json!({ "issues": { "type": "array", "items": text }, "data": object });
            schema("For the incoming webhook of Jira Automation.", &fields, &[])
        }
        Format::Template => json!({}),
    }
}

/// An object of these fields, all there but those that may be absent.
fn schema(description: &str, fields: &Value, absent: &[&str]) -> Value {
    let required: Vec<&String> =
        fields.as_object().into_iter().flat_map(Map::keys).filter(|name| !absent.contains(&name.as_str())).collect();
    json!({ "type": "object", "description": description, "properties": fields, "required": required })
}

fn headers() -> Value {
    let header = |name: &str, required: bool, description: &str, schema: Value| {
        let told =
            json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema });
        (name.to_owned(), told)
    };
    let text = || json!({ "type": "string" });
    let all = [
        header(
            "webhook-id",
            true,
            "The id of the event, the same on every attempt: what came before is a repetition.",
            text(),
        ),
        header("webhook-timestamp", true, "When it was sent, in Unix seconds; part of what is signed.", text()),
        header(
            "webhook-signature",
            true,
            "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body with dots between; several with spaces between while a secret is rotated.",
            text(),
        ),
        header("X-Webhook-Attempt", true, "Counts from 1.", json!({ "type": "integer", "minimum": 1 })),
        header("X-Webhook-Test", false, "`true` on tests.", json!({ "const": "true" })),
    ];
    Value::Object(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_a_portal() {
        let catalogue = Catalogue::default();
        let made = |portal: &str| catalogue.document(portal);
        let (first, again, other) =
            (made("https://a.example.com"), made("https://a.example.com"), made("https://b.example.com"));
        assert_eq!(first.text.as_ptr(), again.text.as_ptr(), "the same bytes, not the like");
        assert!(first.etag != other.etag && !other.text.windows(9).any(|part| part == b"a.example"));
        let same = Catalogue::default().document("https://a.example.com");
        assert_eq!((same.text, same.etag), (first.text, first.etag));
    }
}
