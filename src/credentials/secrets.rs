//! What a login may hold: one rule for each kind of value, the same for webhooks and credentials.

use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use crate::outbound::reserved_header;

/// The longest secret, in bytes.
pub(crate) const LONGEST_SECRET: usize = 8_192;
/// The longest name of a header, in bytes.
pub(crate) const LONGEST_HEADER: usize = 256;
/// The longest user name, client ID or scope, in bytes.
pub(crate) const LONGEST_NAME: usize = 1_024;

/// What a secret that is kept for another address is answered with.
pub(crate) const AGAIN: &str =
    "Enter the credentials again for the new address: what is stored is sent only where it was meant to go.";

/// A stored secret of the chosen kind.
pub(crate) struct Stored<'a> {
    pub(crate) secret: &'a SecretString,
    /// The form leads to another scheme, host or port than the one it was given for.
    pub(crate) moved: bool,
}

/// A secret, and whether it was typed.
pub(crate) type Entered = (SecretString, bool);

/// A token or key that a header carries: typed, or else the stored one. `thing` is such as "the token".
pub(crate) fn token(thing: &str, typed: &str, stored: Option<&Stored<'_>>) -> Result<Entered, String> {
    match stored {
        Some(stored) if typed.is_empty() && !stored.moved => Ok((stored.secret.clone(), false)),
        Some(_) if typed.is_empty() => Err(AGAIN.to_owned()),
        _ if typed.is_empty() => Err(format!("Enter {thing}.")),
        _ if typed.len() > LONGEST_SECRET => Err(format!("Shorten {thing} to 8,192 characters.")),
        _ if !typed.bytes().all(|byte| byte.is_ascii_graphic()) => Err(format!(
            "Take spaces, line breaks and letters outside ASCII out of {thing}: a header cannot carry them."
        )),
        _ => Ok((SecretString::from(typed), true)),
    }
}

/// A secret that is no header by itself: any letters, never empty.
pub(crate) fn phrase(thing: &str, typed: &str, stored: Option<&Stored<'_>>) -> Result<Entered, String> {
    match stored {
        Some(stored) if typed.is_empty() && !stored.moved => Ok((stored.secret.clone(), false)),
        Some(_) if typed.is_empty() => Err(AGAIN.to_owned()),
        _ if typed.is_empty() => Err(format!("Enter {thing}.")),
        _ => text(thing, typed).map(|text| (text, true)),
    }
}

/// A password, which may be empty.
pub(crate) fn password(typed: &str, stored: Option<&Stored<'_>>) -> Result<Entered, String> {
    match stored {
        Some(stored) if typed.is_empty() && stored.moved && !stored.secret.expose_secret().is_empty() => {
            Err(AGAIN.to_owned())
        }
        Some(stored) if typed.is_empty() => Ok((stored.secret.clone(), false)),
        _ => text("the password", typed).map(|text| (text, true)),
    }
}

fn text(thing: &str, typed: &str) -> Result<SecretString, String> {
    if typed.len() > LONGEST_SECRET {
        return Err(format!("Shorten {thing} to 8,192 bytes."));
    }
    if typed.chars().any(char::is_control) {
        return Err(format!("Take line breaks and control characters out of {thing}."));
    }
    Ok(SecretString::from(typed))
}

/// A token without the word `Bearer` before it.
pub(crate) fn without_bearer(token: &str) -> &str {
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

/// A user name of Basic.
pub(crate) fn username(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() {
        return Err("Enter the user name.");
    }
    if typed.contains(':') {
        return Err("Take the colon out: it ends the user name in a request.");
    }
    if typed.len() > LONGEST_NAME {
        return Err("Shorten the user name to 1,024 bytes.");
    }
    if typed.chars().any(char::is_control) {
        return Err("Take line breaks and control characters out of the user name.");
    }
    Ok(typed.to_owned())
}

/// The name of a header that carries a key.
pub(crate) fn header(typed: &str) -> Result<String, String> {
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

/// The word before a token in `Authorization` (RFC 9110: a token).
pub(crate) fn token_key(typed: &str) -> Result<String, &'static str> {
    // The letters of a scheme are those of a header's name.
    match typed {
        "" => Err("Enter the word before the token, such as Bearer."),
        key if key.len() > 64 => Err("Shorten the token key to 64 characters."),
        key if HeaderName::from_bytes(key.as_bytes()).is_err() => {
            Err("A token key is one word of letters, digits and dashes, such as Bearer or Token.")
        }
        key => Ok(key.to_owned()),
    }
}

/// The public half of a client's login.
pub(crate) fn client_id(typed: &str) -> Result<String, &'static str> {
    match typed {
        "" => Err("Enter the client ID."),
        id if id.len() > LONGEST_NAME => Err("Shorten the client ID to 1,024 characters."),
        id if !id.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
            Err("Take line breaks and letters outside ASCII out of the client ID.")
        }
        id => Ok(id.to_owned()),
    }
}
