//! What the API tells of credentials, never their secrets, and how its description tells what it takes.

use serde::Serialize;
use utoipa::ToSchema;

use super::{ContentType, Credential, CredentialId, Scheme, SchemeKind, Use};
use crate::api_keys::Environment;
use crate::clock::Time;

/// A credential, without its secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = Credential)]
pub(super) struct CredentialAnswer {
    id: CredentialId,
    /// The name that people choose it by.
    #[schema(example = "Build server")]
    name: String,
    environment: Environment,
    /// Where its requests begin; null where it may be used at any host.
    #[schema(example = "https://ci.example.com/api")]
    base_url: Option<String>,
    content_type: ContentType,
    /// The names of its extra headers; their values are secrets.
    #[schema(example = json!(["X-Tenant"]))]
    headers: Vec<String>,
    auth: SchemeKind,
    /// The user name of `basic`.
    #[schema(example = "ada")]
    username: Option<String>,
    /// The word before the token, with `token`.
    #[schema(example = "Bearer")]
    token_key: Option<String>,
    /// The name of the header, with `api_key`.
    #[schema(example = "X-API-Key")]
    api_key_header: Option<String>,
    /// The client, with `hmac` and `oauth2_client`.
    #[schema(example = "postrider")]
    client_id: Option<String>,
    /// The token endpoint, with `oauth2_client`.
    #[schema(example = "https://login.example.com/oauth2/token")]
    token_url: Option<String>,
    /// What is asked for, with `oauth2_client`.
    #[schema(example = "hooks:write")]
    scope: Option<String>,
    /// When its secret was last set.
    secret_set_at: Option<Time>,
    /// The ids of the webhooks that use it.
    #[schema(example = json!(["whk_01kaz4q9sjf6zr2v8ag2x3p7dm"]))]
    used_by: Vec<String>,
    /// Grows with each change.
    #[schema(example = 3)]
    version: i32,
    /// When it was added.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
}

impl CredentialAnswer {
    pub(super) fn of(credential: &Credential, uses: &[Use]) -> Self {
        let mut answer = Self {
            id: credential.id,
            name: credential.name.clone(),
            environment: credential.environment,
            base_url: credential.base_url.clone(),
            content_type: credential.content_type,
            headers: credential.headers.iter().map(|header| header.name.clone()).collect(),
            auth: credential.scheme.kind(),
            username: None,
            token_key: None,
            api_key_header: None,
            client_id: None,
            token_url: None,
            scope: None,
            secret_set_at: credential.auth_set_at,
            used_by: uses.iter().map(|one| one.webhook.clone()).collect(),
            version: credential.version,
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        };
        match &credential.scheme {
            Scheme::None | Scheme::Headers => {}
            Scheme::Basic { username, .. } => answer.username = Some(username.clone()),
            Scheme::Token { key, .. } => answer.token_key = Some(key.clone()),
            Scheme::ApiKey { header, .. } => answer.api_key_header = Some(header.clone()),
            Scheme::Hmac { client_id, .. } => answer.client_id = Some(client_id.clone()),
            Scheme::OAuth2Client(login) => {
                answer.client_id = Some(login.client_id.clone());
                answer.token_url = Some(login.token_url.clone());
                answer.scope = Some(login.scope.clone());
            }
        }
        answer
    }
}

/// The credentials of the key's environment, by name: 200 at most.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialList {
    /// All of them.
    pub(super) data: Vec<CredentialAnswer>,
}

/// A credential to add, or the whole of one that is changed. An empty or missing secret keeps the stored one of the same
/// kind, unless the base URL or the token URL leads to another host.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCredential {
    /// Of 1 to 120 characters, and no other credential's of the environment.
    #[schema(example = "Build server")]
    name: String,
    /// The login goes to this host alone, and webhooks may give a path below it.
    #[schema(example = "https://ci.example.com/api")]
    base_url: Option<String>,
    /// `json` unless given.
    content_type: Option<ContentType>,
    /// At most 50 headers that every request carries.
    headers: Option<Vec<NewHeader>>,
    /// `none` unless given.
    auth: Option<SchemeKind>,
    /// The user name, with `basic`.
    #[schema(example = "ada")]
    username: Option<String>,
    /// The password, with `basic`.
    #[schema(write_only, example = "example-password")]
    password: Option<String>,
    /// The word before the token, with `token`; `Bearer` unless given.
    #[schema(example = "Bearer")]
    token_key: Option<String>,
    /// The token, with `token`.
    #[schema(write_only, example = "example-token")]
    token: Option<String>,
    /// The name of the header, with `api_key`; `X-API-Key` unless given.
    #[schema(example = "X-API-Key")]
    api_key_header: Option<String>,
    /// The key, with `api_key`.
    #[schema(write_only, example = "example-key")]
    api_key: Option<String>,
    /// The client, with `hmac` and `oauth2_client`.
    #[schema(example = "postrider")]
    client_id: Option<String>,
    /// The client's secret, with `hmac` and `oauth2_client`.
    #[schema(write_only, example = "example-secret")]
    client_secret: Option<String>,
    /// The token endpoint, with `oauth2_client`.
    #[schema(example = "https://login.example.com/oauth2/token")]
    token_url: Option<String>,
    /// What is asked for, with `oauth2_client`.
    #[schema(example = "hooks:write")]
    scope: Option<String>,
}

/// A header that every request carries.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHeader {
    /// Its name.
    #[schema(example = "X-Tenant")]
    name: String,
    /// Its value; empty or missing keeps the stored one of this name.
    #[schema(write_only, example = "docs")]
    value: Option<String>,
}
