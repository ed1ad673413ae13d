//! What would be sent: the exact method, headers and body of an event type's example for a webhook; pure.

use secrecy::SecretString;

use super::Webhook;
use super::request::{self, Facts, Stamp};
use crate::clock::Time;
use crate::credentials::write;
use crate::event_types::EventType;

/// A request as it would leave.
pub struct Payload {
    /// `POST https://ci.example.com/hooks`
    pub line: String,
    /// In the order of sending, logins and header values as dots.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: String,
}

/// The request for the example of `kind`, as an event of this id that happens and is sent at `at`.
///
/// # Errors
/// When a stored login does not fit into a header.
pub fn example(webhook: &Webhook, kind: &EventType, id: &str, at: Time, portal_url: &str) -> anyhow::Result<Payload> {
    let body = request::body(webhook, &Facts::of_example(kind, id, at, webhook.environment, portal_url))?;
    let stamp = Stamp { id, at, attempt: 1, test: false };
    let mut headers = request::headers(webhook, stamp, body.content_type, body.text.as_bytes())?;
    if webhook.client_login().is_some() {
        // Shown as dots: the token is fetched when something is sent.
        write::bearer(&mut headers, &SecretString::from("token"))?;
    }
    let mut headers = request::masked(&headers);
    headers.push(("user-agent".to_owned(), crate::outbound::USER_AGENT.to_owned()));
    headers.push(("content-length".to_owned(), body.text.len().to_string()));
    Ok(Payload { line: format!("{} {}", webhook.method, webhook.url), headers, body: body.text })
}
