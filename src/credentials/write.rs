//! What a credential writes into a request: its headers and its login; pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::headers::CustomHeader;
use super::{ContentType, Credential, Scheme};
use crate::clock::Time;

/// The headers of an HMAC login: who signs, when, and the signature.
pub const HMAC_HEADERS: [&str; 3] = ["X-Client-Id", "X-Timestamp", "X-Signature"];

/// Writes the credential's login for a body that is sent at this time; a fetched token is written by [`bearer`].
///
/// # Errors
/// When a stored value does not fit into a header, which the form refuses.
pub fn login(headers: &mut HeaderMap, credential: &Credential, at: Time, body: &[u8]) -> Result<(), http::Error> {
    match &credential.scheme {
        Scheme::None | Scheme::Headers | Scheme::OAuth2Client(_) => {}
        Scheme::Basic { username, password } => {
            headers.insert(AUTHORIZATION, sensitive(&basic(username, password))?);
        }
        Scheme::Token { key, token } => {
            headers.insert(AUTHORIZATION, sensitive(&format!("{key} {}", token.expose_secret()))?);
        }
        Scheme::ApiKey { header, key } => {
            headers.insert(HeaderName::from_bytes(header.as_bytes())?, sensitive(key.expose_secret())?);
        }
        Scheme::Hmac { client_id, secret } => {
            headers.insert("x-client-id", HeaderValue::from_str(client_id)?);
            headers.insert("x-timestamp", HeaderValue::from(at.seconds()));
            headers.insert("x-signature", sensitive(&signature(secret, at.seconds(), body))?);
        }
    }
    Ok(())
}

/// Writes headers whose values are kept like logins.
///
/// # Errors
/// When a stored value does not fit into a header, which the form refuses.
pub fn custom(headers: &mut HeaderMap, own: &[CustomHeader]) -> Result<(), http::Error> {
    for header in own {
        headers.insert(HeaderName::from_bytes(header.name.as_bytes())?, sensitive(header.value.expose_secret())?);
    }
    Ok(())
}

/// Writes a token that was fetched.
///
/// # Errors
/// When it does not fit into a header.
pub fn bearer(headers: &mut HeaderMap, token: &SecretString) -> Result<(), http::Error> {
    headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {}", token.expose_secret()))?);
    Ok(())
}

/// `Basic <base64 of both>`
pub(crate) fn basic(username: &str, password: &SecretString) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose_secret())))
}

/// The body as it travels, and its type.
pub(crate) fn encoded(json: String, content_type: ContentType) -> (String, &'static str) {
    match content_type {
        ContentType::Json => (json, "application/json"),
        ContentType::Form => {
            let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json).finish();
            (form, "application/x-www-form-urlencoded")
        }
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, http::Error> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// `sha256=` and the hex of HMAC-SHA256 over `timestamp.body`.
fn signature(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes any key");
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    format!("sha256={}", crate::secret::hex(&mac.finalize().into_bytes()))
}
