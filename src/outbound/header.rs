//! Which headers a person may set, which are stored, and what `Retry-After` says.

use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, LOCATION, RETRY_AFTER, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};

/// Headers that frame the message or name the sender: the client alone writes them.
const FRAMING: [HeaderName; 10] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, TRAILER, UPGRADE, EXPECT, ACCEPT_ENCODING, USER_AGENT];
/// Further names that are the product's, or that a service inside would trust.
const RESERVED: [&str; 5] = ["content-type", "cookie", "forwarded", "keep-alive", "http2-settings"];
const RESERVED_PREFIXES: [&str; 9] =
    ["proxy-", "webhook-", "x-webhook-", "x-forwarded-", "x-amz-", "x-aws-", "x-goog-", "x-azure-", "metadata"];
/// Answer headers that are kept at most: a receiver must not fill the history.
const KEPT_HEADERS: usize = 64;
const KEPT_VALUE: usize = 2_048;
/// Parts of names of answer headers whose values are secrets.
const SECRET_PARTS: [&str; 9] =
    ["cookie", "authorization", "authenticate", "authentication", "token", "secret", "password", "api-key", "apikey"];
const REDACTED: &str = "[redacted]";

/// Whether a header cannot be set by a person, in any case of its letters.
#[must_use]
pub fn reserved_header(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    FRAMING.iter().any(|framing| *framing == *name)
        || RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Takes out what would let a header change where the message ends or to whom it goes.
pub(super) fn without_framing(mut headers: HeaderMap) -> HeaderMap {
    for name in &FRAMING {
        headers.remove(name);
    }
    headers
}

/// When the receiver wants the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds after its answer.
    Seconds(u64),
    /// At this time.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads the header; nonsense is none.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            return value.parse().ok().map(Self::Seconds);
        }
        httpdate::parse_http_date(value).ok().map(|time| Self::At(time.into()))
    }
}

/// The headers of an answer as they may be stored and shown.
pub(super) fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let keep = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let value = if SECRET_PARTS.iter().any(|part| name.as_str().contains(part)) {
            REDACTED.to_owned()
        } else if name == LOCATION {
            location(value.as_bytes())
        } else {
            shortened(value.as_bytes())
        };
        (name.as_str().to_owned(), value)
    };
    headers.iter().take(KEPT_HEADERS).map(keep).collect()
}

/// The target of a redirect without user, query and fragment, in which receivers repeat secrets.
pub(super) fn redirect_target(headers: &HeaderMap) -> Option<String> {
    headers.get(LOCATION).map(|value| location(value.as_bytes()))
}

fn location(value: &[u8]) -> String {
    let value = shortened(value);
    let end = value.find(['?', '#']).unwrap_or(value.len());
    let target = &value[..end];
    let start = target.find("//").map_or(0, |slashes| slashes + 2);
    let authority_end = target[start..].find('/').map_or(target.len(), |slash| start + slash);
    match target[start..authority_end].rfind('@') {
        Some(at) if start > 0 => format!("{}{}", &target[..start], &target[start + at + 1..]),
        _ => target.to_owned(),
    }
}

fn shortened(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(KEPT_VALUE)]).into_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_frames_or_signs_a_message_cannot_be_set_in_any_case() {
        for name in [
            "Host",
            "CONTENT-LENGTH",
            "transfer-encoding",
            "Connection",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "Proxy-Authorization",
            "Keep-Alive",
            "Accept-Encoding",
            "webhook-id",
            "Webhook-Signature",
            "X-Webhook-Attempt",
            "X-Webhook-Test",
            "X-Forwarded-For",
            "X-Amz-Security-Token",
            "X-aws-ec2-metadata-token",
            "X-Goog-Api-Client",
            "X-Azure-Ref",
            "Metadata",
            "Metadata-Flavor",
            "Cookie",
            "User-Agent",
            "Content-Type",
            "Forwarded",
        ] {
            assert!(reserved_header(name), "{name}");
        }
        for name in ["Authorization", "X-Api-Key", "X-Team", "Accept", "Prefer", "X-Hook"] {
            assert!(!reserved_header(name), "{name}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nonsense_is_none() {
        let read = |value: &'static str| {
            RetryAfter::of(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]))
        };
        assert_eq!(read("120"), Some(RetryAfter::Seconds(120)));
        let date = DateTime::parse_from_rfc3339("1994-11-06T08:49:37Z").unwrap().to_utc();
        for value in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(read(value), Some(RetryAfter::At(date)), "{value}");
        }
        for value in ["-5", "9e99", "soon", "", "1.5", "99999999999999999999999"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn secrets_in_an_answers_headers_are_not_kept() {
        let headers = HeaderMap::from_iter([
            (http::header::SET_COOKIE, HeaderValue::from_static("sid=s3cret")),
            (http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer s3cret")),
            (http::header::AUTHORIZATION, HeaderValue::from_static("Basic s3cret")),
            (HeaderName::from_static("x-csrf-token"), HeaderValue::from_static("s3cret")),
            (LOCATION, HeaderValue::from_static("https://me:s3cret@example.com/a?key=s3cret#s3cret")),
            (http::header::SERVER, HeaderValue::from_static("nginx")),
        ]);
        let kept = kept(&headers);
        assert_eq!(kept.len(), 6);
        assert!(kept.iter().all(|(_, value)| !value.contains("s3cret")), "{kept:?}");
        assert!(kept.contains(&("location".into(), "https://example.com/a".into())));
        assert!(kept.contains(&("server".into(), "nginx".into())));
    }

    #[test]
    fn the_kept_headers_have_a_limit() {
        let name = |number: usize| HeaderName::try_from(format!("x-{number}")).unwrap();
        let long = HeaderValue::from_bytes(&[b'a'; 9_000]).unwrap();
        let headers: HeaderMap = (0..200).map(|number| (name(number), long.clone())).collect();
        let kept = kept(&headers);
        assert_eq!(kept.len(), KEPT_HEADERS);
        assert!(kept.iter().all(|(_, value)| value.len() == KEPT_VALUE));
    }
}
