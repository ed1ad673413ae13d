//! Webhooks as programs read and write them: the fields of the form with their real types, and never a secret again.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::{self, FiltersAnswer, Named};
use super::form::WebhookForm;
use super::{Auth, AuthKind, Disabled, Format, Method, Paused, Retry, RetryKind, State, Webhook, WebhookId};
use crate::clock::Time;
use crate::credentials::CredentialId;
use crate::events::Environment;

/// All webhooks of the key's environment.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookList {
    /// By name; there are at most 1,000.
    data: Vec<WebhookAnswer>,
}

impl WebhookList {
    pub(super) fn of<'a>(webhooks: impl Iterator<Item = &'a Webhook>) -> Self {
        Self { data: webhooks.map(WebhookAnswer::of).collect() }
    }
}

/// A webhook. Its secrets are never told: of the login there is its kind and when it was set, of a header its name.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookAnswer {
    id: WebhookId,
    /// Unique, and fixed once the webhook exists.
    #[schema(example = "build_server")]
    code: String,
    /// Its name; bodies carry it as `webhook_name`.
    #[schema(example = "Build server")]
    name: String,
    /// Where the requests go; a path where its credential has a base URL.
    #[schema(example = "https://ci.example.com/hooks/release")]
    url: String,
    /// What it is for; may be empty.
    #[schema(example = "Builds the guide when it is released.")]
    description: String,
    /// Always `rest`.
    #[schema(example = "rest")]
    notification_type: &'static str,
    environment: Environment,
    /// Whether a person has it switched on.
    #[schema(example = true)]
    active: bool,
    state: State,
    /// The ticked event types; with none it never fires.
    #[schema(example = json!(["document.released"]))]
    events: Vec<String>,
    method: Method,
    format: Format,
    /// What makes the bodies of `template`; null for other formats.
    #[schema(example = r#"{"id": "{{ event.id }}", "data": {{ data|tojson }}}"#)]
    template: Option<String>,
    /// The kind of login.
    auth: AuthKind,
    /// When the login was last set; null without one.
    auth_set_at: Option<Time>,
    /// The user name of `basic`; null for other kinds.
    #[schema(example = "ci")]
    username: Option<String>,
    /// The header of `api_key`; null for other kinds.
    #[schema(example = "X-API-Key")]
    api_key_header: Option<String>,
    /// Where the token of `oauth2_client` is fetched; null for other kinds.
    #[schema(example = "https://login.example.com/oauth2/token")]
    token_url: Option<String>,
    /// The client of `oauth2_client`; null for other kinds.
    #[schema(example = "postrider")]
    client_id: Option<String>,
    /// What the token of `oauth2_client` is asked for, may be empty; null for other kinds.
    #[schema(example = "hooks:write")]
    scope: Option<String>,
    /// The credential of `credential`; null for other kinds.
    credential_id: Option<CredentialId>,
    /// Headers of its own.
    headers: Vec<HeaderAnswer>,
    /// Rules on the event's data.
    filters: FiltersAnswer,
    /// The workflow whose task events alone are sent; null for all.
    #[schema(example = "7")]
    workflow: Option<String>,
    /// The survey whose events alone are sent; null for all.
    #[schema(example = "Safety walk")]
    survey: Option<String>,
    /// The group whose survey events alone are sent; null for all.
    #[schema(example = "North")]
    group: Option<String>,
    /// Seconds for one whole attempt.
    #[schema(example = 15)]
    timeout: u64,
    /// A text that an answer must not hold; null for none.
    #[schema(example = "out of stock")]
    fail_when: Option<String>,
    retry: RetryKind,
    /// The own delays of `list`, in seconds; empty for other presets.
    #[schema(example = json!([30, 300]))]
    delays: Vec<u32>,
    /// Switched off by Postrider; null when it is not.
    disabled: Option<DisabledAnswer>,
    /// Held by a person; null when it is not.
    paused: Option<PausedAnswer>,
    /// Grows with each change; sent back with a change, it refuses one that was made over an older version.
    #[schema(example = 3)]
    version: i32,
    /// When it was added.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
}

/// A header that every request carries.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookHeader)]
struct HeaderAnswer {
    /// Its name.
    #[schema(example = "X-Team")]
    name: String,
}

/// Why Postrider switched a webhook off.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDisabled)]
struct DisabledAnswer {
    /// Since when.
    at: Time,
    /// Why, in a sentence.
    #[schema(example = "The receiver answered 410 Gone, which asks to send nothing more.")]
    reason: String,
}

/// Who holds a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookPaused)]
struct PausedAnswer {
    /// Since when.
    at: Time,
    /// A person or an API key, by name.
    #[schema(example = "Ada Admin")]
    by: String,
}

impl WebhookAnswer {
    pub(super) fn of(webhook: &Webhook) -> Self {
        let (username, api_key_header, client) = match &webhook.auth {
            Auth::None | Auth::OAuth { .. } | Auth::Credential(_) => (None, None, None),
            Auth::Basic { username, .. } => (Some(username.clone()), None, None),
            Auth::ApiKey { header, .. } => (None, Some(header.clone()), None),
            Auth::OAuth2Client(client) => (None, None, Some(client)),
        };
        let wanted = |named| Some(webhook.filters.wanted(named).to_owned()).filter(|wanted| !wanted.is_empty());
        Self {
            id: webhook.id,
            code: webhook.code.clone(),
            name: webhook.name.clone(),
            url: webhook.typed_url().to_owned(),
            description: webhook.description.clone(),
            notification_type: "rest",
            environment: webhook.environment,
            active: webhook.active,
            state: webhook.state(),
            events: webhook.events.clone(),
            method: webhook.method,
            format: webhook.format,
            template: webhook.template.as_ref().map(|template| template.text().to_owned()),
            auth: webhook.auth.kind(),
            auth_set_at: webhook.auth_set_at,
            username,
            api_key_header,
            token_url: client.map(|client| client.token_url.clone()),
            client_id: client.map(|client| client.client_id.clone()),
            scope: client.map(|client| client.scope.clone()),
            credential_id: webhook.credential().map(|credential| credential.id()),
            headers: webhook.headers.iter().map(|header| HeaderAnswer { name: header.name.clone() }).collect(),
            filters: FiltersAnswer::of(&webhook.filters.rows),
            workflow: wanted(Named::Workflow),
            survey: wanted(Named::Survey),
            group: wanted(Named::Group),
            timeout: webhook.timeout.as_secs(),
            fail_when: webhook.fail_when.clone(),
            retry: webhook.retry.kind(),
            delays: match &webhook.retry {
                Retry::Standard | Retry::Quick => Vec::new(),
                Retry::List(delays) => delays.clone(),
            },
            disabled: webhook.disabled.clone().map(|Disabled { at, reason }| DisabledAnswer { at, reason }),
            paused: webhook.paused.clone().map(|Paused { at, by }| PausedAnswer { at, by }),
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// A webhook that was just added, with its signing secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedWebhook {
    #[serde(flatten)]
    webhook: WebhookAnswer,
    /// What its requests are signed with.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    signing_secret: String,
}

impl CreatedWebhook {
    pub(super) fn of(webhook: &Webhook) -> Self {
        let key = webhook.signing_keys.first().map(|key| key.text().expose_secret().to_owned());
        Self { webhook: WebhookAnswer::of(webhook), signing_secret: key.unwrap_or_default() }
    }
}

/// A secret of a request. No `Debug`.
#[derive(Default)]
struct Secret(SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// A webhook to add, or all of what one is to be. What is left out, or null, has the value of a new one; secrets that
/// are left out stay as they are stored. What only answers have (`id`, `state` and the moments) may stand here and
/// counts for nothing, so that an answer can be changed and sent back.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewWebhook)]
pub(super) struct ToSave {
    /// 1 to 120 characters.
    #[schema(value_type = String, max_length = 120, example = "Build server")]
    name: Option<String>,
    /// Lower-case letters, digits and underscores, at most 60; made from the name unless given, then fixed.
    #[schema(nullable = false, example = "build_server")]
    code: Option<String>,
    /// Where the requests go, judged by the egress guard; a path where the credential has a base URL.
    #[schema(value_type = String, max_length = 2048, example = "https://ci.example.com/hooks/release")]
    url: Option<String>,
    /// At most 2,000 characters.
    #[schema(example = "Builds the guide when it is released.")]
    description: Option<String>,
    /// `rest`, the one there is.
    #[schema(example = "rest")]
    notification_type: Option<String>,
    /// The key's own environment, the only one it reaches.
    #[schema(value_type = Option<Environment>, inline)]
    environment: Option<String>,
    /// True unless given.
    #[schema(example = true)]
    active: Option<bool>,
    /// The event types that it is sent; none unless given.
    #[schema(example = json!(["document.released"]))]
    events: Option<Vec<String>>,
    /// `POST` unless given.
    #[schema(value_type = Option<Method>, inline)]
    method: Option<String>,
    /// `notification` unless given.
    #[schema(value_type = Option<Format>, inline)]
    format: Option<String>,
    /// A Jinja template over `event`, `data`, `webhook` and `portal_url`, which makes the bodies of `template`; it is tried
    /// on the examples of the ticked types.
    #[schema(max_length = 20000, example = r#"{"id": "{{ event.id }}", "data": {{ data|tojson }}}"#)]
    template: Option<String>,
    /// `none` unless given.
    #[schema(value_type = Option<AuthKind>, inline)]
    auth: Option<String>,
    /// The token of `oauth`.
    #[schema(value_type = Option<String>, example = "example-token")]
    token: Option<Secret>,
    /// The user name of `basic`.
    #[schema(example = "ci")]
    username: Option<String>,
    /// The password of `basic`.
    #[schema(value_type = Option<String>, example = "example-password")]
    password: Option<Secret>,
    /// The header of `api_key`: `X-API-Key` unless given.
    #[schema(example = "X-API-Key")]
    api_key_header: Option<String>,
    /// The key of `api_key`.
    #[schema(value_type = Option<String>, example = "example-key")]
    api_key: Option<Secret>,
    /// Where the token of `oauth2_client` is fetched.
    #[schema(max_length = 2048, example = "https://login.example.com/oauth2/token")]
    token_url: Option<String>,
    /// The client of `oauth2_client`.
    #[schema(example = "postrider")]
    client_id: Option<String>,
    /// The client's secret of `oauth2_client`.
    #[schema(value_type = Option<String>, example = "example-secret")]
    client_secret: Option<Secret>,
    /// What the token of `oauth2_client` is asked for: words with spaces between.
    #[schema(example = "hooks:write")]
    scope: Option<String>,
    /// The credential of `credential`, of the key's environment.
    #[schema(value_type = Option<CredentialId>, inline)]
    credential_id: Option<String>,
    /// Headers that every request carries, at most 50.
    headers: Option<Vec<NewHeader>>,
    /// Rules on the event's data; none unless given.
    filters: Option<FiltersAnswer>,
    /// Of task events, those of this workflow alone.
    #[schema(example = "7")]
    workflow: Option<String>,
    /// Of survey events, those of this survey alone.
    #[schema(example = "Safety walk")]
    survey: Option<String>,
    /// Of survey events, those of this group alone.
    #[schema(example = "North")]
    group: Option<String>,
    /// Seconds for one whole attempt, 1 to 30; 15 unless given.
    #[schema(minimum = 1, maximum = 30, example = 15)]
    timeout: Option<u64>,
    /// A text in the first 16 KiB of an answer that means failure, whatever the status; none unless given.
    #[schema(max_length = 200, example = "out of stock")]
    fail_when: Option<String>,
    /// `standard` unless given.
    #[schema(value_type = Option<RetryKind>, inline)]
    retry: Option<String>,
    /// The own delays of `list`, in seconds: 1 to 20, each of 1 s to 7 days.
    #[schema(example = json!([30, 300]))]
    delays: Option<Vec<u32>>,
    /// A signing secret of the sender's own, beginning with `whsec_`; on a change the one before signs too for 24 hours.
    #[schema(value_type = Option<String>, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    signing_secret: Option<Secret>,
    /// The version that was changed; given, a change over a newer one is refused with `conflict`.
    #[schema(example = 3)]
    version: Option<i32>,
}

/// A header that every request carries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHeader {
    /// Its name.
    #[schema(example = "X-Team")]
    name: String,
    /// Its value; left out, the stored one of that name stays.
    #[schema(value_type = Option<String>, example = "docs")]
    value: Option<Secret>,
}

/// The fields that only answers have.
pub(super) const TOLD_ONLY: [&str; 7] =
    ["id", "state", "auth_set_at", "disabled", "paused", "created_at", "updated_at"];

impl ToSave {
    /// The version that it was made from.
    pub(super) fn version(&self) -> Option<i32> {
        self.version
    }

    /// The world that it names.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// The same as the form would send it, so that one set of rules judges both.
    pub(super) fn into_form(self, environment: Environment) -> WebhookForm {
        let new = WebhookForm::default();
        let (names, values): (Vec<_>, Vec<_>) = self
            .headers
            .unwrap_or_default()
            .into_iter()
            .map(|header| (header.name, header.value.unwrap_or_default().0))
            .unzip();
        let filters = self.filters.unwrap_or_else(|| FiltersAnswer::of(&crate::filters::Filters::default()));
        let delays = self.delays.unwrap_or_default().iter().map(|delay| format!("{delay}s")).collect::<Vec<_>>();
        let form = WebhookForm {
            name: self.name.unwrap_or_default(),
            code: self.code.unwrap_or_default(),
            url: self.url.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            notification_type: self.notification_type.unwrap_or(new.notification_type),
            environment: environment.to_string(),
            active: if self.active.unwrap_or(true) { "true" } else { "" }.to_owned(),
            events: self.events.unwrap_or_default(),
            method: self.method.unwrap_or(new.method),
            format: self.format.unwrap_or(new.format),
            template: self.template.unwrap_or_default(),
            auth: self.auth.unwrap_or(new.auth),
            token: self.token.unwrap_or_default().0,
            username: self.username.unwrap_or_default(),
            password: self.password.unwrap_or_default().0,
            api_key_header: self.api_key_header.unwrap_or(new.api_key_header),
            api_key: self.api_key.unwrap_or_default().0,
            token_url: self.token_url.unwrap_or_default(),
            client_id: self.client_id.unwrap_or_default(),
            client_secret: self.client_secret.unwrap_or_default().0,
            scope: self.scope.unwrap_or_default(),
            credential_id: self.credential_id.unwrap_or_default(),
            header_name: names,
            header_value: values,
            workflow: self.workflow.unwrap_or_default(),
            survey: self.survey.unwrap_or_default(),
            group: self.group.unwrap_or_default(),
            timeout: self.timeout.map_or(new.timeout, |seconds| seconds.to_string()),
            fail_when: self.fail_when.unwrap_or_default(),
            retry: self.retry.unwrap_or(new.retry),
            delays: delays.join(", "),
            signing_secret: self.signing_secret.unwrap_or_default().0,
            ..WebhookForm::default()
        };
        filter::with_rows(form, filters.mode, filters.rules)
    }
}
