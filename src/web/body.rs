//! Reading bodies: bounded in size and time, of the declared type, never inflated.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;

use super::WebError;

/// How long a body may take to arrive; the HTTP library cuts only a slow head.
pub(crate) const SLOWEST_BODY: Duration = Duration::from_secs(15);
/// The largest JSON body, but where a route says otherwise.
pub const LARGEST_JSON: usize = 256 * 1024;

/// The raw body of a JSON request of at most `LIMIT` bytes: its bytes are kept as they came.
pub struct JsonBody<const LIMIT: usize = LARGEST_JSON>(pub Bytes);

impl<const LIMIT: usize> FromRequest for JsonBody<LIMIT> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_json(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            read(payload, LIMIT).await.map(Self)
        })
    }
}

/// The same where the body may be left out, and its type with it.
pub struct OptionalJson<const LIMIT: usize = LARGEST_JSON>(pub Option<Bytes>);

impl<const LIMIT: usize> FromRequest for OptionalJson<LIMIT> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_json(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            let body = read(payload, LIMIT).await?;
            if body.is_empty() {
                return Ok(Self(None));
            }
            checked.map(|()| Self(Some(body)))
        })
    }
}

fn check_json(headers: &HeaderMap) -> Result<(), WebError> {
    let (essence, charset) = content_type(headers);
    let utf8 = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"));
    if !essence.eq_ignore_ascii_case("application/json") || !utf8 {
        return Err(WebError::UnsupportedMediaType("Send Content-Type: application/json in UTF-8.".to_owned()));
    }
    plain(headers)
}

/// Refuses compressed bodies: nothing is inflated here.
pub(super) fn plain(headers: &HeaderMap) -> Result<(), WebError> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(WebError::UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The type without its parameters, and its charset.
pub(super) fn content_type(headers: &HeaderMap) -> (&str, Option<&str>) {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    (essence, charset)
}

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read(payload: Payload, limit: usize) -> Result<Bytes, WebError> {
    read_within(SLOWEST_BODY, payload, limit).await
}

async fn read_within(patience: Duration, payload: Payload, limit: usize) -> Result<Bytes, WebError> {
    tokio::time::timeout(patience, collect(payload, limit)).await.unwrap_or(Err(WebError::TimedOut))
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, WebError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| WebError::BadRequest("The body broke off. Send it again.".to_owned()))?;
        if body.len() + chunk.len() > limit {
            return Err(WebError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use actix_web::error::PayloadError;
    use futures_util::stream;

    use super::*;

    fn payload(chunks: impl futures_util::Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
        let stream: Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(chunks);
        Payload::Stream { payload: stream }
    }

    #[actix_web::test]
    async fn a_body_that_drips_is_cut() {
        let drip = payload(stream::iter([Ok(Bytes::from_static(b"{"))]).chain(stream::pending()));
        let cut = read_within(Duration::from_millis(10), drip, 100).await;
        assert!(matches!(cut, Err(WebError::TimedOut)));
    }

    #[actix_web::test]
    async fn a_body_that_breaks_off_or_never_ends_is_refused() {
        let broken = payload(stream::iter([Ok(Bytes::from_static(b"{")), Err(PayloadError::Incomplete(None))]));
        assert!(matches!(read(broken, 100).await, Err(WebError::BadRequest(_))));
        let endless = payload(stream::repeat_with(|| Ok(Bytes::from_static(b"xxxxxxxx"))));
        assert!(matches!(read(endless, 100).await, Err(WebError::TooLarge)));
    }
}
