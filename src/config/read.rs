//! How each kind of value is read; every refusal is a sentence that says what to write, never a secret.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::layers::{Layers, Noted};
use super::{LogFormat, LogLevel};
use crate::db::DatabaseUrl;
use crate::outbound::Policy;
use crate::secret::Sealer;
use crate::users::Email;
use crate::users::password::Password;

pub(super) fn address(layers: &mut Layers, key: &'static str) -> Result<SocketAddr, Noted> {
    layers.get(key, |text| {
        text.parse().map_err(|_| {
            format!("\"{text}\" is no address with a port; write for example 127.0.0.1:8080 or [::1]:8080")
        })
    })
}

pub(super) fn switch(layers: &mut Layers, key: &'static str) -> Result<bool, Noted> {
    layers.get(key, |text| text.parse().map_err(|_| format!("\"{text}\" is neither true nor false")))
}

pub(super) fn folder(layers: &mut Layers, key: &'static str) -> Result<PathBuf, Noted> {
    layers.get(key, |text| match text {
        "" => Err("the folder has no name".to_owned()),
        text => Ok(PathBuf::from(text)),
    })
}

pub(super) fn file(layers: &mut Layers, key: &'static str) -> Result<Option<PathBuf>, Noted> {
    layers.get(key, |text| {
        let path = Path::new(text);
        if text.is_empty() {
            return Ok(None);
        }
        match std::fs::File::open(path) {
            Ok(_) => Ok(Some(path.to_owned())),
            Err(error) => Err(format!("the file {text} cannot be read ({error})")),
        }
    })
}

pub(super) fn database(layers: &mut Layers, key: &'static str) -> Result<DatabaseUrl, Noted> {
    layers.get(key, DatabaseUrl::parse)
}

pub(super) fn allowed(layers: &mut Layers, key: &'static str) -> Result<Vec<String>, Noted> {
    judged(layers, key, |list| Policy::new(list, &[], &[], false))
}

pub(super) fn denied(layers: &mut Layers, key: &'static str) -> Result<Vec<String>, Noted> {
    judged(layers, key, |list| Policy::new(&[], list, &[], false))
}

/// A list that the egress guard can read; it tells every entry that it cannot.
fn judged(
    layers: &mut Layers,
    key: &'static str,
    judge: impl FnOnce(&[String]) -> Result<Policy, Vec<String>>,
) -> Result<Vec<String>, Noted> {
    layers.get(key, |text| {
        let list: Vec<String> = items(text).map(str::to_owned).collect();
        let sentence = |problem: String| problem.split_once(": ").map_or(problem.clone(), |(_, rest)| rest.to_owned());
        match judge(&list) {
            Ok(_) => Ok(list),
            Err(problems) => Err(problems.into_iter().map(sentence).collect::<Vec<_>>().join(" ")),
        }
    })
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub(super) fn ports(layers: &mut Layers, key: &'static str) -> Result<Vec<u16>, Noted> {
    layers.get(key, |text| {
        items(text)
            .map(|item| match item.parse() {
                Ok(0) | Err(_) => Err(format!("\"{item}\" is no port; a port is a number from 1 to 65535")),
                Ok(port) => Ok(port),
            })
            .collect()
    })
}

pub(super) fn networks(layers: &mut Layers, key: &'static str) -> Result<Vec<IpNet>, Noted> {
    layers.get(key, |text| {
        items(text)
            .map(|item| {
                let single = item.parse::<IpAddr>().map(IpNet::from);
                single.or_else(|_| item.parse()).map_err(|_| {
                    format!("\"{item}\" is no address or network; write for example 10.0.0.7 or 10.0.0.0/8")
                })
            })
            .collect()
    })
}

pub(super) fn log_level(layers: &mut Layers, key: &'static str) -> Result<LogLevel, Noted> {
    layers.get(key, |text| {
        LogLevel::parse(text).ok_or_else(|| format!("\"{text}\" is none of error, warn, info, debug and trace"))
    })
}

pub(super) fn log_format(layers: &mut Layers, key: &'static str) -> Result<LogFormat, Noted> {
    layers.get(key, |text| LogFormat::parse(text).ok_or_else(|| format!("\"{text}\" is neither text nor json")))
}

pub(super) fn email(layers: &mut Layers, key: &'static str) -> Result<Option<String>, Noted> {
    layers.get(key, |text| match text {
        "" => Ok(None),
        text => Email::parse(text).map(|email| Some(email.as_str().to_owned())).map_err(str::to_owned),
    })
}

/// The address of the portal: scheme, host and port, nothing else; without a slash at the end.
pub(super) fn public_url(layers: &mut Layers, key: &'static str) -> Result<String, Noted> {
    let allowed = layers.text("allow_insecure_http") == "true";
    layers.get(key, |text| {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            return Err(format!("\"{text}\" is no address; write for example https://postrider.example.com"));
        };
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err("only a scheme, a host and a port may stand in it, such as https://postrider.example.com:8443"
                .to_owned());
        }
        if url.scheme() == "http" && !allowed && !is_loopback(&url) {
            return Err("plain HTTP is taken for loopback addresses only, since passwords could be read on the way; \
                write the https:// address that browsers use, or turn ALLOW_INSECURE_HTTP on"
                .to_owned());
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    })
}

/// True for an address that only this machine reaches.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn proxy(layers: &mut Layers, key: &'static str) -> Result<Option<SecretString>, Noted> {
    layers.get(key, |text| {
        if text.is_empty() {
            return Ok(None);
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(SecretString::from(text))),
            _ => Err("the address cannot be used; write for example http://proxy.internal:3128".to_owned()),
        }
    })
}

pub(super) fn password(layers: &mut Layers, key: &'static str) -> Result<Option<SecretString>, Noted> {
    let given = either(layers, key, "admin_password_file", |path| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("the file {} cannot be read ({error})", path.display()))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
    })?;
    let email = layers.given("admin_email");
    if given.is_some() != email.is_some() {
        layers.problem("admin_email", "ADMIN_EMAIL and ADMIN_PASSWORD belong together: give both or neither");
    }
    let Some((place, password)) = given else { return Ok(None) };
    match Password::parse(password.expose_secret(), &[email.as_deref().unwrap_or_default()]) {
        Ok(_) => Ok(Some(password)),
        Err(sentence) => Err(layers.problem(place, sentence)),
    }
}

pub(super) fn master_keys(layers: &mut Layers, key: &'static str) -> Result<Option<SecretString>, Noted> {
    let Some((place, keys)) = either(layers, key, "master_keys_file", read_key_file)? else { return Ok(None) };
    match Sealer::parse(keys.expose_secret()) {
        Ok(_) => Ok(Some(keys)),
        Err(error) => Err(layers.problem(place, &error.to_string())),
    }
}

/// A secret by itself or in a file, never both; with the name of the setting that gave it.
fn either(
    layers: &mut Layers,
    key: &'static str,
    file_key: &'static str,
    read: impl FnOnce(&Path) -> Result<SecretString, String>,
) -> Result<Option<(&'static str, SecretString)>, Noted> {
    match (layers.given(key), layers.given(file_key)) {
        (Some(_), Some(_)) => {
            let sentence = format!("{} is given as well; keep one of them", key.to_ascii_uppercase());
            Err(layers.problem(file_key, &sentence))
        }
        (Some(text), None) => Ok(Some((key, SecretString::from(text)))),
        (None, Some(path)) => match read(Path::new(&path)) {
            Ok(text) => Ok(Some((file_key, text))),
            Err(sentence) => Err(layers.problem(file_key, &sentence)),
        },
        (None, None) => Ok(None),
    }
}

/// Reads a file of master keys, which nobody but its owner may read.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn read_key_file(path: &Path) -> Result<SecretString, String> {
    let cannot = |error: std::io::Error| format!("the file {} cannot be read ({error})", path.display());
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if meta.mode() & 0o077 != 0 {
        return Err(format!("others may read or change {0}; run chmod 600 {0}", path.display()));
    }
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own && meta.uid() != 0 {
        return Err(format!("{} belongs to another user; run chown {own} {0}", path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    // One key a line reads better than a long line.
    Ok(SecretString::from(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(",")))
}
