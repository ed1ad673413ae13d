//! How an attempt ended, as a stable code and as sentences for the administrator.

use std::borrow::Cow;

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The receiver answered 200 to 209.
    Ok,
    /// The receiver answered 210 to 299, 4xx or 5xx.
    Status,
    /// No answer within the time.
    Timeout,
    /// No connection within the time.
    ConnectTimeout,
    /// Nothing listens on the port.
    Refused,
    /// The connection was broken off.
    Reset,
    /// The connection was closed without an answer.
    Closed,
    /// The host name cannot be resolved.
    DnsError,
    /// DNS gave no answer in time.
    DnsTimeout,
    /// The host name has no address.
    NoAddress,
    /// There is no way to the address.
    Unreachable,
    /// The receiver sent the request elsewhere.
    Redirect,
    /// The certificate is not valid at this time.
    TlsExpired,
    /// The certificate is for another name.
    TlsName,
    /// The certificate's issuer is not trusted.
    TlsUntrusted,
    /// No common TLS version or cipher.
    TlsOld,
    /// The port does not speak TLS.
    TlsNotTls,
    /// The answer breaks the rules of HTTP.
    BadResponse,
    /// The answer is no HTTP at all.
    NotHttp,
    /// The status of the answer is none that HTTP has.
    BadStatus,
    /// The guard refused the address.
    Blocked,
}

impl Outcome {
    /// Each outcome, in the order of the declaration.
    pub const ALL: [Self; 21] = [
        Self::Ok,
        Self::Status,
        Self::Timeout,
        Self::ConnectTimeout,
        Self::Refused,
        Self::Reset,
        Self::Closed,
        Self::DnsError,
        Self::DnsTimeout,
        Self::NoAddress,
        Self::Unreachable,
        Self::Redirect,
        Self::TlsExpired,
        Self::TlsName,
        Self::TlsUntrusted,
        Self::TlsOld,
        Self::TlsNotTls,
        Self::BadResponse,
        Self::NotHttp,
        Self::BadStatus,
        Self::Blocked,
    ];

    /// What a status means; only 200 to 209 is success.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=209 => Self::Ok,
            300..=399 => Self::Redirect,
            210..=299 | 400..=599 => Self::Status,
            ..=199 | 600.. => Self::BadStatus,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::ConnectTimeout => "connect_timeout",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::DnsError => "dns_error",
            Self::DnsTimeout => "dns_timeout",
            Self::NoAddress => "no_address",
            Self::Unreachable => "unreachable",
            Self::Redirect => "redirect",
            Self::TlsExpired => "tls_expired",
            Self::TlsName => "tls_name",
            Self::TlsUntrusted => "tls_untrusted",
            Self::TlsOld => "tls_old",
            Self::TlsNotTls => "tls_not_tls",
            Self::BadResponse => "bad_response",
            Self::NotHttp => "not_http",
            Self::BadStatus => "bad_status",
            Self::Blocked => "blocked",
        }
    }

    /// The outcome of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    /// What happened, in one sentence.
    #[must_use]
    pub fn cause(self, status: Option<u16>) -> Cow<'static, str> {
        let fixed = match self {
            Self::Ok => "The receiver took the message.",
            Self::Status => return status_cause(status.unwrap_or_default()),
            Self::Timeout => "The receiver did not answer within the webhook's timeout.",
            Self::ConnectTimeout => "No connection to the receiver came about in time.",
            Self::Refused => "The receiver's machine refused the connection: nothing listens on this port.",
            Self::Reset => "The connection was broken off before an answer came.",
            Self::Closed => "The receiver closed the connection without an answer.",
            Self::DnsError => "The host name could not be resolved.",
            Self::DnsTimeout => "DNS gave no answer for the host name in time.",
            Self::NoAddress => "The host name exists but has no address.",
            Self::Unreachable => "There is no way from this machine to the receiver's address.",
            Self::Redirect => "The receiver answered with another address, and redirects are not followed.",
            Self::TlsExpired => "The receiver's certificate is not valid at this time.",
            Self::TlsName => "The receiver's certificate is for another host name.",
            Self::TlsUntrusted => {
                "The receiver's certificate comes from an authority that this machine does not trust."
            }
            Self::TlsOld => "The receiver offers no TLS version and cipher that are still safe.",
            Self::TlsNotTls => "The receiver does not speak proper TLS on this port.",
            Self::BadResponse => "The receiver's answer breaks the rules of HTTP.",
            Self::NotHttp => "What answers on this port does not speak HTTP.",
            Self::BadStatus => "The receiver answered with a status that does not end a request.",
            Self::Blocked => "The address is blocked by the rules for outgoing requests, and nothing was sent.",
        };
        fixed.into()
    }

    /// What to do, in one sentence.
    #[must_use]
    pub fn remedy(self, status: Option<u16>) -> &'static str {
        match self {
            Self::Ok => "Nothing is to be done.",
            Self::Status => status_remedy(status.unwrap_or_default()),
            Self::Timeout => "Let the receiver answer first and work later, or set a longer timeout.",
            Self::ConnectTimeout => "Check that the receiver runs and that no firewall drops the connection.",
            Self::Refused => "Check that the receiver runs and that the port of the URL is right.",
            Self::Reset => "Look at the log of the receiver and of any proxy before it.",
            Self::Closed => "Look at the receiver's log, and check whether the port wants https instead of http.",
            Self::DnsError => "Check the spelling of the host name and that this machine's DNS knows it.",
            Self::DnsTimeout => "Check the DNS servers of this machine.",
            Self::NoAddress => "Add an address record for the host name, or correct the URL.",
            Self::Unreachable => "Check the network of this machine and the route to the receiver.",
            Self::Redirect => "Enter the final address as the webhook's URL.",
            Self::TlsExpired => "Let the receiver's certificate be renewed, and check the clock of this machine.",
            Self::TlsName => "Use the host name of the certificate, or have a certificate issued for this one.",
            Self::TlsUntrusted => {
                "Let the receiver send its whole certificate chain, or name its authority's file in EGRESS_CA_FILE."
            }
            Self::TlsOld => "Turn on TLS 1.2 or 1.3 with a modern cipher at the receiver.",
            Self::TlsNotTls => "Check the port, or use http:// if the receiver has no TLS.",
            Self::BadResponse => "Look at what the receiver, or a proxy before it, writes as its answer.",
            Self::NotHttp => "Check the port of the URL, and whether it wants https instead of http.",
            Self::BadStatus => "Let the receiver answer with 200 when it has taken a message.",
            Self::Blocked => "Enter a public address, or let the operator add this one to EGRESS_ALLOW.",
        }
    }
}

fn status_cause(status: u16) -> Cow<'static, str> {
    let what = match status {
        210..=299 => "which is not counted as success: only 200 to 209 is",
        400 | 422 => "so it did not accept the content of the message",
        401 | 403 => "so it did not accept the credentials",
        404 => "so it has nothing at this address",
        405 => "so it does not take this method",
        408 => "so it did not get the message in time",
        410 => "so the address is gone for good",
        413 => "so the message is too large for it",
        415 => "so it does not take this format",
        429 => "so it gets more messages than it wants",
        502..=504 => "so the service behind it is down or overloaded",
        500..=599 => "so it failed while it worked on the message",
        _ => "so it did not take the message",
    };
    format!("The receiver answered {status}, {what}.").into()
}

fn status_remedy(status: u16) -> &'static str {
    match status {
        210..=299 => "Let the receiver answer with 200 when it has taken a message.",
        400 | 422 => "Compare the webhook's format with what the receiver expects.",
        401 | 403 => {
            "Check the webhook's authentication, and whether the receiver verifies the signature with the right secret."
        }
        404 => "Check the path of the URL.",
        405 => "Choose the method that the receiver expects.",
        410 => "Enter the receiver's new address, or remove the webhook.",
        413 => "Choose a smaller format, or raise the receiver's limit.",
        415 => "Choose the format that the receiver expects.",
        429 => "Set a lower rate for the webhook, or raise the receiver's limit.",
        500..=599 => "Look at the receiver's log; the message is tried again.",
        _ => "Look at the receiver's answer and its log.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_code_leads_back_to_its_outcome() {
        let codes: HashSet<_> = Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
        assert_eq!(codes.len(), Outcome::ALL.len());
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code("unknown"), None);
    }

    #[test]
    fn only_200_to_209_is_success() {
        for status in 0..=1_100 {
            let expected = match status {
                200..210 => Outcome::Ok,
                300..400 => Outcome::Redirect,
                210..300 | 400..600 => Outcome::Status,
                _ => Outcome::BadStatus,
            };
            assert_eq!(Outcome::of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn each_outcome_and_status_has_one_sentence_of_cause_and_one_of_remedy() {
        let statuses = (210..600).map(|status| (Outcome::Status, Some(status)));
        for (outcome, status) in Outcome::ALL.into_iter().map(|outcome| (outcome, None)).chain(statuses) {
            for sentence in [outcome.cause(status), outcome.remedy(status).into()] {
                assert!(sentence.ends_with('.') && sentence.matches(". ").count() == 0, "{sentence}");
            }
        }
        let [unauthorized, missing, busy] = [401, 404, 429].map(|status| Outcome::Status.remedy(Some(status)));
        assert!(unauthorized != missing && missing != busy);
        assert_eq!(Outcome::Status.cause(Some(410)), "The receiver answered 410, so the address is gone for good.");
    }
}
