//! Why an address is refused: a stable code for programs and a sentence for people.

use std::{fmt, net::IpAddr};

use super::address::Class;

/// The rule that an address breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Empty, or longer than 2,048 bytes.
    Length,
    /// Letters outside ASCII; with the host as DNS writes it, where it has such a form.
    NotAscii {
        /// The host in its ASCII form.
        suggestion: Option<String>,
    },
    /// A space, a control character or a backslash.
    BadCharacter,
    /// No absolute address at all.
    Parse,
    /// Neither http nor https.
    Scheme,
    /// http where the settings ask for https.
    HttpsOnly,
    /// No `//host` after the scheme.
    NoAuthority,
    /// A user or a password in the address.
    UserInfo,
    /// A part after `#`.
    Fragment,
    /// A host name that DNS does not allow.
    BadHost,
    /// A host name without a dot.
    SingleLabel,
    /// A host name of a local or reserved domain.
    ReservedName,
    /// A port that must not be used.
    Port(u16),
    /// An address that must not be reached.
    Address {
        /// The address in its canonical form.
        address: IpAddr,
        /// What kind of address it is.
        class: Class,
    },
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length => "url-length",
            Self::NotAscii { .. } => "url-not-ascii",
            Self::BadCharacter => "url-bad-char",
            Self::Parse => "url-parse",
            Self::Scheme => "scheme",
            Self::HttpsOnly => "https-only",
            Self::NoAuthority => "url-no-authority",
            Self::UserInfo => "userinfo",
            Self::Fragment => "fragment",
            Self::BadHost => "host-bad",
            Self::SingleLabel => "host-single",
            Self::ReservedName => "host-reserved",
            Self::Port(_) => "port",
            Self::Address { class, .. } => class.code(),
        }
    }

    /// The rule and what to do, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let fixed = match self {
            Self::Length => "An address has 1 to 2,048 characters; enter a shorter one.",
            Self::NotAscii { suggestion: Some(host) } => {
                return format!(
                    "An address has ASCII letters only; write the host as {host} and the rest with %-escapes."
                );
            }
            Self::NotAscii { suggestion: None } => {
                "An address has ASCII letters only; write the others with %-escapes."
            }
            Self::BadCharacter => "An address has no spaces, control characters or backslashes; take them out.",
            Self::Parse => "This is not a complete address; enter one such as https://hooks.example.com/path.",
            Self::Scheme => "Only https:// and http:// can be called; enter an address that starts so.",
            Self::HttpsOnly => "This instance sends over https only; enter an address that starts with https://.",
            Self::NoAuthority => {
                "After https: must follow // and the host; enter one such as https://hooks.example.com/path."
            }
            Self::UserInfo => "An address must not hold a user or a password; enter them under authentication.",
            Self::Fragment => "The part after # never reaches a receiver; take it out.",
            Self::BadHost => "The host name is not valid in DNS; check its spelling and the length of its parts.",
            Self::SingleLabel => {
                "A host name without a dot means a machine inside this network; enter a full name, or let the operator add it to EGRESS_ALLOW."
            }
            Self::ReservedName => {
                "The host name belongs to a local or reserved domain; enter a public name, or let the operator add it to EGRESS_ALLOW."
            }
            Self::Port(0) => "Port 0 cannot be called; enter the port of the receiver.",
            Self::Port(port) => {
                return format!(
                    "Port {port} is closed by EGRESS_DENY_PORTS; use another port, or let the operator open it."
                );
            }
            Self::Address { address, class } => {
                return format!(
                    "{address} is {}; enter a public address, or let the operator add it to EGRESS_ALLOW.",
                    class.what()
                );
            }
        };
        fixed.to_owned()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence())
    }
}

impl std::error::Error for Refusal {}
