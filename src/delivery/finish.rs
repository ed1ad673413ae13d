//! Finish: what came of an attempt, written together with other results in one commit and few statements.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DurationRound, TimeDelta};

use super::lanes::Pulse;
use super::latency::bucket_of;
use super::queue::{self, Certificate, Ended, Settlement};
use super::retry::{self, Failure};
use super::send::{Job, Sender};
use super::{Outcome, State};
use crate::clock::Time;
use crate::credentials::{self, token::Step};
use crate::db::{DbError, Tx};
use crate::ids::random_bytes;
use crate::outbound::{self, Note, RetryAfter};
use crate::webhooks::{self, WebhookChanged, WebhookId, set::Webhooks};

/// How long a result waits for a database that cannot take it, before the next try.
const PAUSE: Duration = Duration::from_secs(5);
/// The status by which a receiver says that it wants no more.
const GONE: u16 = 410;

/// The end of a request.
#[derive(Clone)]
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    pub(super) request_headers: Vec<(String, String)>,
    pub(super) reply: Option<outbound::Reply>,
    /// What is known of a fault where there is no reply.
    pub(super) detail: Option<String>,
    /// The token request of a test.
    pub(super) step: Option<Step>,
}

impl Finished {
    /// It was sent, or refused on the way.
    pub(super) fn answered(request_headers: Vec<(String, String)>, reply: outbound::Reply) -> Self {
        let outcome = Outcome::of(reply.outcome);
        Self { outcome, request_headers, reply: Some(reply), detail: None, step: None }
    }

    /// The same, held against the webhook's rule: an answer that holds the text was no success.
    pub(super) fn ruled(self, fail_when: Option<&str>) -> Self {
        let body = self.reply.as_ref().filter(|_| self.outcome == Outcome::Ok).map(|reply| &reply.body[..]);
        let holds = |text: &str, body: &[u8]| body.windows(text.len()).any(|part| part == text.as_bytes());
        match fail_when.zip(body) {
            Some((text, body)) if holds(text, body) => Self { outcome: Outcome::TextRule, ..self },
            Some(_) | None => self,
        }
    }

    /// It could not be written.
    pub(super) fn unwritable() -> Self {
        Self::without_login("a stored value does not fit into a header".to_owned())
    }

    /// There is no login to send it with.
    pub(super) fn without_login(detail: String) -> Self {
        let outcome = Outcome::AuthError;
        Self { outcome, request_headers: Vec::new(), reply: None, detail: Some(detail), step: None }
    }

    /// The status, where one came.
    pub(super) fn status(&self) -> Option<u16> {
        self.reply.as_ref().and_then(|reply| reply.status)
    }

    fn wish(&self) -> Option<RetryAfter> {
        let waits = matches!(self.status(), Some(429 | 503));
        self.reply.as_ref().and_then(|reply| reply.retry_after).filter(|_| waits)
    }

    /// The fault is this machine's: it must not count against the receiver.
    fn is_ours(&self) -> bool {
        self.reply.as_ref().and_then(|reply| reply.note).is_some_and(Note::is_ours)
    }

    /// The last day of the certificate that a new connection showed, and who showed it.
    fn certificate(&self, url: &str) -> Option<Certificate> {
        let day = self.reply.as_ref()?.certificate_until?;
        let until = Time::from_utc(day.and_hms_opt(0, 0, 0)?.and_utc());
        Some(Certificate { until, origin: webhooks::origin(url)? })
    }

    /// What the window learns.
    fn pulse(&self) -> Pulse {
        match self.outcome {
            Outcome::Ok => Pulse::Steady,
            Outcome::Status if self.status().is_some_and(|status| status < 500) => Pulse::Neutral,
            Outcome::Status
            | Outcome::Timeout
            | Outcome::ConnectTimeout
            | Outcome::Refused
            | Outcome::Reset
            | Outcome::Closed
            | Outcome::Unreachable => Pulse::Faltered,
            Outcome::Sending
            | Outcome::DnsError
            | Outcome::DnsTimeout
            | Outcome::NoAddress
            | Outcome::Redirect
            | Outcome::TlsExpired
            | Outcome::TlsName
            | Outcome::TlsUntrusted
            | Outcome::TlsOld
            | Outcome::TlsNotTls
            | Outcome::BadResponse
            | Outcome::NotHttp
            | Outcome::BadStatus
            | Outcome::AuthError
            | Outcome::TextRule
            | Outcome::Blocked
            | Outcome::Unknown => Pulse::Neutral,
        }
    }

    /// The columns of the attempt's row.
    pub(super) fn ended(&self, at: Time) -> Ended {
        let micros = |time: Duration| i64::try_from(time.as_micros()).ok();
        let headers = |headers: &[(String, String)]| serde_json::to_string(headers).ok();
        let reply = self.reply.as_ref();
        let phases = reply.map(|reply| reply.phases).unwrap_or_default();
        let answer = reply.filter(|reply| reply.status.is_some());
        Ended {
            ended_at: Some(at),
            outcome: self.outcome,
            status: self.status().map(i32::from),
            request_headers: headers(&self.request_headers),
            response_headers: answer.and_then(|reply| headers(&reply.headers)),
            response_body: answer.map(|reply| reply.body.to_vec()),
            response_bytes: answer.and_then(|reply| i64::try_from(reply.body_bytes).ok()),
            truncated: reply.is_some_and(|reply| reply.truncated),
            reused: reply.is_some_and(|reply| reply.reused),
            dns_us: phases.dns.and_then(micros),
            connect_us: phases.connect.and_then(micros),
            tls_us: phases.tls.and_then(micros),
            first_byte_us: phases.first_byte.and_then(micros),
            total_us: reply.and_then(|_| micros(phases.total)),
            remote_address: reply.and_then(|reply| match reply.via_proxy {
                true => Some("via proxy".to_owned()),
                false => reply.remote.map(|remote| remote.to_string()),
            }),
            detail: reply.and_then(|reply| reply.detail.clone()).or_else(|| self.detail.clone()),
            note: reply.and_then(|reply| reply.note).map(Note::code),
            next_due_at: None,
        }
    }
}

/// Writes the end of an attempt; repeats as long as the database cannot take it and the lane is ours.
pub(super) async fn finish(sender: &Arc<Sender>, job: Job, finished: Finished) {
    let at = sender.clock.now();
    job.slot.learn(finished.pulse());
    // Made here, so that the one writer has less to do.
    let ended = finished.ended(at);
    let shared = Arc::new((job, finished, ended));
    loop {
        let (sources, parts) = (Arc::clone(sender), Arc::clone(&shared));
        let written = sender.db.write_grouped(move |tx| note(tx, &sources.webhooks, &parts, at)).await;
        let job = &shared.0;
        match written {
            Ok(Next::Due(due)) => return sender.lanes.row_due(job.webhook.id, due),
            Ok(Next::Look) => return sender.lanes.row_waits(job.webhook.id),
            Ok(Next::Nothing) => return,
            Err(error) if sender.lanes.is_safe(job.slot.webhook(), job.slot.fence()) => {
                tracing::warn!(delivery.id = %job.delivery, error = %error, "a result waits for the database");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::error!(delivery.id = %job.delivery, error = %error, "a result was lost with its lane");
                return;
            }
        }
    }
}

/// What the lane has to know after a result.
#[derive(Clone, Copy)]
enum Next {
    /// The delivery waits for that time.
    Due(Time),
    /// It is back where it was, and may wait for its time.
    Look,
    /// It is done.
    Nothing,
}

/// A result that [`write()`] has to write.
struct Noted {
    webhook: WebhookId,
    settlement: Settlement,
    /// The receiver answered 410, and nobody had asked for this attempt.
    gone: bool,
    certificate: Option<Certificate>,
    at: Time,
}

/// Judges a result, and notes it for the step that writes all of the transaction together.
fn note(
    tx: &mut Tx<'_>,
    webhooks: &Webhooks,
    (job, finished, ended): &(Job, Finished, Ended),
    at: Time,
) -> Result<Next, DbError> {
    let verdict = judge(tx, webhooks, job, finished, at)?;
    let settlement = Settlement {
        delivery: job.delivery,
        number: job.number,
        fence: job.slot.fence(),
        state: verdict.state,
        scheduled: verdict.scheduled,
        due_at: verdict.due,
        settled_reason: verdict.reason,
        ended: Ended { next_due_at: verdict.due, ..ended.clone() },
    };
    let gone = finished.status() == Some(GONE) && job.resend_from.is_none();
    let certificate = finished.certificate(&job.webhook.url);
    tx.note(Noted { webhook: job.webhook.id, settlement, gone, certificate, at });
    Ok(match (verdict.state, verdict.due) {
        (_, Some(due)) => Next::Due(due),
        (State::Queued, None) => Next::Look,
        (State::Sending | State::Delivered | State::Failed | State::Cancelled, None) => Next::Nothing,
    })
}

/// Before the commit: writes all results that were noted, and adds them to the hours and the last delivery of each
/// webhook, one row each. A late one changes nothing: another node has the lane by now.
pub(super) fn write(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let results = tx.take_notes::<Noted>();
    if results.is_empty() {
        return Ok(());
    }
    let settlements: Vec<&Settlement> = results.iter().map(|result| &result.settlement).collect();
    let written = queue::settle(tx, &settlements)?;
    let (results, late): (Vec<Noted>, Vec<Noted>) =
        results.into_iter().partition(|result| written.contains(&result.settlement.delivery));
    for result in late {
        tracing::warn!(delivery.id = %result.settlement.delivery, "a late result was dropped: another node has the lane");
    }
    for result in results.iter().filter(|result| result.gone) {
        disable(tx, result.webhook, result.at)?;
    }
    tally(tx, &results)
}

struct Verdict {
    state: State,
    scheduled: i32,
    due: Option<Time>,
    reason: Option<&'static str>,
}

fn judge(tx: &mut Tx<'_>, webhooks: &Webhooks, job: &Job, finished: &Finished, at: Time) -> Result<Verdict, DbError> {
    let settled = |state, reason| Verdict { state, scheduled: job.scheduled, due: None, reason };
    if finished.outcome == Outcome::Ok {
        return Ok(settled(State::Delivered, None));
    }
    // Somebody's extra try leaves the delivery where it stood: its schedule goes on as if nothing had been.
    if let Some(before) = job.resend_from {
        return Ok(settled(before, None));
    }
    let set = webhooks.in_transaction(tx)?;
    let Some(webhook) = set.get(job.webhook.id) else {
        return Ok(settled(State::Cancelled, Some("The webhook was deleted.")));
    };
    if !webhook.active {
        return Ok(settled(State::Cancelled, Some("The webhook was switched off.")));
    }
    if finished.is_ours() {
        let due = Some(at.plus(PAUSE));
        return Ok(Verdict { state: State::Queued, scheduled: job.scheduled - 1, due, reason: None });
    }
    let failure = Failure {
        made: job.scheduled,
        at,
        wish: finished.wish(),
        blocked: finished.outcome == Outcome::Blocked,
        luck: f64::from(u32::from_le_bytes(random_bytes())) / f64::from(u32::MAX),
    };
    Ok(match retry::next_due(&webhook.retry, failure) {
        Some(due) => Verdict { state: State::Queued, due: Some(due), ..settled(State::Queued, None) },
        None => settled(State::Failed, None),
    })
}

/// The receiver says that it is gone for good: its waiting deliveries are kept until a person decides.
fn disable(tx: &mut Tx<'_>, webhook: WebhookId, at: Time) -> Result<(), DbError> {
    let reason = "The receiver answered 410 Gone, which asks to send nothing more.";
    if webhooks::store::disable(tx, webhook, at, reason)? {
        credentials::touch(tx)?;
        tx.note(WebhookChanged::Edited(webhook));
        tracing::warn!(webhook.id = %webhook, "disabled: the receiver answered 410");
    }
    Ok(())
}

fn tally(tx: &mut Tx<'_>, results: &[Noted]) -> Result<(), DbError> {
    let mut hours: BTreeMap<(WebhookId, Time), (i32, i32, i64)> = BTreeMap::new();
    let mut latencies: BTreeMap<(WebhookId, Time, i32), i32> = BTreeMap::new();
    let mut last: BTreeMap<WebhookId, &Noted> = BTreeMap::new();
    let mut certificates: BTreeMap<WebhookId, &Certificate> = BTreeMap::new();
    for result in results {
        let ended = &result.settlement.ended;
        let hour = result.at.utc().duration_trunc(TimeDelta::hours(1)).unwrap_or(result.at.utc());
        let hour = Time::from_utc(hour);
        let sums = hours.entry((result.webhook, hour)).or_default();
        let ok = ended.outcome == Outcome::Ok;
        let duration_ms = ended.total_us.unwrap_or_default() / 1000;
        *sums = (sums.0 + i32::from(ok), sums.1 + i32::from(!ok), sums.2 + duration_ms);
        let answered = ended.total_us.filter(|_| ended.status.is_some()).and_then(|micros| u64::try_from(micros).ok());
        if let Some(micros) = answered {
            *latencies.entry((result.webhook, hour, bucket_of(micros))).or_default() += 1;
        }
        if let Some(certificate) = &result.certificate {
            certificates.insert(result.webhook, certificate);
        }
        last.insert(result.webhook, result);
    }
    for ((webhook, hour, bucket), count) in latencies {
        queue::add_latency(tx, webhook, hour, (bucket, count))?;
    }
    for ((webhook, hour), sums) in hours {
        queue::add_hours(tx, webhook, hour, sums)?;
    }
    for (webhook, Noted { settlement, at, .. }) in last {
        queue::set_last(tx, webhook, settlement, *at, certificates.get(&webhook).copied())?;
    }
    Ok(())
}
