//! From a webhook and an event to the exact bytes and headers of a request; pure.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::value::RawValue;

use super::template::{Spent, Target};
use super::{Auth, ContentType, Format, Webhook, change, formats, sign};
use crate::clock::Time;
use crate::credentials::write;
use crate::event_types::{Catalogue, EventType};
use crate::events::{Environment, Event, Person, Source};

/// A body and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The exact bytes.
    pub text: String,
    /// The header `Content-Type`.
    pub content_type: &'static str,
}

/// What a body tells of an event.
#[derive(Clone)]
pub struct Facts<'a> {
    /// The event's id.
    pub id: &'a str,
    /// `document.released`
    pub type_name: &'a str,
    /// `STATUS_SET_TO_RELEASED_EVENT`
    pub code: Cow<'a, str>,
    /// `Status set to Released`
    pub label: Cow<'a, str>,
    /// When it happened.
    pub occurred_at: Time,
    /// Where it came from.
    pub source: Source,
    /// Its world.
    pub environment: Environment,
    /// Who caused it.
    pub person: Option<&'a Person>,
    /// The thing it is about, where the sender named one.
    pub subject: Option<&'a str>,
    /// The JSON object, embedded as the bytes it is.
    pub data: &'a str,
    /// The object before the change, where the sender gave it.
    pub previous: Option<&'a str>,
    /// The address of the portal, without a slash at the end.
    pub portal_url: &'a str,
}

impl<'a> Facts<'a> {
    /// Those of an event that is stored, or is about to be.
    pub fn of(event: &'a Event, catalogue: &Catalogue, portal_url: &'a str) -> Self {
        Self {
            id: event.id.as_str(),
            type_name: &event.type_name,
            code: catalogue.code(&event.type_name),
            label: catalogue.label(&event.type_name).into(),
            occurred_at: event.occurred_at,
            source: event.source,
            environment: event.environment,
            person: event.person.as_ref(),
            subject: event.subject.as_deref(),
            data: event.data.as_deref().unwrap_or("null"),
            previous: event.previous.as_deref(),
            portal_url,
        }
    }

    /// Those of a type's example, as it is tested and shown.
    pub fn of_example(
        kind: &'a EventType,
        id: &'a str,
        at: Time,
        environment: Environment,
        portal_url: &'a str,
    ) -> Self {
        Self {
            id,
            type_name: &kind.name,
            code: Cow::Borrowed(&*kind.code),
            label: Cow::Borrowed(&*kind.label),
            occurred_at: at,
            source: Source::Portal,
            environment,
            person: None,
            subject: None,
            data: &kind.example,
            previous: kind.previous.as_deref(),
            portal_url,
        }
    }
}

/// An event of that type and data, for the tests of the formats.
#[cfg(test)]
pub(super) fn sample<'a>(type_name: &'a str, data: &'a str) -> Facts<'a> {
    let kind = crate::event_types::built_in(type_name).unwrap();
    let at = Time::from_utc("2026-11-24T10:00:00Z".parse().unwrap());
    let facts = Facts::of_example(kind, "evt_1", at, Environment::Production, "https://desk.example.com");
    Facts { source: Source::Api, data, ..facts }
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The data is no JSON, which no door lets in.
    #[error("the data is no JSON")]
    Data(#[from] serde_json::Error),
    /// The webhook's template failed with this event: what is wrong, without a full stop.
    #[error("{0}")]
    Template(String),
}

/// The body of an event for a webhook. The order of the keys is part of each format.
///
/// # Errors
/// When the data is no JSON, or the webhook's template fails.
pub fn body(webhook: &Webhook, facts: &Facts<'_>) -> Result<Body, Unwritten> {
    body_of_many(webhook, facts, &mut Spent::default())
}

/// The same for one of many events; what its template costs is added to `spent`.
///
/// # Errors
/// As [`body`].
pub fn body_of_many(webhook: &Webhook, facts: &Facts<'_>, spent: &mut Spent) -> Result<Body, Unwritten> {
    let data: &RawValue = serde_json::from_str(facts.data)?;
    let text = match webhook.format {
        Format::Notification => {
            #[derive(Serialize)]
            struct Notification<'a> {
                event: &'a str,
                data: &'a RawValue,
                webhook_name: &'a str,
            }
            serde_json::to_string(&Notification { event: &facts.code, data, webhook_name: &webhook.name })?
        }
        Format::Envelope => envelope(webhook, facts, data)?,
        Format::Standard => {
            #[derive(Serialize)]
            struct Standard<'a> {
                r#type: &'a str,
                timestamp: String,
                data: &'a RawValue,
            }
            let timestamp = facts.occurred_at.rfc3339();
            serde_json::to_string(&Standard { r#type: facts.type_name, timestamp, data })?
        }
        Format::Change => change::body(facts, data)?,
        Format::CloudEvents => formats::cloudevents(facts, data)?,
        Format::Slack => formats::slack(facts)?,
        Format::Teams => formats::teams(facts)?,
        Format::Jira => formats::jira(data)?,
        Format::Template => match &webhook.template {
            Some(template) => template.render(facts, Target::of(webhook), spent).map_err(Unwritten::Template)?,
            None => return Err(Unwritten::Template("there is no template".to_owned())),
        },
    };
    let (text, content_type) = match (webhook.format, webhook.content_type()) {
        (Format::CloudEvents, ContentType::Json) => (text, "application/cloudevents+json"),
        (_, content_type) => write::encoded(text, content_type),
    };
    Ok(Body { text, content_type })
}

fn envelope(webhook: &Webhook, facts: &Facts<'_>, data: &RawValue) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Envelope<'a> {
        event_time: String,
        event_type: &'a str,
        current_context: Context<'a>,
        data: &'a RawValue,
    }
    #[derive(Serialize)]
    struct Context<'a> {
        actor: Option<Actor<'a>>,
        source: Source,
        environment: Environment,
        webhook: Named<'a>,
        event_id: &'a str,
    }
    #[derive(Serialize)]
    struct Actor<'a> {
        id: &'a str,
        email: &'a str,
    }
    #[derive(Serialize)]
    struct Named<'a> {
        id: &'a str,
        code: &'a str,
        name: &'a str,
    }
    serde_json::to_string(&Envelope {
        event_time: facts.occurred_at.rfc3339(),
        event_type: facts.type_name,
        current_context: Context {
            actor: facts.person.map(|person| Actor { id: &person.id, email: &person.email }),
            source: facts.source,
            environment: facts.environment,
            webhook: Named { id: webhook.id.as_str(), code: &webhook.code, name: &webhook.name },
            event_id: facts.id,
        },
        data,
    })
}

/// What one attempt adds to its webhook's headers.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The event's id.
    pub id: &'a str,
    /// When it is sent.
    pub at: Time,
    /// Counts from 1.
    pub attempt: i32,
    /// A test by a person.
    pub test: bool,
}

/// All headers that are ours to set; the client adds `Host`, `Content-Length` and `User-Agent`.
///
/// # Errors
/// When a stored login does not fit into a header, which the form refuses.
pub fn headers(webhook: &Webhook, stamp: Stamp<'_>, content_type: &str, body: &[u8]) -> Result<HeaderMap, http::Error> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type)?);
    headers.insert("webhook-id", HeaderValue::from_str(stamp.id)?);
    headers.insert("webhook-timestamp", HeaderValue::from(stamp.at.seconds()));
    let signature = sign::signature(webhook.signing_keys_at(stamp.at), stamp.id, stamp.at.seconds(), body);
    headers.insert("webhook-signature", HeaderValue::from_str(&signature)?);
    headers.insert("x-webhook-attempt", HeaderValue::from(stamp.attempt));
    if stamp.test {
        headers.insert("x-webhook-test", HeaderValue::from_static("true"));
    }
    if let Some(credential) = webhook.credential() {
        write::custom(&mut headers, &credential.headers)?;
    }
    write::custom(&mut headers, &webhook.headers)?;
    if let Some(credential) = webhook.credential() {
        write::login(&mut headers, credential, stamp.at, body)?;
    }
    if let Some((name, mut value)) = login(&webhook.auth)? {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn login(auth: &Auth) -> Result<Option<(HeaderName, HeaderValue)>, http::Error> {
    Ok(match auth {
        // The credential writes its own, and a token is fetched first.
        Auth::None | Auth::Credential(_) | Auth::OAuth2Client(_) => None,
        Auth::OAuth { token } => {
            Some((AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?))
        }
        Auth::Basic { username, password } => {
            Some((AUTHORIZATION, HeaderValue::from_str(&write::basic(username, password))?))
        }
        Auth::ApiKey { header, key } => {
            Some((HeaderName::from_bytes(header.as_bytes())?, HeaderValue::from_str(key.expose_secret())?))
        }
    })
}

/// The headers as history keeps them: in order, sensitive values as dots.
pub fn masked(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let shown = if value.is_sensitive() {
                "••••".to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}
