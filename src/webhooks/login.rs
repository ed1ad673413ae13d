//! The rules of a webhook's login: what may be typed, what an empty field keeps, and where a kept secret may go.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::form::{FieldErrors, Known, WebhookForm};
use super::{Auth, AuthKind, Webhook};
use crate::credentials::client::{Typed, is_elsewhere};
use crate::credentials::{Credential, CredentialId, secrets, secrets::Stored};
use crate::events::Environment;
use crate::outbound::EndpointUrl;

/// The header of an API key unless another is typed.
pub const DEFAULT_HEADER: &str = "X-API-Key";

/// A login that meets every rule.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) auth: Auth,
    /// The secret was typed, not kept.
    pub(super) entered: bool,
    /// The typed token began with `Bearer`, which is not stored.
    pub(super) bearer_cut: bool,
}

impl Login {
    fn new(auth: Auth, entered: bool) -> Self {
        Self { auth, entered, bearer_cut: false }
    }
}

/// Reads the login of the chosen kind; fields of the other kinds are left alone.
pub(super) fn parse(
    form: &WebhookForm,
    known: &Known<'_>,
    saved: Option<&Webhook>,
    url: Option<&EndpointUrl>,
    errors: &mut FieldErrors,
) -> Option<Login> {
    let Some(kind) = AuthKind::parse(&form.auth) else {
        errors.add("auth", "Choose one of the kinds of authentication.");
        return None;
    };
    let stored = saved.and_then(|webhook| stored(webhook, kind, url));
    match kind {
        AuthKind::None => Some(Login::new(Auth::None, false)),
        AuthKind::OAuth => oauth(form, stored.as_ref(), errors),
        AuthKind::Basic => basic(form, stored.as_ref(), errors),
        AuthKind::ApiKey => api_key(form, stored.as_ref(), errors),
        AuthKind::OAuth2Client => oauth2_client(form, known, saved, url, errors),
        // What is wrong with the choice was told where it was read.
        AuthKind::Credential => {
            credential(form, known).ok().flatten().map(|credential| Login::new(Auth::Credential(credential), false))
        }
    }
}

/// The chosen credential; none where the login is of another kind.
pub(super) fn credential(form: &WebhookForm, known: &Known<'_>) -> Result<Option<Arc<Credential>>, String> {
    if form.auth != AuthKind::Credential.as_str() {
        return Ok(None);
    }
    let id = CredentialId::parse(&form.credential_id).ok_or("Choose a credential.")?;
    let gone = "This credential is no longer there; choose another.";
    let credential = known.credentials.iter().find(|credential| credential.id() == id).ok_or(gone)?;
    match Environment::parse(&form.environment) {
        Some(environment) if environment != credential.environment => Err(format!(
            "“{}” is for the {} environment, so it was cleared: choose a credential of the {environment} environment.",
            credential.name, credential.environment
        )),
        Some(_) | None => Ok(Some(Arc::clone(credential))),
    }
}

/// What a person should know although nothing is wrong.
pub(super) fn warn(form: &WebhookForm, saved: Option<&Webhook>, warnings: &mut FieldErrors) {
    let kept = saved.and_then(|webhook| secret_of(&webhook.auth, AuthKind::Basic));
    let empty = form.password.expose_secret().is_empty() && kept.is_none_or(|kept| kept.expose_secret().is_empty());
    if form.auth == AuthKind::Basic.as_str() && !form.username.is_empty() && empty {
        warnings.add("password", "The password is empty: only the user name is sent.");
    }
}

fn stored<'a>(webhook: &'a Webhook, kind: AuthKind, url: Option<&EndpointUrl>) -> Option<Stored<'a>> {
    let secret = secret_of(&webhook.auth, kind)?;
    Some(Stored { secret, moved: moves(webhook, url) })
}

/// True when the form leads to another scheme, host or port: what is stored was not given for it.
pub(super) fn moves(webhook: &Webhook, url: Option<&EndpointUrl>) -> bool {
    // A refused address has its own message.
    url.is_some_and(|url| is_elsewhere(&webhook.url, url))
}

fn secret_of(auth: &Auth, kind: AuthKind) -> Option<&SecretString> {
    match (auth, kind) {
        (Auth::OAuth { token }, AuthKind::OAuth) => Some(token),
        (Auth::Basic { password, .. }, AuthKind::Basic) => Some(password),
        (Auth::ApiKey { key, .. }, AuthKind::ApiKey) => Some(key),
        (Auth::OAuth2Client(login), AuthKind::OAuth2Client) => Some(&login.secret),
        (
            Auth::None
            | Auth::OAuth { .. }
            | Auth::Basic { .. }
            | Auth::ApiKey { .. }
            | Auth::OAuth2Client(_)
            | Auth::Credential(_),
            AuthKind::None
            | AuthKind::OAuth
            | AuthKind::Basic
            | AuthKind::ApiKey
            | AuthKind::OAuth2Client
            | AuthKind::Credential,
        ) => None,
    }
}

fn oauth(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let typed = form.token.expose_secret().trim();
    let token = secrets::without_bearer(typed);
    let bearer_cut = token.len() < typed.len();
    if bearer_cut && token.is_empty() {
        errors.add("token", "Enter the token that follows Bearer.");
        return None;
    }
    let (token, entered) = errors.take("token", secrets::token("the token", token, stored))?;
    Some(Login { bearer_cut, ..Login::new(Auth::OAuth { token }, entered) })
}

fn basic(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let username = errors.take("username", secrets::username(&form.username));
    let (password, entered) = errors.take("password", secrets::password(form.password.expose_secret(), stored))?;
    Some(Login::new(Auth::Basic { username: username?, password }, entered))
}

fn api_key(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let header = errors.take("api_key_header", secrets::header(form.api_key_header.trim()));
    let typed = form.api_key.expose_secret().trim();
    let (key, entered) = errors.take("api_key", secrets::token("the key", typed, stored))?;
    Some(Login::new(Auth::ApiKey { header: header?, key }, entered))
}

/// Its token goes where the webhook goes: a move of either address asks for the secret again.
fn oauth2_client(
    form: &WebhookForm,
    known: &Known<'_>,
    saved: Option<&Webhook>,
    url: Option<&EndpointUrl>,
    errors: &mut FieldErrors,
) -> Option<Login> {
    let before = saved.and_then(|webhook| match &webhook.auth {
        Auth::OAuth2Client(login) => Some((login, moves(webhook, url))),
        Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::ApiKey { .. } | Auth::Credential(_) => None,
    });
    let typed = Typed {
        token_url: &form.token_url,
        client_id: &form.client_id,
        client_secret: &form.client_secret,
        scope: &form.scope,
    };
    let (login, entered) = typed.parse(known.policy, before, errors)?;
    Some(Login::new(Auth::OAuth2Client(login), entered))
}
