//! An address as typed, judged by its text alone.

use std::fmt;

use url::{Host, Url};

use super::{policy::Policy, refusal::Refusal};

const MAX_LENGTH: usize = 2_048;
/// Domains that never lead to a public receiver.
const RESERVED_DOMAINS: [&str; 15] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "localdomain",
    "home.arpa",
    "onion",
    "test",
    "invalid",
    "example",
    "alt",
];

/// An address that passed the check of its text, in its one serialised form.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// The whole address, with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port: what a credential belongs to.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host as it was serialised, without a trailing dot.
    #[must_use]
    pub fn host(&self) -> &str {
        bare(self.0.host_str().unwrap_or_default())
    }

    /// The port that is called.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether the request goes over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(super) fn into_url(self) -> Url {
        self.0
    }

    #[cfg(test)]
    pub(super) fn unchecked(raw: &str) -> Self {
        Self(Url::parse(raw).unwrap())
    }
}

/// Without path and query, which often hold a secret.
impl fmt::Debug for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EndpointUrl").field(&self.origin()).finish()
    }
}

/// Judges in a fixed order, so that one text always has one reason:
/// raw text, parse, scheme, authority, user, fragment, host, address.
pub(super) fn check(raw: &str, policy: &Policy) -> Result<EndpointUrl, Refusal> {
    check_text(raw)?;
    let url = Url::parse(raw).map_err(|_| Refusal::Parse)?;
    match url.scheme() {
        "http" if policy.https_only() => return Err(Refusal::HttpsOnly),
        "http" | "https" => {}
        _ => return Err(Refusal::Scheme),
    }
    let authority = authority(raw).ok_or(Refusal::NoAuthority)?;
    if authority.contains('@') {
        return Err(Refusal::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(Refusal::Fragment);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if port == 0 {
        return Err(Refusal::Port(port));
    }
    match url.host().ok_or(Refusal::Parse)? {
        Host::Domain(name) => check_name(bare(name), port, policy)?,
        Host::Ipv4(address) => policy.check_address((address, port).into())?,
        Host::Ipv6(address) => policy.check_address((address, port).into())?,
    }
    Ok(EndpointUrl(url))
}

/// The parser drops tabs and line ends, trims spaces and turns `\` into `/`, so none of them may come to it.
fn check_text(raw: &str) -> Result<(), Refusal> {
    if !(1..=MAX_LENGTH).contains(&raw.len()) {
        return Err(Refusal::Length);
    }
    for byte in raw.bytes() {
        match byte {
            b'\\' | ..=0x20 | 0x7f => return Err(Refusal::BadCharacter),
            0x80.. => return Err(Refusal::NotAscii { suggestion: ascii_host(raw) }),
            _ => {}
        }
    }
    Ok(())
}

fn ascii_host(raw: &str) -> Option<String> {
    let url = Url::parse(raw).ok()?;
    url.domain().filter(|name| name.split('.').any(|label| label.starts_with("xn--"))).map(str::to_owned)
}

/// What stands between `://` and the path; none where the parser had to repair the text to find a host.
fn authority(raw: &str) -> Option<&str> {
    let (_, rest) = raw.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!authority.is_empty()).then_some(authority)
}

fn check_name(name: &str, port: u16, policy: &Policy) -> Result<(), Refusal> {
    if !is_host_name(name) {
        return Err(Refusal::BadHost);
    }
    if policy.allows_name(name, port) {
        return Ok(());
    }
    if !name.contains('.') {
        return Err(Refusal::SingleLabel);
    }
    let reserved = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if RESERVED_DOMAINS.iter().any(|domain| reserved(domain)) {
        return Err(Refusal::ReservedName);
    }
    policy.check_port(port)
}

/// Whether DNS can hold the name; underscores are no host names there but common in practice.
pub(super) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// A host name without the dot that makes it absolute.
pub(super) fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../tests/data/egress-vectors.tsv");

    fn open() -> Policy {
        Policy::new(&[], &[], &[], false).unwrap()
    }

    fn code(policy: &Policy, raw: &str) -> &'static str {
        check(raw, policy).map_or_else(|refusal| refusal.code(), |_| "allow")
    }

    fn spelled_out(url: &str) -> String {
        url.replace("{TAB}", "\t")
            .replace("{CR}", "\r")
            .replace("{LF}", "\n")
            .replace("{NUL}", "\0")
            .replace("{LONG}", &"a".repeat(2_100))
            .replace("{L64}", &"a".repeat(64))
    }

    #[test]
    fn every_row_of_the_vectors_has_its_verdict() {
        let policy = open();
        let mut rows = 0;
        for line in VECTORS.lines() {
            let (verdict, url) = line.split_once('\t').expect("a row is verdict, tab, URL");
            let url = spelled_out(url);
            let expected = match verdict {
                "allow" | "dns" => "allow",
                deny => deny.strip_prefix("deny ").expect("a verdict is allow, dns or deny"),
            };
            assert_eq!(code(&policy, &url), expected, "{url:?}");
            rows += 1;
        }
        assert!(rows > 85, "only {rows} rows were read");
    }

    #[test]
    fn the_serialised_form_is_what_is_kept() {
        let kept = check("HTTPS://Hooks.Example.COM.:443/a/../b?x=1", &open()).unwrap();
        assert_eq!(kept.as_str(), "https://hooks.example.com./b?x=1");
        assert_eq!(
            (kept.host(), kept.port(), kept.is_https(), kept.origin().as_str()),
            ("hooks.example.com", 443, true, "https://hooks.example.com.")
        );
    }

    #[test]
    fn a_secret_in_the_query_does_not_come_into_a_log() {
        let kept = check("https://hooks.example.com/t0ken?key=s3cret", &open()).unwrap();
        assert_eq!(format!("{kept:?}"), r#"EndpointUrl("https://hooks.example.com")"#);
    }

    #[test]
    fn a_host_in_other_letters_is_offered_in_its_dns_form() {
        let refusal = check("https://bücher.de/", &open()).unwrap_err();
        assert_eq!(refusal, Refusal::NotAscii { suggestion: Some("xn--bcher-kva.de".into()) });
        assert!(refusal.sentence().contains("xn--bcher-kva.de"));
        let digits = check("http://１２７.０.０.１/", &open()).unwrap_err();
        assert_eq!(digits, Refusal::NotAscii { suggestion: None });
    }

    #[test]
    fn https_only_refuses_http_also_where_the_address_is_allowed() {
        let policy = Policy::new(&["127.0.0.1".into()], &[], &[], true).unwrap();
        assert_eq!(code(&policy, "http://127.0.0.1/"), "https-only");
        assert_eq!(code(&policy, "https://127.0.0.1/"), "allow");
    }
}
