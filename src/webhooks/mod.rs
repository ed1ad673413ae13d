//! The webhooks: who is told of what, where, how and with which login.

mod answer;
pub(crate) mod api;
mod change;
pub mod code;
mod delays;
pub mod filter;
pub mod form;
mod formats;
pub mod headers;
pub mod limit;
mod login;
pub mod ops;
pub(crate) mod pages;
pub mod payload;
pub mod request;
pub mod set;
pub mod sign;
pub(crate) mod store;
pub mod template;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Time;
use crate::credentials::client::ClientLogin;
use crate::credentials::token::Key;
use crate::credentials::{ContentType, Credential, Scheme};
use crate::events::Environment;

crate::id_type!(
    /// A webhook's id.
    WebhookId, "whk"
);

crate::word_enum! {
    /// The method of its requests.
    Method {
        /// The usual one.
        Post = "POST",
        /// For receivers that replace.
        Put = "PUT",
        /// For receivers that amend.
        Patch = "PATCH",
    }
}

crate::word_enum! {
    /// The shape of its bodies.
    Format {
        /// `{"event","data","webhook_name"}`
        Notification = "notification",
        /// `{"event_time","event_type","current_context","data"}`
        Envelope = "envelope",
        /// `{"type","timestamp","data"}`, as Standard Webhooks recommends.
        Standard = "standard",
        /// `{"company","type","extraData","createdAt","data","event","diff"}`, with the fields that were edited.
        Change = "change",
        /// `CloudEvents` 1.0 in the structured form.
        CloudEvents = "cloudevents",
        /// `{"text"}`, a line for people.
        Slack = "slack",
        /// An adaptive card with a link.
        Teams = "teams",
        /// `{"issues","data"}`, for an incoming webhook of Jira Automation.
        Jira = "jira",
        /// As a template of the webhook's own says.
        Template = "template",
    }
}

crate::word_enum! {
    /// The kind of login.
    AuthKind {
        /// No login.
        None = "none",
        /// `Authorization: Bearer`
        OAuth = "oauth",
        /// User name and password.
        Basic = "basic",
        /// A header with a key.
        ApiKey = "api_key",
        /// A token of a token endpoint, OAuth 2 client credentials.
        OAuth2Client = "oauth2_client",
        /// A credential that other webhooks may use too.
        Credential = "credential",
    }
}

/// How the requests log in. No `Debug`: it holds secrets.
#[derive(Clone)]
#[expect(clippy::enum_variant_names, reason = "OAuth is called so")]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer <token>`
    OAuth {
        /// The token, without `Bearer`.
        token: SecretString,
    },
    /// `Authorization: Basic <base64 of both>` (RFC 7617).
    Basic {
        /// Without a colon.
        username: String,
        /// May be empty.
        password: SecretString,
    },
    /// A header of its own.
    ApiKey {
        /// The header's name.
        header: String,
        /// Its value.
        key: SecretString,
    },
    /// A token is fetched, kept until it expires, and sent as `Authorization: Bearer`.
    OAuth2Client(ClientLogin),
    /// As the credential says, as it stood when the webhook was read.
    Credential(Arc<Credential>),
}

impl Auth {
    /// The kind, as the form and the table name it.
    pub fn kind(&self) -> AuthKind {
        match self {
            Self::None => AuthKind::None,
            Self::OAuth { .. } => AuthKind::OAuth,
            Self::Basic { .. } => AuthKind::Basic,
            Self::ApiKey { .. } => AuthKind::ApiKey,
            Self::OAuth2Client(_) => AuthKind::OAuth2Client,
            Self::Credential(_) => AuthKind::Credential,
        }
    }
}

crate::word_enum! {
    /// The kind of retry preset, as the form and the table name it.
    RetryKind {
        /// Three attempts, 30 s apart.
        Quick = "quick",
        /// Ten attempts over three days.
        Standard = "standard",
        /// Delays of the webhook's own.
        List = "list",
    }
}

/// When a failed attempt is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Ten attempts over three days, with jitter.
    Standard,
    /// Three attempts, 30 s apart, exact.
    Quick,
    /// Own delays after each failure, in whole seconds: 1-20 of 1 s to 7 days.
    List(Vec<u32>),
}

impl Retry {
    /// The kind, as the form and the table name it.
    pub fn kind(&self) -> RetryKind {
        match self {
            Self::Standard => RetryKind::Standard,
            Self::Quick => RetryKind::Quick,
            Self::List(_) => RetryKind::List,
        }
    }
}

/// Switched off by the product, after 410 or days without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Since when.
    pub at: Time,
    /// Why, as a sentence.
    pub reason: String,
}

/// How long the old key signs beside a new one.
pub const KEY_OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// Held by a person: new and waiting deliveries are kept and sent on Resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Since when.
    pub at: Time,
    /// By whom, as a name.
    pub by: String,
}

/// A webhook that exists.
#[derive(Clone)]
pub struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) code: String,
    pub(crate) name: String,
    /// As the egress guard wrote it, judged again at every send.
    pub(crate) url: String,
    /// What was typed, where the credential's base URL comes before it.
    pub(crate) path: Option<String>,
    pub(crate) description: String,
    pub(crate) environment: Environment,
    pub(crate) active: bool,
    pub(crate) method: Method,
    pub(crate) format: Format,
    /// What makes the bodies of [`Format::Template`].
    pub(crate) template: Option<template::Template>,
    /// For one whole attempt, 1-30 s.
    pub(crate) timeout: Duration,
    pub(crate) retry: Retry,
    pub(crate) auth: Auth,
    /// When the login was last set; shown instead of it.
    pub(crate) auth_set_at: Option<Time>,
    /// A text that an answer must not hold: where it does, the attempt failed, whatever its status.
    pub(crate) fail_when: Option<String>,
    /// What every request carries besides, in the order of the form.
    pub(crate) headers: Vec<headers::CustomHeader>,
    /// Which events of the ticked types it wants.
    pub(crate) filters: filter::WebhookFilters,
    /// Since when they are so; none where there never were any.
    pub(crate) filters_set_at: Option<Time>,
    /// Newest first; two while a rotation lasts.
    pub(crate) signing_keys: Vec<sign::SigningKey>,
    /// Until when the second key signs too.
    pub(crate) previous_key_until: Option<Time>,
    pub(crate) disabled: Option<Disabled>,
    pub(crate) paused: Option<Paused>,
    /// The ticked types, sorted.
    pub(crate) events: Vec<String>,
    /// Grows with each edit.
    pub(crate) version: i32,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// Scheme, host and port of a webhook's address.
pub(crate) fn origin(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

crate::word_enum! {
    /// What a webhook is to new events, as people tell it.
    State {
        /// Sent to.
        Active = "active",
        /// Switched off by a person.
        Inactive = "inactive",
        /// Held by a person.
        Paused = "paused",
        /// Switched off by Postrider.
        Disabled = "disabled",
    }
}

impl State {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Paused => "Paused",
            Self::Disabled => "Disabled",
        }
    }
}

impl Webhook {
    /// How it stands; switched off by a person says more than by Postrider, and either more than held.
    pub(crate) fn state(&self) -> State {
        match (self.active, &self.disabled, &self.paused) {
            (false, _, _) => State::Inactive,
            (true, Some(_), _) => State::Disabled,
            (true, None, Some(_)) => State::Paused,
            (true, None, None) => State::Active,
        }
    }

    /// Its id.
    pub fn id(&self) -> WebhookId {
        self.id
    }

    /// The credential that it logs in with.
    pub(crate) fn credential(&self) -> Option<&Arc<Credential>> {
        match &self.auth {
            Auth::Credential(credential) => Some(credential),
            Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::ApiKey { .. } | Auth::OAuth2Client(_) => None,
        }
    }

    /// The token endpoint that has to be asked before a request, and whose token that is.
    pub(crate) fn client_login(&self) -> Option<(Key, &ClientLogin)> {
        match &self.auth {
            Auth::OAuth2Client(login) => Some((Key { owner: self.id.to_string(), version: self.version }, login)),
            Auth::Credential(credential) => match &credential.scheme {
                Scheme::OAuth2Client(login) => Some((credential.token_key(), login)),
                Scheme::None
                | Scheme::Headers
                | Scheme::Basic { .. }
                | Scheme::Token { .. }
                | Scheme::ApiKey { .. }
                | Scheme::Hmac { .. } => None,
            },
            Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::ApiKey { .. } => None,
        }
    }

    /// How its bodies travel.
    pub(crate) fn content_type(&self) -> ContentType {
        self.credential().map_or(ContentType::Json, |credential| credential.content_type)
    }

    /// Its address as it is typed and stored: whole, or a path below the credential's base URL.
    pub(crate) fn typed_url(&self) -> &str {
        self.path.as_deref().unwrap_or(&self.url)
    }

    /// The keys that sign at that time, newest first.
    pub fn signing_keys_at(&self, at: Time) -> &[sign::SigningKey] {
        match self.previous_key_until {
            Some(until) if at < until => &self.signing_keys,
            Some(_) | None => &self.signing_keys[..self.signing_keys.len().min(1)],
        }
    }

    /// The same with a new key; the one before signs too for [`KEY_OVERLAP`], so that receivers can follow.
    pub(crate) fn with_key(self, key: sign::SigningKey, now: Time) -> Self {
        let before = self.signing_keys.into_iter().next();
        let previous_key_until = before.as_ref().map(|_| now.plus(KEY_OVERLAP));
        Self { signing_keys: std::iter::once(key).chain(before).collect(), previous_key_until, ..self }
    }

    /// True when its deliveries may be sent now.
    pub fn is_sendable(&self) -> bool {
        self.active && self.disabled.is_none() && self.paused.is_none()
    }
}

/// Noted in a transaction that changed a webhook: what waits in the job table follows before the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookChanged {
    /// It is new, or its settings differ.
    Edited(WebhookId),
    /// It was switched off: what waits is cancelled.
    Deactivated(WebhookId),
    /// It was deleted: what waits is cancelled.
    Deleted(WebhookId),
}
