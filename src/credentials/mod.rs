//! The credentials: logins with a name, which several webhooks share and which are changed in one place.

mod answer;
pub mod api;
pub mod client;
pub mod form;
pub mod headers;
pub mod join;
pub mod ops;
pub(crate) mod pages;
pub(crate) mod secrets;
pub(crate) mod store;
pub mod token;
pub mod write;

#[cfg(test)]
mod tests;

pub use store::touch;

use secrecy::SecretString;

use crate::api_keys::Environment;
use crate::clock::Time;
use client::ClientLogin;
use headers::CustomHeader;

crate::id_type!(
    /// A credential's id.
    CredentialId, "crd"
);

crate::word_enum! {
    /// How a body travels.
    ContentType {
        /// `application/json`
        Json = "json",
        /// `application/x-www-form-urlencoded`, the JSON in the field `payload`.
        Form = "form",
    }
}

crate::word_enum! {
    /// The kind of a credential's login.
    SchemeKind {
        /// No login.
        None = "none",
        /// The headers alone.
        Headers = "headers",
        /// User name and password.
        Basic = "basic",
        /// `Authorization` with a word and a token.
        Token = "token",
        /// A header with a key.
        ApiKey = "api_key",
        /// Three headers that sign the body with a secret.
        Hmac = "hmac",
        /// A token of a token endpoint, OAuth 2 client credentials.
        OAuth2Client = "oauth2_client",
    }
}

/// How requests log in. No `Debug`: it holds secrets.
#[derive(Clone)]
pub enum Scheme {
    /// Not at all.
    None,
    /// By the credential's headers.
    Headers,
    /// `Authorization: Basic <base64 of both>` (RFC 7617).
    Basic {
        /// Without a colon.
        username: String,
        /// May be empty.
        password: SecretString,
    },
    /// `Authorization: <key> <token>`
    Token {
        /// The word before the token, such as `Bearer`.
        key: String,
        /// The token.
        token: SecretString,
    },
    /// A header of its own.
    ApiKey {
        /// The header's name.
        header: String,
        /// Its value.
        key: SecretString,
    },
    /// `X-Client-Id`, `X-Timestamp`, and `X-Signature` over timestamp and body.
    Hmac {
        /// Sent as it is.
        client_id: String,
        /// Signs.
        secret: SecretString,
    },
    /// A token is fetched, kept until it expires, and sent as `Authorization: Bearer`.
    OAuth2Client(ClientLogin),
}

impl Scheme {
    /// The kind, as the form and the table name it.
    pub fn kind(&self) -> SchemeKind {
        match self {
            Self::None => SchemeKind::None,
            Self::Headers => SchemeKind::Headers,
            Self::Basic { .. } => SchemeKind::Basic,
            Self::Token { .. } => SchemeKind::Token,
            Self::ApiKey { .. } => SchemeKind::ApiKey,
            Self::Hmac { .. } => SchemeKind::Hmac,
            Self::OAuth2Client(_) => SchemeKind::OAuth2Client,
        }
    }

    /// What must not be seen; each kind has at most one.
    pub(crate) fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::None | Self::Headers => None,
            Self::Basic { password, .. } => Some(password),
            Self::Token { token, .. } => Some(token),
            Self::ApiKey { key, .. } => Some(key),
            Self::Hmac { secret, .. } => Some(secret),
            Self::OAuth2Client(login) => Some(&login.secret),
        }
    }

    /// The headers that it writes, which no other header may write too.
    pub fn writes(&self) -> Vec<&str> {
        match self {
            Self::None | Self::Headers => Vec::new(),
            Self::Basic { .. } | Self::Token { .. } | Self::OAuth2Client(_) => vec!["Authorization"],
            Self::ApiKey { header, .. } => vec![header],
            Self::Hmac { .. } => write::HMAC_HEADERS.to_vec(),
        }
    }
}

/// A credential that exists. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credential {
    pub(crate) id: CredentialId,
    pub(crate) name: String,
    /// Webhooks of this environment alone may use it.
    pub(crate) environment: Environment,
    /// Where its requests begin, as the egress guard wrote it; the secrets go nowhere else.
    pub(crate) base_url: Option<String>,
    pub(crate) content_type: ContentType,
    /// What every request carries besides, in the order of the form.
    pub(crate) headers: Vec<CustomHeader>,
    pub(crate) scheme: Scheme,
    /// When the login was last set; shown instead of it.
    pub(crate) auth_set_at: Option<Time>,
    /// Grows with each edit.
    pub(crate) version: i32,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl Credential {
    /// Its id.
    pub fn id(&self) -> CredentialId {
        self.id
    }

    /// The name that people gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a fetched token is used: a changed credential has another, so its old token is dropped.
    pub(crate) fn token_key(&self) -> token::Key {
        token::Key { owner: self.id.to_string(), version: self.version }
    }
}

/// Who uses a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The credential.
    pub(crate) credential: CredentialId,
    /// The webhook's id.
    pub(crate) webhook: String,
    /// The webhook's name.
    pub(crate) name: String,
    /// Its URL as it is stored: whole, or a path below the base URL.
    pub(crate) url: String,
    /// It has headers of its own, whose values are secrets.
    pub(crate) has_headers: bool,
}

impl Use {
    /// Its URL is a path below the credential's base URL.
    pub(crate) fn is_path(&self) -> bool {
        !join::is_whole(&self.url)
    }
}

/// `1 webhook`, `12 webhooks`.
pub(crate) fn counted(uses: usize) -> String {
    if uses == 1 { "1 webhook".to_owned() } else { format!("{uses} webhooks") }
}

/// The names of the webhooks for a sentence.
pub(crate) fn named(uses: &[&Use]) -> String {
    crate::text::named(uses.iter().map(|one| &*one.name))
}
