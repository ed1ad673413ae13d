//! What a delivery's page tells in sentences: what happened, what comes next, and its life line.

use super::words::{badge, exact, ordinal, precise, result, span, status_line, verdict};
use crate::clock::Time;
use crate::delivery::{Outcome, Reason};
use crate::history::{AttemptLine, Delivery, Letter, Origin, Reading};
use crate::web::badge::Badge;
use crate::web::view::When;

/// One station on the way of a delivery.
pub(super) struct Step {
    pub(super) state: Badge,
    pub(super) label: String,
    /// What came back, or who asked; may be empty.
    pub(super) note: String,
    pub(super) when: When,
    /// It has not happened yet.
    pub(super) ahead: bool,
}

impl Letter {
    /// How its state reads now.
    pub(in crate::history) fn reading(&self) -> Reading {
        let summary = &self.delivery.summary;
        let held = self.webhook.as_ref().is_some_and(|webhook| !webhook.is_sendable());
        Reading::of(summary.state, summary.attempts, held)
    }

    fn last(&self) -> Option<&AttemptLine> {
        self.attempts.last()
    }

    fn taken(&self) -> Option<&AttemptLine> {
        self.attempts.iter().find(|attempt| attempt.outcome == Outcome::Ok)
    }
}

impl AttemptLine {
    /// What happened, in one sentence.
    pub(in crate::history) fn cause(&self) -> String {
        self.outcome.cause(self.code())
    }

    /// What to do, in one sentence.
    pub(in crate::history) fn remedy(&self) -> &'static str {
        self.outcome.remedy(self.code())
    }

    fn code(&self) -> Option<u16> {
        self.status.and_then(|status| u16::try_from(status).ok())
    }

    /// Who asked for it; nobody for one of the schedule.
    pub(in crate::history) fn by(&self) -> &str {
        match self.reason {
            Reason::Manual | Reason::Test => self.actor_name.as_deref().unwrap_or_default(),
            Reason::Schedule => "",
        }
    }

    pub(super) fn badge(&self) -> Badge {
        verdict(self.outcome)
    }
}

/// What happened.
pub(super) fn story(letter: &Letter) -> String {
    let summary = &letter.delivery.summary;
    let cause = letter.last().map(AttemptLine::cause).unwrap_or_default();
    let reason = letter.delivery.settled_reason.as_deref().unwrap_or_default();
    let told = match letter.reading() {
        Reading::Queued => "Nothing was sent yet.".to_owned(),
        Reading::Held if summary.attempts == 0 => "Nothing was sent yet: its webhook is not sent to.".to_owned(),
        Reading::Retrying | Reading::Held => format!("Not delivered yet. {cause}"),
        Reading::Sending => format!("The {} attempt is on its way.", ordinal(summary.attempts)),
        Reading::Delivered => delivered(letter),
        Reading::Failed if summary.is_test() => cause,
        Reading::Failed => match summary.attempts {
            1 => format!("Not delivered. {cause}"),
            many => format!("Not delivered after {many} attempts. {cause}"),
        },
        Reading::Cancelled => format!("Cancelled. {reason} {cause}"),
    };
    told.trim_end().to_owned()
}

fn delivered(letter: &Letter) -> String {
    let Some(taken) = letter.taken() else { return "Delivered.".to_owned() };
    let begin = letter.origin.as_ref().map_or(letter.delivery.summary.created_at, |origin| origin.occurred_at);
    let answer = taken.status.map_or_else(String::new, |status| format!(": it was answered {}", status_line(status)));
    let number = ordinal(taken.number);
    let waited = span(taken.ended_at.unwrap_or(taken.sent_at).since(begin));
    let told = if letter.delivery.summary.is_test() {
        format!("The test was taken{answer}.")
    } else {
        format!("Delivered on the {number} attempt, {waited} after the event{answer}.")
    };
    match letter.last().filter(|last| last.number > taken.number && last.outcome != Outcome::Ok) {
        Some(last) => format!("{told} Sent once more, it was not taken. {}", last.cause()),
        None => told,
    }
}

/// What comes next; empty when it is over.
pub(super) fn next(letter: &Letter, now: Time) -> String {
    let Delivery { summary, resend_at, .. } = &letter.delivery;
    if resend_at.is_some() {
        let by = letter.delivery.asked_by().map_or_else(String::new, |name| format!(", as {name} asked"));
        return format!("It is sent again as soon as its webhook has room{by}.");
    }
    let place = format!("The {} of {} attempts", ordinal(summary.scheduled + 1), summary.schedule_length);
    match letter.reading() {
        Reading::Queued | Reading::Retrying if summary.due_at > now => {
            format!("{place} goes out at {}, in {}.", precise(summary.due_at), span(summary.due_at.since(now)))
        }
        Reading::Queued | Reading::Retrying => format!("{place} goes out as soon as its webhook has room."),
        Reading::Held => "It goes out once its webhook is enabled again.".to_owned(),
        Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled => String::new(),
    }
}

/// From the event to the end, or to what is due.
pub(super) fn life(letter: &Letter) -> Vec<Step> {
    let summary = &letter.delivery.summary;
    let mut steps: Vec<Step> = letter.origin.iter().map(occurred).collect();
    let made = if summary.is_test() { "Test made" } else { "Delivery queued" };
    steps.push(past(Badge::Queued, made.to_owned(), String::new(), summary.created_at));
    let first_taken = letter.taken().map(|taken| taken.number);
    steps.extend(letter.attempts.iter().map(|attempt| tried(attempt, first_taken)));
    match (letter.reading(), letter.delivery.settled_at) {
        (Reading::Failed, Some(at)) if !summary.is_test() => {
            steps.push(past(Badge::Failed, "Given up".to_owned(), "no attempt is left".to_owned(), at));
        }
        (Reading::Cancelled, Some(at)) => {
            let reason = letter.delivery.settled_reason.clone().unwrap_or_default();
            steps.push(past(Badge::Cancelled, "Cancelled".to_owned(), reason, at));
        }
        (
            Reading::Queued
            | Reading::Retrying
            | Reading::Held
            | Reading::Sending
            | Reading::Delivered
            | Reading::Failed
            | Reading::Cancelled,
            _,
        ) => {}
    }
    steps.extend(ahead(letter));
    steps
}

fn past(state: Badge, label: String, note: String, at: Time) -> Step {
    Step { state, label, note, when: exact(at), ahead: false }
}

fn occurred(origin: &Origin) -> Step {
    let by = origin.actor_email.as_ref().map_or_else(String::new, |email| format!(", caused by {email}"));
    let note = format!("from {}{by}", origin.source.label());
    past(Badge::Queued, "Event occurred".to_owned(), note, origin.occurred_at)
}

fn tried(attempt: &AttemptLine, first_taken: Option<i32>) -> Step {
    let by = match attempt.reason {
        Reason::Manual => format!(", resent by {}", attempt.by()),
        Reason::Test => format!(", tested by {}", attempt.by()),
        Reason::Schedule => String::new(),
    };
    let state = if first_taken == Some(attempt.number) { Badge::Delivered } else { attempt.badge() };
    let note = match attempt.outcome {
        Outcome::Sending => "on its way".to_owned(),
        outcome => attempt.status.map_or_else(|| result(Some(outcome), None), status_line),
    };
    past(state, format!("Attempt {}{by}", attempt.number), note, attempt.ended_at.unwrap_or(attempt.sent_at))
}

/// The attempt that is due, or that somebody asked for.
fn ahead(letter: &Letter) -> Option<Step> {
    let Delivery { summary, resend_at, .. } = &letter.delivery;
    let label = format!("Attempt {}", summary.attempts + 1);
    let step = |note: String, at| Step {
        state: badge(letter.reading()),
        label: label.clone(),
        note,
        when: exact(at),
        ahead: true,
    };
    if let Some(at) = resend_at {
        return Some(step(format!("asked for by {}", letter.delivery.asked_by().unwrap_or("somebody")), *at));
    }
    match letter.reading() {
        Reading::Queued | Reading::Retrying => Some(step("due".to_owned(), summary.due_at)),
        Reading::Held => Some(step("held, was due".to_owned(), summary.due_at)),
        Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled => None,
    }
}

/// What is no longer as it was: the webhook's name, address, method or existence.
pub(super) fn since(letter: &Letter) -> String {
    let summary = &letter.delivery.summary;
    let Some(webhook) = &letter.webhook else {
        return match (summary.webhook_id, letter.deleted_at) {
            (None, _) => "It was tested before it was saved.".to_owned(),
            (Some(_), Some(at)) => format!("This webhook was deleted on {at}."),
            (Some(_), None) => "This webhook does not exist any more.".to_owned(),
        };
    };
    let mut notes = Vec::new();
    if webhook.name != summary.target_name {
        notes.push(format!("It is called {} now.", webhook.name));
    }
    if let Some(attempt) = &letter.chosen {
        match (attempt.url != webhook.url, attempt.method != webhook.method.as_str()) {
            (true, _) => notes.push("Its URL was changed since; the next attempt goes to the new one.".to_owned()),
            (false, true) => notes.push(format!("Its method was changed since; it is {} now.", webhook.method)),
            (false, false) => {}
        }
    }
    if let Some(disabled) = &webhook.disabled {
        notes.push(format!("It is disabled since {}: {}", disabled.at, disabled.reason));
    } else if !webhook.active {
        notes.push("It is inactive.".to_owned());
    }
    notes.join(" ")
}
