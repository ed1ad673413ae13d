//! Headers of a webhook's or a credential's own: what may be typed, what an empty value keeps, and where a kept value
//! may go.

use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use super::secrets::LONGEST_HEADER;
use crate::outbound::reserved_header;
use crate::secret::{Place, Sealer};

/// The most headers.
pub const MOST: usize = 50;
/// The most bytes of all names and values together.
pub const LARGEST: usize = 8 * 1024;

/// A header that every request carries. Its value is kept like a login, since people put keys there. No `Debug`.
#[derive(Clone)]
pub struct CustomHeader {
    /// The name as it was typed.
    pub(crate) name: String,
    /// Visible ASCII, with spaces inside.
    pub(crate) value: SecretString,
}

impl CustomHeader {
    /// True for the same header, in any case of its letters.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Reads the rows of a form; rows without a name and a value are left out, and a row without a value keeps the stored
/// one of its name, unless the requests go elsewhere now (`moved`).
///
/// # Errors
/// How to put the first wrong row right.
pub(crate) fn parse(
    names: &[String],
    values: &[SecretString],
    stored: &[CustomHeader],
    moved: bool,
) -> Result<Vec<CustomHeader>, String> {
    let mut headers: Vec<CustomHeader> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let name = name.trim();
        let typed = values.get(place).map(|value| value.expose_secret().trim()).unwrap_or_default();
        if name.is_empty() && typed.is_empty() {
            continue;
        }
        check_name(name)?;
        if headers.iter().any(|header| header.is(name)) {
            return Err(format!("{name} stands here twice; leave one."));
        }
        let value = match (typed, stored.iter().find(|header| header.is(name))) {
            ("", None) => return Err(format!("Enter the value of {name}, or take the row out.")),
            ("", Some(_)) if moved => {
                return Err(format!(
                    "Enter the value of {name} again for the new address: what is stored is sent only where it was \
                     meant to go."
                ));
            }
            ("", Some(stored)) => stored.value.clone(),
            (typed, _) => SecretString::from(check_value(name, typed)?),
        };
        headers.push(CustomHeader { name: name.to_owned(), value });
    }
    check_all(&headers)?;
    Ok(headers)
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("Enter the name of the header whose value is there, or take the value out.".to_owned());
    }
    if name.len() > LONGEST_HEADER {
        return Err("Shorten the header's name to 256 characters.".to_owned());
    }
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(format!("“{name}” is no name of a header: letters, digits and dashes, no spaces."));
    }
    if reserved_header(name) {
        return Err(format!("{name} is set by Postrider or trusted by machines inside; use another header."));
    }
    Ok(())
}

fn check_value<'a>(name: &str, typed: &'a str) -> Result<&'a str, String> {
    if typed.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(typed)
    } else {
        Err(format!("Take line breaks and letters outside ASCII out of the value of {name}."))
    }
}

fn check_all(headers: &[CustomHeader]) -> Result<(), String> {
    if headers.len() > MOST {
        return Err(format!("These are {} headers; {MOST} are the most.", headers.len()));
    }
    let bytes: usize = headers.iter().map(|header| header.name.len() + header.value.expose_secret().len()).sum();
    if bytes > LARGEST {
        return Err(format!("Shorten the headers: together they hold {bytes} bytes, and 8,192 are the most."));
    }
    Ok(())
}

/// The headers that the login writes, which none of these may write too.
///
/// # Errors
/// Which of the two to change; `by` is what writes it.
pub(crate) fn check_login(headers: &[CustomHeader], written: &[&str], by: &str) -> Result<(), String> {
    match headers.iter().find(|header| written.iter().any(|name| header.is(name))) {
        Some(header) => Err(format!("{} is written by {by}; take one of the two out.", header.name)),
        None => Ok(()),
    }
}

/// All names and values as one sealed text.
///
/// # Errors
/// When the cipher refuses.
pub(crate) fn seal(headers: &[CustomHeader], place: Place<'_>, sealer: &Sealer) -> anyhow::Result<Option<String>> {
    if headers.is_empty() {
        return Ok(None);
    }
    let pairs: Vec<(&str, &str)> =
        headers.iter().map(|header| (header.name.as_str(), header.value.expose_secret())).collect();
    let text = SecretString::from(serde_json::to_string(&pairs)?);
    Ok(Some(sealer.seal(place, &text)?))
}

/// The headers of a sealed text.
///
/// # Errors
/// When it was changed or moved, or its key is not given.
pub(crate) fn open(sealed: Option<&str>, place: Place<'_>, sealer: &Sealer) -> anyhow::Result<Vec<CustomHeader>> {
    let Some(sealed) = sealed else { return Ok(Vec::new()) };
    let text = sealer.open(place, sealed)?;
    let pairs: Vec<(String, String)> = serde_json::from_str(text.expose_secret())?;
    Ok(pairs.into_iter().map(|(name, value)| CustomHeader { name, value: SecretString::from(value) }).collect())
}
