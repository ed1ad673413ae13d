//! Finds the outcome in an error of the client, by the types that its chain holds and never by its words.

use std::{error::Error, fmt, io};

use rustix::io::Errno;
use rustls::{AlertDescription, CertificateError};

use super::{Note, Outcome, Refusal, probe::Stage};

/// An outcome other than an answer, and what is known of it; travels as an error through the client's layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub outcome: Outcome,
    pub note: Option<Note>,
    pub detail: Option<String>,
    pub refusal: Option<Refusal>,
}

impl Fault {
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, note: None, detail: None, refusal: None }
    }

    pub fn with_detail(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(outcome) }
    }

    pub fn blocked(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::new(Outcome::Blocked) }
    }

    /// What a request that ran out of time at this stage died of.
    pub fn out_of_time(stage: Stage) -> Self {
        Self::new(match stage {
            Stage::Resolving => Outcome::DnsTimeout,
            Stage::Connecting | Stage::Handshaking => Outcome::ConnectTimeout,
            Stage::Connected | Stage::Pooled => Outcome::Timeout,
        })
    }

    /// The fault behind an error: the deepest part of its chain that tells one.
    pub fn of(error: &(dyn Error + 'static), stage: Stage) -> Self {
        chain(error).filter_map(|link| judge(link, stage)).last().unwrap_or_else(|| {
            Self::new(match stage {
                Stage::Resolving => Outcome::DnsError,
                Stage::Connecting => Outcome::Unreachable,
                Stage::Handshaking => Outcome::TlsNotTls,
                Stage::Connected | Stage::Pooled => Outcome::Closed,
            })
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.outcome.code())
    }
}

impl Error for Fault {}

/// Whether the connection ended within a body.
pub(super) fn is_incomplete(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|link| {
        link.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
            || link.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
    })
}

/// The error and its sources; an I/O error hides its own inner error from the usual walk.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => link.source(),
    })
}

fn judge(link: &(dyn Error + 'static), stage: Stage) -> Option<Fault> {
    if let Some(fault) = link.downcast_ref::<Fault>() {
        return Some(fault.clone());
    }
    if let Some(error) = link.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = link.downcast_ref::<hyper::Error>() {
        return of_http(error).map(Fault::new);
    }
    link.downcast_ref::<io::Error>().and_then(|error| of_io(error, stage))
}

fn of_http(error: &hyper::Error) -> Option<Outcome> {
    if error.is_parse_status() {
        Some(Outcome::BadStatus)
    } else if error.is_parse() {
        // No method tells this kind, only the name of the variant: an answer that does not begin with HTTP/1.
        let is_version = format!("{error:?}").contains("Parse(Version)");
        Some(if is_version { Outcome::NotHttp } else { Outcome::BadResponse })
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some(Outcome::Closed)
    } else {
        None
    }
}

fn of_io(error: &io::Error, stage: Stage) -> Option<Fault> {
    let out_of_files = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    if out_of_files.contains(&error.raw_os_error()) {
        return Some(Fault { note: Some(Note::OutOfFiles), ..Fault::new(Outcome::Unreachable) });
    }
    let outcome = match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::ConnectionReset => Outcome::Reset,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => Outcome::Closed,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => Outcome::Unreachable,
        io::ErrorKind::TimedOut => return Some(Fault::out_of_time(stage)),
        _ => return None,
    };
    Some(Fault::new(outcome))
}

fn of_tls(error: &rustls::Error) -> Fault {
    match error {
        rustls::Error::InvalidCertificate(problem) => Fault::new(of_certificate(problem)),
        rustls::Error::NoCertificatesPresented => Fault::new(Outcome::TlsUntrusted),
        rustls::Error::PeerIncompatible(_) => Fault::new(Outcome::TlsOld),
        rustls::Error::AlertReceived(alert) => of_alert(*alert),
        _ => Fault::new(Outcome::TlsNotTls),
    }
}

fn of_certificate(problem: &CertificateError) -> Outcome {
    match problem {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Outcome::TlsExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Outcome::TlsName,
        _ => Outcome::TlsUntrusted,
    }
}

/// The receiver ended the handshake, and said why.
fn of_alert(alert: AlertDescription) -> Fault {
    let detail = format!("the receiver ended TLS with the alert {alert:?}");
    let outcome = match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => Outcome::TlsOld,
        AlertDescription::UnrecognisedName => Outcome::TlsName,
        _ => Outcome::Closed,
    };
    Fault::with_detail(outcome, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errno_is_found_below_other_errors() {
        let outcome = |errno: Errno, stage| {
            let error = io::Error::other(io::Error::other(io::Error::from(errno)));
            Fault::of(&error, stage).outcome
        };
        assert_eq!(outcome(Errno::CONNREFUSED, Stage::Connecting), Outcome::Refused);
        assert_eq!(outcome(Errno::CONNRESET, Stage::Connected), Outcome::Reset);
        assert_eq!(outcome(Errno::NETUNREACH, Stage::Connecting), Outcome::Unreachable);
        assert_eq!(outcome(Errno::HOSTUNREACH, Stage::Connecting), Outcome::Unreachable);
        assert_eq!(outcome(Errno::PIPE, Stage::Connected), Outcome::Closed);
        assert_eq!(outcome(Errno::TIMEDOUT, Stage::Connecting), Outcome::ConnectTimeout);
        assert_eq!(outcome(Errno::TIMEDOUT, Stage::Connected), Outcome::Timeout);
    }

    #[test]
    fn a_lack_of_file_descriptors_is_our_own_fault() {
        let fault = Fault::of(&io::Error::from(Errno::MFILE), Stage::Connecting);
        assert_eq!((fault.outcome, fault.note), (Outcome::Unreachable, Some(Note::OutOfFiles)));
        assert!(fault.note.is_some_and(Note::is_ours));
    }

    #[test]
    fn the_deepest_part_of_a_chain_decides() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let error = io::Error::new(io::ErrorKind::ConnectionReset, io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(Fault::of(&error, Stage::Handshaking).outcome, Outcome::TlsUntrusted);
    }

    #[test]
    fn an_error_that_tells_nothing_is_judged_by_its_stage() {
        let outcome = |stage| Fault::of(&fmt::Error, stage).outcome;
        assert_eq!(outcome(Stage::Resolving), Outcome::DnsError);
        assert_eq!(outcome(Stage::Connecting), Outcome::Unreachable);
        assert_eq!(outcome(Stage::Handshaking), Outcome::TlsNotTls);
        assert_eq!(outcome(Stage::Connected), Outcome::Closed);
    }
}
