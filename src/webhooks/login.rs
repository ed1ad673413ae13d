//! The rules of a webhook's login: what may be typed, what an empty field keeps, and where a kept secret may go.

use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::form::{FieldErrors, WebhookForm};
use super::{Auth, AuthKind, Webhook};
use crate::outbound::{EndpointUrl, reserved_header};

/// The header of an API key unless another is typed.
pub const DEFAULT_HEADER: &str = "X-API-Key";
/// The longest secret, in bytes.
pub const LONGEST_SECRET: usize = 8_192;
/// The longest name of a header, in bytes.
pub(super) const LONGEST_HEADER: usize = 256;
/// The longest user name, in bytes.
const LONGEST_USERNAME: usize = 1_024;

const AGAIN: &str =
    "Enter the credentials again for the new address: what is stored is sent only where it was meant to go.";

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

/// A stored secret of the chosen kind.
struct Stored<'a> {
    secret: &'a SecretString,
    /// The form leads to another scheme, host or port than the one it was given for.
    moved: bool,
}

/// Reads the login of the chosen kind; fields of the other kinds are left alone.
pub(super) fn parse(
    form: &WebhookForm,
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
    let home = Url::parse(&webhook.url).ok().map(|url| url.origin().ascii_serialization());
    // A refused address has its own message.
    url.is_some_and(|url| home.as_deref() != Some(url.origin().as_str()))
}

fn secret_of(auth: &Auth, kind: AuthKind) -> Option<&SecretString> {
    match (auth, kind) {
        (Auth::OAuth { token }, AuthKind::OAuth) => Some(token),
        (Auth::Basic { password, .. }, AuthKind::Basic) => Some(password),
        (Auth::ApiKey { key, .. }, AuthKind::ApiKey) => Some(key),
        (
            Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::ApiKey { .. },
            AuthKind::None | AuthKind::OAuth | AuthKind::Basic | AuthKind::ApiKey,
        ) => None,
    }
}

fn oauth(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let typed = form.token.expose_secret().trim();
    let token = without_bearer(typed);
    let bearer_cut = token.len() < typed.len();
    if bearer_cut && token.is_empty() {
        errors.add("token", "Enter the token that follows Bearer.");
        return None;
    }
    let (token, entered) = secret("token", "the token", token, stored, errors)?;
    Some(Login { bearer_cut, ..Login::new(Auth::OAuth { token }, entered) })
}

fn basic(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let username = username(&form.username).map_err(|sentence| errors.add("username", sentence)).ok();
    let typed = form.password.expose_secret();
    let (password, entered) = match stored {
        Some(stored) if typed.is_empty() && stored.moved && !stored.secret.expose_secret().is_empty() => {
            errors.add("password", AGAIN);
            return None;
        }
        Some(stored) if typed.is_empty() => (stored.secret.clone(), false),
        _ if typed.len() > LONGEST_SECRET => {
            errors.add("password", "Shorten the password to 8,192 bytes.");
            return None;
        }
        _ if typed.chars().any(char::is_control) => {
            errors.add("password", "Take line breaks and control characters out of the password.");
            return None;
        }
        _ => (SecretString::from(typed), true),
    };
    Some(Login::new(Auth::Basic { username: username?, password }, entered))
}

fn api_key(form: &WebhookForm, stored: Option<&Stored<'_>>, errors: &mut FieldErrors) -> Option<Login> {
    let header = header(form.api_key_header.trim()).map_err(|sentence| errors.add("api_key_header", sentence)).ok();
    let typed = form.api_key.expose_secret().trim();
    let (key, entered) = secret("api_key", "the key", typed, stored, errors)?;
    Some(Login::new(Auth::ApiKey { header: header?, key }, entered))
}

/// A token or key: typed, or else the stored one.
fn secret(
    field: &'static str,
    thing: &str,
    typed: &str,
    stored: Option<&Stored<'_>>,
    errors: &mut FieldErrors,
) -> Option<(SecretString, bool)> {
    let fault = match stored {
        Some(stored) if typed.is_empty() && !stored.moved => return Some((stored.secret.clone(), false)),
        Some(_) if typed.is_empty() => AGAIN.to_owned(),
        _ if typed.is_empty() => format!("Enter {thing}."),
        _ if typed.len() > LONGEST_SECRET => format!("Shorten {thing} to 8,192 characters."),
        _ if !typed.bytes().all(|byte| byte.is_ascii_graphic()) => {
            format!("Take spaces, line breaks and letters outside ASCII out of {thing}: a header cannot carry them.")
        }
        _ => return Some((SecretString::from(typed), true)),
    };
    errors.add(field, fault);
    None
}

fn without_bearer(token: &str) -> &str {
    match token.split_at_checked("Bearer".len()) {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("Bearer") && rest.starts_with(|letter: char| letter.is_whitespace()) =>
        {
            rest.trim_start()
        }
        Some((scheme, "")) if scheme.eq_ignore_ascii_case("Bearer") => "",
        _ => token,
    }
}

fn username(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() {
        return Err("Enter the user name.");
    }
    if typed.contains(':') {
        return Err("Take the colon out: it ends the user name in a request.");
    }
    if typed.len() > LONGEST_USERNAME {
        return Err("Shorten the user name to 1,024 bytes.");
    }
    if typed.chars().any(char::is_control) {
        return Err("Take line breaks and control characters out of the user name.");
    }
    Ok(typed.to_owned())
}

fn header(typed: &str) -> Result<String, String> {
    if typed.len() > LONGEST_HEADER {
        return Err("Shorten the header's name to 256 characters.".to_owned());
    }
    if HeaderName::from_bytes(typed.as_bytes()).is_err() {
        return Err("Enter the name of a header, such as X-API-Key: letters, digits and dashes, no spaces.".to_owned());
    }
    if reserved_header(typed) {
        return Err(format!("{typed} is set by Postrider or trusted by machines inside; enter another header."));
    }
    Ok(typed.to_owned())
}
