//! The words of the history: outcomes in short, times, counts.

use std::time::Duration;

use crate::clock::Time;
use crate::delivery::Outcome;
use crate::history::{Reading, Summary};
use crate::web::badge::Badge;
use crate::web::exchange::took;
use crate::web::view::When;

/// Where nothing can be told.
pub(super) const DASH: &str = "–";

/// A moment of a list.
pub(crate) fn when(at: Time) -> When {
    When { iso: at.rfc3339(), text: at.to_string() }
}

/// A moment to the millisecond.
pub(crate) fn exact(at: Time) -> When {
    When { iso: at.rfc3339(), text: precise(at) }
}

/// `2026-11-24 10:05:07.114 UTC`
pub(super) fn precise(at: Time) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

pub(crate) fn badge(reading: Reading) -> Badge {
    match reading {
        Reading::Queued => Badge::Queued,
        Reading::Retrying => Badge::Retrying,
        Reading::Held => Badge::Held,
        Reading::Sending => Badge::Sending,
        Reading::Delivered => Badge::Delivered,
        Reading::Failed => Badge::Failed,
        Reading::Cancelled => Badge::Cancelled,
    }
}

/// How an attempt ended.
pub(crate) fn verdict(outcome: Outcome) -> Badge {
    match outcome {
        Outcome::Sending => Badge::Sending,
        Outcome::Ok => Badge::Success,
        Outcome::Unknown => Badge::Unknown,
        _ => Badge::Failed,
    }
}

/// `08:00 to 09:00 UTC`
pub(crate) fn hour_label(from: Time) -> String {
    let until = from.plus(Duration::from_hours(1));
    format!("{} to {} UTC", from.utc().format("%H:%M"), until.utc().format("%H:%M"))
}

/// What came back, in a few words.
pub(crate) fn result(outcome: Option<Outcome>, status: Option<i32>) -> String {
    match (status, outcome) {
        // A bare 200 beside a failure would be a riddle.
        (Some(status), Some(Outcome::TextRule)) => format!("{status}, {}", brief(Outcome::TextRule)),
        (Some(status), _) => status.to_string(),
        (None, Some(outcome)) => brief(outcome).to_owned(),
        (None, None) => DASH.to_owned(),
    }
}

fn brief(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Sending => DASH,
        Outcome::Ok => "taken",
        Outcome::Status => "not taken",
        Outcome::Timeout => "timed out",
        Outcome::ConnectTimeout => "no connection in time",
        Outcome::Refused => "connection refused",
        Outcome::Reset => "broken off",
        Outcome::Closed => "closed without an answer",
        Outcome::DnsError => "unknown host",
        Outcome::DnsTimeout => "DNS timed out",
        Outcome::NoAddress => "host without address",
        Outcome::Unreachable => "unreachable",
        Outcome::Redirect => "redirect",
        Outcome::TlsExpired => "certificate expired",
        Outcome::TlsName => "certificate of another name",
        Outcome::TlsUntrusted => "untrusted certificate",
        Outcome::TlsOld => "outdated TLS",
        Outcome::TlsNotTls => "no TLS",
        Outcome::BadResponse => "broken answer",
        Outcome::NotHttp => "no HTTP",
        Outcome::BadStatus => "impossible status",
        Outcome::AuthError => "no login",
        Outcome::TextRule => "text that means failure",
        Outcome::Blocked => "address blocked",
        Outcome::Unknown => "unknown",
    }
}

/// `503 Service Unavailable`
pub(crate) fn status_line(status: i32) -> String {
    let phrase = u16::try_from(status).ok().and_then(|status| actix_web::http::StatusCode::from_u16(status).ok());
    match phrase.and_then(|status| status.canonical_reason()) {
        Some(phrase) => format!("{status} {phrase}"),
        None => status.to_string(),
    }
}

/// `2 of 10`; attempts beside the schedule are told apart.
pub(super) fn count(summary: &Summary) -> String {
    let (made, length) = (summary.scheduled, summary.schedule_length);
    match summary.attempts - made {
        ..=0 => format!("{made} of {length}"),
        more => format!("{made} of {length} +{more}"),
    }
}

/// How long the last attempt took.
pub(super) fn duration(summary: &Summary) -> String {
    match summary.last_duration_ms.and_then(|millis| u64::try_from(millis).ok()) {
        None => DASH.to_owned(),
        // Only whole milliseconds are kept.
        Some(0) => "< 1 ms".to_owned(),
        Some(millis) => took(Duration::from_millis(millis)),
    }
}

/// `first`, `tenth`, `11th`.
pub(super) fn ordinal(number: i32) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let index = usize::try_from(number - 1).ok();
    if let Some(word) = index.and_then(|index| WORDS.get(index)) {
        return (*word).to_owned();
    }
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `a moment`, `40 seconds`, `9 minutes`, `3 hours`, `2 days`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..2 => return "a moment".to_owned(),
        2..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spans_read_as_people_say_them() {
        let ordinals = [1, 10, 11, 12, 13, 21, 22, 103, 112].map(ordinal);
        assert_eq!(ordinals, ["first", "tenth", "11th", "12th", "13th", "21st", "22nd", "103rd", "112th"]);
        let spans = [1, 2, 119, 120, 7_199, 7_200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["a moment", "2 seconds", "119 seconds", "2 minutes", "119 minutes", "2 hours", "2 days"]);
    }

    #[test]
    fn a_status_has_its_phrase_where_it_has_one() {
        assert_eq!(status_line(503), "503 Service Unavailable");
        assert_eq!(status_line(599), "599");
    }
}
