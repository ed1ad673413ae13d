//! Headers of a webhook's own, and the login that none of them may write too.

use super::form::WebhookForm;
use super::login::moves;
use super::{Auth, Webhook};
pub use crate::credentials::headers::{CustomHeader, LARGEST, MOST};
use crate::credentials::headers::{check_login as check, parse as read};
use crate::outbound::EndpointUrl;

/// Reads the rows of the form over what is saved.
///
/// # Errors
/// How to put the first wrong row right.
pub(super) fn parse(
    form: &WebhookForm,
    saved: Option<&Webhook>,
    url: Option<&EndpointUrl>,
) -> Result<Vec<CustomHeader>, String> {
    let moved = saved.is_some_and(|webhook| moves(webhook, url));
    let stored = saved.map_or(&[][..], |webhook| &webhook.headers);
    read(&form.header_name, &form.header_value, stored, moved)
}

/// The header that the login writes, which no header of the webhook's own may write too.
///
/// # Errors
/// Which of the two to change.
pub(super) fn check_login(headers: &[CustomHeader], auth: &Auth) -> Result<(), String> {
    match auth {
        Auth::None => Ok(()),
        Auth::OAuth { .. } | Auth::Basic { .. } | Auth::OAuth2Client(_) => {
            check(headers, &["Authorization"], "Authentication")
        }
        Auth::ApiKey { header, .. } => check(headers, &[header], "Authentication"),
        Auth::Credential(credential) => check(headers, &credential.scheme.writes(), "the credential"),
    }
}
