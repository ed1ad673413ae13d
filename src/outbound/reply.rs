//! What is known after an attempt, whatever became of it.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use chrono::NaiveDate;

use super::{Outcome, Refusal, RetryAfter};

/// The end of a request: there is always one.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How it ended.
    pub outcome: Outcome,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// The answer's headers; secrets are redacted.
    pub headers: Vec<(String, String)>,
    /// The beginning of the answer's body, at most [`super::KEEP_LIMIT`] unless the client keeps more.
    pub body: Bytes,
    /// How many bytes of the body were read, at most [`super::READ_LIMIT`].
    pub body_bytes: u64,
    /// Whether the answer's body is longer than what was kept.
    pub truncated: bool,
    /// Where the time went.
    pub phases: Phases,
    /// Whether the request went over a connection that was open already.
    pub reused: bool,
    /// The address that was connected to; none where a proxy stood between, or nothing was connected.
    pub remote: Option<SocketAddr>,
    /// Whether the request went through the configured proxy.
    pub via_proxy: bool,
    /// The last day of the receiver's certificate, where a new connection showed one.
    pub certificate_until: Option<NaiveDate>,
    /// A remark besides the outcome.
    pub note: Option<Note>,
    /// What the person needs to find the fault: the certificate's names and dates, the redirect's target, the name asked for.
    pub detail: Option<String>,
    /// The rule, where the outcome is [`Outcome::Blocked`].
    pub refusal: Option<Refusal>,
    /// When the receiver wants the next try.
    pub retry_after: Option<RetryAfter>,
}

impl Reply {
    /// A reply without an answer.
    pub(super) fn without_answer(outcome: Outcome, phases: Phases) -> Self {
        Self {
            outcome,
            status: None,
            headers: Vec::new(),
            body: Bytes::new(),
            body_bytes: 0,
            truncated: false,
            phases,
            reused: false,
            remote: None,
            via_proxy: false,
            certificate_until: None,
            note: None,
            detail: None,
            refusal: None,
            retry_after: None,
        }
    }

    /// A reply for an address that the guard refused.
    pub(super) fn blocked(refusal: Refusal, phases: Phases) -> Self {
        let detail = if let Refusal::Address { address, class } = &refusal {
            Some(format!("{address} is {}", class.what()))
        } else {
            None
        };
        Self { detail, refusal: Some(refusal), ..Self::without_answer(Outcome::Blocked, phases) }
    }
}

/// How long each part took; what did not happen has no time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// The look-up of the name.
    pub dns: Option<Duration>,
    /// The TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the open connection to the head of the answer.
    pub first_byte: Option<Duration>,
    /// Everything, with the body.
    pub total: Duration,
}

/// A remark besides the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Note {
    /// The body did not end in time, or its connection broke off.
    BodyCut,
    /// The connection ended within the body.
    ShortBody,
    /// The body is compressed, and kept as it came.
    Compressed,
    /// This machine has no free file descriptor: the fault is ours.
    OutOfFiles,
}

impl Note {
    /// Each note.
    pub const ALL: [Self; 4] = [Self::BodyCut, Self::ShortBody, Self::Compressed, Self::OutOfFiles];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BodyCut => "body_cut",
            Self::ShortBody => "short_body",
            Self::Compressed => "compressed",
            Self::OutOfFiles => "out_of_files",
        }
    }

    /// The note of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|note| note.code() == code)
    }

    /// The remark in one sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::BodyCut => "The answer's status came, but its body was cut off by the timeout or a fault.",
            Self::ShortBody => "The receiver closed the connection before the answer's body was complete.",
            Self::Compressed => {
                "The answer's body is compressed although that was not asked for, and is kept as it came."
            }
            Self::OutOfFiles => "This machine has no free file descriptor; raise its limit of open files.",
        }
    }

    /// Whether the fault lies with this machine, so that it must not count against the receiver.
    #[must_use]
    pub fn is_ours(self) -> bool {
        match self {
            Self::OutOfFiles => true,
            Self::BodyCut | Self::ShortBody | Self::Compressed => false,
        }
    }
}
