//! The portal as a program sees it: one request, and what it answered in a sentence.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::cli::{Failure, usage};
use crate::outbound::{Client, ClientOptions, Outcome, Policy, READ_LIMIT, Reply, Request};
use crate::web::exchange::visible;

/// For a whole request: the portal answers after its commit.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many faults of one request are told.
const MOST_TOLD: usize = 5;

/// A portal that takes events, and the key for it.
pub(super) struct Portal {
    client: Client,
    url: String,
    headers: HeaderMap,
}

/// What was published.
pub(super) struct Taken {
    pub(super) ids: Vec<String>,
    /// It was published before, under the same idempotency key.
    pub(super) again: bool,
}

#[derive(Deserialize)]
struct Accepted {
    id: Option<String>,
    #[serde(default)]
    ids: Vec<String>,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    path: String,
    message: String,
}

impl Portal {
    /// The client is the one of webhooks, so that nothing is followed and the key goes nowhere else; its guard is opened
    /// for the one address that the command was given, which is mostly inside.
    pub(super) fn new(url: &str, key: SecretString) -> Result<Self, Failure> {
        let url = format!("{}/api/v1/events", url.trim_end_matches('/'));
        let policy = Policy::opened_for(&url);
        policy.check_url(&url).map_err(|refusal| usage(format!("--url: {refusal}")))?;
        let options = ClientOptions { keep: Some(READ_LIMIT), ..ClientOptions::default() };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { client: Client::new(Arc::new(policy), options)?, url, headers })
    }

    /// Posts an event, or an array of them that begins after `before` others.
    pub(super) async fn post(&self, body: String, once: Option<&str>, before: usize) -> Result<Taken, Failure> {
        let mut headers = self.headers.clone();
        if let Some(once) = once {
            headers.insert("idempotency-key", HeaderValue::from_str(once)?);
        }
        let (method, url, body) = (Method::POST, self.url.clone(), body.into());
        let reply = self.client.send(Request { method, url, headers, body, timeout: PATIENCE }).await;
        match reply.status {
            Some(status @ (200 | 202)) => {
                let accepted: Accepted = serde_json::from_slice(&reply.body)
                    .with_context(|| format!("what answers at {} is not Postrider", self.url))?;
                let ids = accepted.id.into_iter().chain(accepted.ids).map(|id| visible(&id)).collect();
                Ok(Taken { ids, again: status == 200 })
            }
            Some(status) => Err(anyhow!(refusal(status, &reply, before)).into()),
            None => Err(anyhow!("no answer came from {} ({})", self.url, silence(&reply)).into()),
        }
    }
}

/// The portal's own sentence, and what is wrong where.
fn refusal(status: u16, reply: &Reply, before: usize) -> String {
    let Some(problem) = problem(&reply.body) else {
        let more = reply.detail.as_deref().map(|detail| format!(", {}", visible(detail))).unwrap_or_default();
        return format!("the portal answered {status}{more}");
    };
    let told = problem.errors.iter().take(MOST_TOLD).map(|fault| format!(" {}", place(fault, before)));
    let more = if problem.errors.len() > MOST_TOLD { " There are more." } else { "" };
    let text = format!("the portal answered {status}: {}{}{more}", problem.detail, told.collect::<String>());
    visible(&text).replace('\n', " ")
}

/// The list of faults may be cut off; what is whole of it is told.
fn problem(body: &[u8]) -> Option<Problem> {
    serde_json::from_slice(body).ok().or_else(|| {
        let text = String::from_utf8_lossy(body);
        let whole = &text[..=text.rfind('}')?];
        serde_json::from_str(&format!("{whole}]}}")).ok()
    })
}

/// `Event 1004, /type: There is no event type x.`
fn place(Fault { path, message }: &Fault, before: usize) -> String {
    let (number, rest) = path.strip_prefix('/').map_or(("", ""), |path| path.split_once('/').unwrap_or((path, "")));
    match number.parse::<usize>() {
        Ok(number) if rest.is_empty() => format!("Event {}: {message}", before + number + 1),
        Ok(number) => format!("Event {}, /{rest}: {message}", before + number + 1),
        Err(_) if path.is_empty() => message.clone(),
        Err(_) => format!("{path}: {message}"),
    }
}

/// Why no answer came: the word of the outcome, and what is known beside it.
fn silence(reply: &Reply) -> String {
    let word = if reply.outcome == Outcome::Refused { "nothing listens there" } else { reply.outcome.code() };
    match &reply.detail {
        Some(detail) => format!("{word}: {}", visible(detail)),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_that_is_cut_off_is_told_as_far_as_it_came() {
        let whole = r#"{"title":"x","detail":"No.","errors":[{"path":"/0/type","message":"A."},{"path":"/1","message":"B."}],"request_id":"r"}"#;
        let count = |text: &str| problem(text.as_bytes()).map(|problem| problem.errors.len());
        assert_eq!(count(whole), Some(2));
        assert_eq!(count(&whole[..whole.len() - 30]), Some(1));
        assert_eq!(count("nonsense"), None);
        assert_eq!(count("{"), None);
    }

    #[test]
    fn a_fault_is_told_by_the_number_of_its_event() {
        let told = |path: &str| place(&Fault { path: path.to_owned(), message: "No.".to_owned() }, 1_000);
        assert_eq!(told("/3/type"), "Event 1004, /type: No.");
        assert_eq!(told("/3"), "Event 1004: No.");
        assert_eq!(told("/type"), "/type: No.");
        assert_eq!(told("/actor/id"), "/actor/id: No.");
        assert_eq!(told(""), "No.");
    }
}
