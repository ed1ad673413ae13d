//! Form and query extractors that read repeated fields and refuse what is not UTF-8.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::{WebError, body};

/// The largest form, in bytes.
pub const LARGEST_FORM: usize = 256 * 1024;

/// A posted form.
pub struct Form<T>(pub T);

/// The fields of the address.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            let text = body::read(payload, LARGEST_FORM).await?;
            parse(&text).map(Self)
        })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string().as_bytes()).map(Self))
    }
}

fn check(headers: &HeaderMap) -> Result<(), WebError> {
    let (essence, charset) = body::content_type(headers);
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let sentence = "Forms are sent as application/x-www-form-urlencoded. Use the form of the page.";
        return Err(WebError::UnsupportedMediaType(sentence.to_owned()));
    }
    if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        return Err(unreadable());
    }
    body::plain(headers)
}

/// Reads fields; what is no UTF-8 or holds a NUL is refused instead of being replaced in silence.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, WebError> {
    if !is_sound(text) {
        return Err(unreadable());
    }
    // The parser's own sentence names our fields and types: it helps nobody.
    serde_html_form::from_bytes(text).map_err(|_| unreadable())
}

fn is_sound(text: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|&digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return false };
        decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    !decoded.contains(&0) && std::str::from_utf8(&decoded).is_ok()
}

fn unreadable() -> WebError {
    WebError::BadRequest(
        "The address or the form was damaged on its way. Go back, reload the page and try again.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        name: String,
        #[serde(default)]
        events: Vec<String>,
    }

    #[test]
    fn check_boxes_of_one_name_are_a_list() {
        let sample: Sample = parse(b"name=caf%C3%A9+au+lait&events=a&events=b").unwrap();
        assert_eq!(sample.name, "caf\u{e9} au lait");
        assert_eq!(sample.events, ["a", "b"]);
    }

    #[test]
    fn a_single_field_sent_twice_is_refused() {
        assert!(parse::<Sample>(b"name=a&name=b").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for text in ["name=%ff%fe", "name=a%00b", "name=%zz", "name=%4", "events=a"] {
            assert!(parse::<Sample>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
