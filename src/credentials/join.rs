//! A path below a credential's base URL: joined by exactly one slash, and never a way off its host.

use super::Credential;
use crate::outbound::{EndpointUrl, Policy};

/// True for an address with a scheme, false for a path.
pub fn is_whole(url: &str) -> bool {
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http:") || starts("https:")
}

/// The address that a path leads to, as it is sent to.
pub fn joined(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.strip_prefix('/').unwrap_or(path))
}

/// A base URL, which paths are joined to.
///
/// # Errors
/// How to put it right.
pub(crate) fn base(typed: &str, policy: &Policy) -> Result<EndpointUrl, String> {
    let url = policy.check_url(typed).map_err(|refusal| refusal.sentence())?;
    if url.as_str().contains('?') {
        return Err("Take the part after the question mark out: a path is put behind the base URL.".to_owned());
    }
    Ok(url)
}

/// An address of a webhook that logs in with this credential: whole and of the base URL's origin, or a path below it.
///
/// # Errors
/// How to put it right.
pub(crate) fn address(typed: &str, credential: &Credential, policy: &Policy) -> Result<Address, String> {
    let whole = || policy.check_url(typed).map_err(|refusal| refusal.sentence());
    let Some(base) = &credential.base_url else {
        return whole().map(|url| Address { url, path: None });
    };
    if is_whole(typed) {
        let url = whole()?;
        if super::client::is_elsewhere(base, &url) {
            return Err(format!(
                "“{}” is for {base} alone: enter a path below it, or a URL of that host.",
                credential.name
            ));
        }
        return Ok(Address { url, path: None });
    }
    check_path(typed)?;
    let url = policy.check_url(&joined(base, typed)).map_err(|refusal| refusal.sentence())?;
    // The parser takes dots apart in every spelling.
    if !url.as_str().starts_with(&joined(base, "")) {
        return Err(LEAVES.to_owned());
    }
    Ok(Address { url, path: Some(typed.to_owned()) })
}

/// Where requests go.
pub(crate) struct Address {
    /// The whole address.
    pub(crate) url: EndpointUrl,
    /// What was typed, where the base URL comes before it.
    pub(crate) path: Option<String>,
}

const LEAVES: &str =
    "Enter a path that stays below the credential's base URL, such as /hooks/release: without //, \\, .. and @.";

fn check_path(typed: &str) -> Result<(), &'static str> {
    let path = typed.split(['?', '#']).next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    let is_dots = |segment: &str| segment.to_ascii_lowercase().replace("%2e", ".") == "..";
    if typed.is_empty() {
        return Err("Enter the path below the credential's base URL.");
    }
    if typed.contains("//") || typed.contains(['\\', '@']) || first.contains(':') || path.split('/').any(is_dots) {
        return Err(LEAVES);
    }
    Ok(())
}
