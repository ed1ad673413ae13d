//! Follows one request through the client's layers: how far it came, how long each part took, and what it may reach.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::NaiveDate;
use tokio::time::Instant;

use super::Phases;

tokio::task_local! {
    /// The request on whose behalf a connection is being made.
    static CURRENT: Arc<Probe>;
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// No connection was started for it: it goes over an open one.
    #[default]
    Pooled,
    Resolving,
    Connecting,
    Handshaking,
    /// Its own connection is open.
    Connected,
}

/// The record of one request.
pub(super) struct Probe {
    /// The port of its URL: the resolver is given the name alone.
    pub port: u16,
    /// Whether its host name stands in `EGRESS_ALLOW`.
    pub named: bool,
    started: Instant,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    stage: Stage,
    since: Option<Instant>,
    phases: Phases,
    answers: Vec<SocketAddr>,
    peer: Option<SocketAddr>,
    certificate_end: Option<NaiveDate>,
    certificate: Option<String>,
    left: bool,
}

impl Probe {
    pub fn new(started: Instant, port: u16, named: bool) -> Self {
        Self { port, named, started, marks: Mutex::default() }
    }

    /// The request for which this task connects; none knows nothing and may reach nothing special.
    pub fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Self::new(Instant::now(), 0, false)))
    }

    /// Runs a future on behalf of this request.
    pub async fn scope<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    pub fn connecting(&self) {
        let mut marks = self.marks();
        if !marks.left {
            *marks = Marks { stage: Stage::Connecting, since: Some(Instant::now()), ..Marks::default() };
        }
    }

    pub fn resolving(&self) {
        self.enter(Stage::Resolving, |_, _| {});
    }

    /// DNS gave these addresses, which are tried one after the other.
    pub fn resolved(&self, answers: &[SocketAddr]) {
        self.enter(Stage::Connecting, |phases, spent| phases.dns = Some(spent));
        answers.clone_into(&mut self.marks().answers);
    }

    /// The TCP connection is open. Through a proxy with TLS there is a second handshake: the first one is part of the way.
    pub fn handshaking(&self) {
        self.enter(Stage::Handshaking, |phases, spent| {
            phases.connect = Some(phases.connect.unwrap_or_default() + spent);
        });
    }

    pub fn connected(&self, peer: SocketAddr) {
        let is_tls = self.stage() == Stage::Handshaking;
        self.enter(Stage::Connected, |phases, spent| {
            *(if is_tls { &mut phases.tls } else { &mut phases.connect }) = Some(spent);
        });
        let mut marks = self.marks();
        marks.peer = Some(peer).filter(|_| !marks.left);
    }

    /// The request went over another connection that became free, and its own is finished for the pool.
    pub fn leave(&self) {
        *self.marks() = Marks { left: true, ..Marks::default() };
    }

    /// Remembers until when the accepted certificate is valid.
    pub fn accept_certificate(&self, end: Option<NaiveDate>) {
        self.marks().certificate_end = end;
    }

    pub fn certificate_end(&self) -> Option<NaiveDate> {
        self.marks().certificate_end
    }

    /// Remembers the certificate that was not accepted.
    pub fn refuse_certificate(&self, described: Option<String>) {
        self.marks().certificate = described;
    }

    pub fn certificate(&self) -> Option<String> {
        self.marks().certificate.take()
    }

    pub fn stage(&self) -> Stage {
        self.marks().stage
    }

    pub fn peer(&self) -> Option<SocketAddr> {
        self.marks().peer
    }

    /// The addresses that DNS gave and none of which was connected, for the person who looks for the fault.
    pub fn tried(&self) -> Option<String> {
        let marks = self.marks();
        let list: Vec<_> = marks.answers.iter().map(|answer| answer.ip().to_string()).collect();
        (marks.peer.is_none() && !list.is_empty()).then(|| format!("tried {}", list.join(", ")))
    }

    /// The times up to now; `answered` is when the head of the answer came. The phase that failed has its time so far.
    pub fn phases(&self, answered: Option<Instant>) -> Phases {
        let marks = self.marks();
        let mut phases = Phases { total: self.started.elapsed(), ..marks.phases };
        let so_far = marks.since.map(|since| since.elapsed());
        match marks.stage {
            Stage::Resolving => phases.dns = so_far,
            Stage::Connecting => phases.connect = so_far,
            Stage::Handshaking => phases.tls = so_far,
            Stage::Connected | Stage::Pooled => {
                let ready = marks.since.unwrap_or(self.started);
                phases.first_byte = answered.map(|answered| answered.saturating_duration_since(ready));
            }
        }
        phases
    }

    fn enter(&self, stage: Stage, end: impl FnOnce(&mut Phases, std::time::Duration)) {
        let mut marks = self.marks();
        if marks.left {
            return;
        }
        let now = Instant::now();
        let spent = marks.since.map(|since| now - since).unwrap_or_default();
        end(&mut marks.phases, spent);
        marks.stage = stage;
        marks.since = Some(now);
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Plain values: a thread that panicked cannot have left them half written.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> SocketAddr {
        ([192, 0, 2, 1], 443).into()
    }

    #[test]
    fn the_phases_follow_each_other_and_make_up_the_whole() {
        let probe = Probe::new(Instant::now(), 443, false);
        probe.connecting();
        probe.resolving();
        assert_eq!(probe.stage(), Stage::Resolving);
        assert!(probe.phases(None).dns.is_some(), "the phase that goes on has its time so far");
        probe.resolved(&[peer()]);
        assert_eq!(probe.tried().as_deref(), Some("tried 192.0.2.1"));
        probe.handshaking();
        probe.connected(peer());
        let phases = probe.phases(Some(Instant::now()));
        let parts =
            [phases.dns, phases.connect, phases.tls, phases.first_byte].map(|part| part.expect("each part took place"));
        assert!(parts.into_iter().sum::<std::time::Duration>() <= phases.total);
        assert_eq!((probe.stage(), probe.peer()), (Stage::Connected, Some(peer())));
    }

    #[test]
    fn without_tls_and_dns_there_are_no_such_phases() {
        let probe = Probe::new(Instant::now(), 80, false);
        probe.connecting();
        probe.connected(peer());
        let phases = probe.phases(Some(Instant::now()));
        assert!(phases.dns.is_none() && phases.tls.is_none() && phases.connect.is_some());
    }

    #[test]
    fn a_request_that_left_its_own_connection_counts_as_one_over_an_open_one() {
        let probe = Probe::new(Instant::now(), 443, false);
        probe.connecting();
        probe.leave();
        probe.resolving();
        probe.connected(peer());
        assert_eq!((probe.stage(), probe.peer()), (Stage::Pooled, None));
        let phases = probe.phases(Some(Instant::now()));
        assert!(phases.dns.is_none() && phases.connect.is_none() && phases.first_byte.is_some());
    }
}
