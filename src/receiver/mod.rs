//! A receiver of webhooks, as the demo and `listen` have one: takes whatever comes, checks its signature, and answers as
//! it is told.

mod server;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

pub(crate) use server::{Listener, listen};

use crate::clock::Time;
use crate::webhooks::sign::{SigningKey, is_signed};

/// More than any event makes.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;
/// Where redirects lead.
const ELSEWHERE: &str = "/elsewhere";
/// Longer than a webhook waits unless it is set otherwise.
const SLOW: Duration = Duration::from_secs(20);
/// How far the signed time may be from the clock, as receivers usually take it.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What was found about a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// It was made with the keys of this name.
    Verifies(String),
    /// None of the known keys made it.
    Unknown,
    /// It was made so many seconds ago, or ahead where they are less than none.
    Stale(i64),
    /// A header that belongs to it is not there, or not as it must be.
    Missing(&'static str),
}

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) at: Time,
    pub(crate) method: String,
    pub(crate) path: String,
    /// By name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) signature: Signature,
    /// The status that it is answered with.
    pub(crate) answered: StatusCode,
    slow: bool,
}

impl Received {
    /// A request, judged by the keys that are known, each with the name of whose they are.
    pub(crate) fn new<'a>(
        request: &HttpRequest,
        body: Bytes,
        known: impl IntoIterator<Item = (&'a str, &'a [SigningKey])>,
        usual: StatusCode,
        at: Time,
    ) -> Self {
        let (answered, slow) = wanted(request.path(), usual);
        Self {
            at,
            method: request.method().to_string(),
            path: request.uri().to_string(),
            headers: readable(request.headers()),
            signature: judge(request.headers(), &body, known, at),
            body,
            answered,
            slow,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sent by somebody who tests a webhook.
    pub(crate) fn is_test(&self) -> bool {
        self.header("x-webhook-test") == Some("true")
    }

    /// The answer, in its time.
    pub(crate) async fn answer(&self) -> HttpResponse {
        if self.slow {
            tokio::time::sleep(SLOW).await;
        }
        let mut answer = HttpResponse::build(self.answered);
        match self.answered {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => answer.finish(),
            // A redirect leads somewhere, so that it shows whether a sender follows it.
            status if status.is_redirection() => answer.insert_header((LOCATION, ELSEWHERE)).finish(),
            status => answer.json(serde_json::json!({ "received": status.is_success() })),
        }
    }
}

/// `/status/503` answers so; `/slow` answers late; every other path takes what comes.
fn wanted(path: &str, usual: StatusCode) -> (StatusCode, bool) {
    let code = path.strip_prefix("/status/").and_then(|code| code.parse().ok());
    (code.and_then(status).unwrap_or(usual), path == "/slow")
}

/// A status that may end a request.
pub(crate) fn status(code: u16) -> Option<StatusCode> {
    (200..600).contains(&code).then(|| StatusCode::from_u16(code).ok()).flatten()
}

fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    all.sort();
    all
}

/// Does what a receiver of these webhooks should do: signs again what came and compares.
fn judge<'a>(
    headers: &HeaderMap,
    body: &[u8],
    known: impl IntoIterator<Item = (&'a str, &'a [SigningKey])>,
    now: Time,
) -> Signature {
    let header =
        |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Signature::Missing(name));
    let judged = || {
        let (id, given) = (header("webhook-id")?, header("webhook-signature")?);
        let timestamp = "webhook-timestamp";
        let timestamp: i64 = header(timestamp)?.parse().map_err(|_| Signature::Missing(timestamp))?;
        let age = now.seconds().saturating_sub(timestamp);
        if age.unsigned_abs() > TOLERANCE.as_secs() {
            return Err(Signature::Stale(age));
        }
        let signer = known.into_iter().find(|(_, keys)| is_signed(keys, id, timestamp, body, given));
        signer.map(|(name, _)| Signature::Verifies(name.to_owned())).ok_or(Signature::Unknown)
    };
    judged().unwrap_or_else(|fault| fault)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::webhooks::sign::signature;

    #[test]
    fn the_path_chooses_the_answer() {
        let ok = StatusCode::OK;
        assert_eq!(wanted("/", ok), (ok, false));
        assert_eq!(wanted("/", StatusCode::ACCEPTED), (StatusCode::ACCEPTED, false));
        assert_eq!(wanted("/status/503", ok), (StatusCode::SERVICE_UNAVAILABLE, false));
        assert_eq!(wanted("/status/99", ok), (ok, false));
        assert_eq!(wanted("/status/600", ok), (ok, false));
        assert_eq!(wanted("/status/+200x", ok), (ok, false));
        assert_eq!(wanted("/slow", ok), (ok, true));
    }

    #[test]
    fn a_signature_is_judged_as_receivers_should() {
        let (new, old) = (SigningKey::generate(), SigningKey::generate());
        let (now, body) = (Time::from_micros(1_700_000_000_000_000), b"{}");
        let signed = |at: i64, keys: &[SigningKey]| {
            let all = [
                ("webhook-id", "evt_1".to_owned()),
                ("webhook-timestamp", at.to_string()),
                ("webhook-signature", signature(keys, "evt_1", at, body)),
            ];
            all.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap())).into_iter()
        };
        let keys = [old.clone()];
        let judge = |headers: HeaderMap| judge(&headers, body, [("first", &[][..]), ("mine", &keys[..])], now);
        let at = now.seconds();
        let both = [new.clone(), old.clone()];
        for (headers, verdict) in [
            (signed(at, &both), Signature::Verifies("mine".to_owned())),
            (signed(at - 300, &both), Signature::Verifies("mine".to_owned())),
            (signed(at, &[new]), Signature::Unknown),
            (signed(at - 301, &both), Signature::Stale(301)),
            (signed(at + 301, &both), Signature::Stale(-301)),
            (signed(i64::MIN, &both), Signature::Stale(i64::MAX)),
        ] {
            assert_eq!(judge(headers.collect()), verdict);
        }
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            assert_eq!(judge(signed(at, &both).filter(|(known, _)| known != name).collect()), Signature::Missing(name));
        }
        let mut soon: HeaderMap = signed(at, &both).collect();
        soon.insert(HeaderName::from_static("webhook-timestamp"), HeaderValue::from_static("soon"));
        assert_eq!(judge(soon), Signature::Missing("webhook-timestamp"));
    }
}
