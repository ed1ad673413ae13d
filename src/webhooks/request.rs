//! From a webhook and an event to the exact bytes and headers of a request; pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Auth, Format, Webhook, sign};
use crate::clock::Time;

/// A body and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The exact bytes.
    pub text: String,
    /// The header `Content-Type`.
    pub content_type: &'static str,
}

/// The body of an event of that code; `data` is embedded as the bytes it is. The key order is part of the format.
///
/// # Errors
/// When `data` is no JSON.
pub fn body(format: Format, webhook_name: &str, code: &str, data: &str) -> Result<Body, serde_json::Error> {
    #[derive(Serialize)]
    struct Notification<'a> {
        event: &'a str,
        data: &'a RawValue,
        webhook_name: &'a str,
    }
    match format {
        Format::Notification => {
            let data: &RawValue = serde_json::from_str(data)?;
            let text = serde_json::to_string(&Notification { event: code, data, webhook_name })?;
            Ok(Body { text, content_type: "application/json" })
        }
    }
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
    let signature = sign::signature(&webhook.signing_keys, stamp.id, stamp.at.seconds(), body);
    headers.insert("webhook-signature", HeaderValue::from_str(&signature)?);
    headers.insert("x-webhook-attempt", HeaderValue::from(stamp.attempt));
    if stamp.test {
        headers.insert("x-webhook-test", HeaderValue::from_static("true"));
    }
    if let Some((name, mut value)) = login(&webhook.auth)? {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn login(auth: &Auth) -> Result<Option<(HeaderName, HeaderValue)>, http::Error> {
    Ok(match auth {
        Auth::None => None,
        Auth::OAuth { token } => {
            Some((AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?))
        }
        Auth::Basic { username, password } => {
            let pair = STANDARD.encode(format!("{username}:{}", password.expose_secret()));
            Some((AUTHORIZATION, HeaderValue::from_str(&format!("Basic {pair}"))?))
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
