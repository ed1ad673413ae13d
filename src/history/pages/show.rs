//! One delivery, told like a letter, with one of its attempts in full.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::curl::command;
use super::story::{self, Step};
use super::words::{DASH, badge, count, exact, precise, result, status_line, when};
use crate::delivery::{DeliveryId, Outcome};
use crate::history::store::letter::pairs;
use crate::history::{self, AttemptLine, Delivery, Letter, Reading};
use crate::once::FormId;
use crate::outbound::{Note, Phases};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::exchange::{answer_body, headers, text_body, timing, took};
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Body, Message, Timing, When};
use crate::web::{Page, PathId, Query, WebError};

/// One attempt among its siblings.
struct AttemptLink {
    number: i32,
    href: String,
    current: bool,
    state: Badge,
    /// "503", "timed out", or a dash while it runs.
    result: String,
    duration: String,
    when: When,
    /// Who pressed Resend; empty for one of the schedule.
    by: String,
}

/// The attempt that is looked at.
struct Attempt {
    number: i32,
    state: Badge,
    when: When,
    /// "503 Service Unavailable", or what happened in a few words.
    headline: String,
    by: String,
    /// What happened and what to do; empty after a plain success.
    advice: String,
    /// What else is known, a sentence each.
    remarks: Vec<String>,
    request: Message,
    /// Where the request's exact bytes are.
    request_file: Option<String>,
    answer: Option<Message>,
    answer_file: Option<String>,
    /// Why there is no answer; used where `answer` is none.
    silence: String,
    timing: Option<Timing>,
    /// The same request as a command line, without its secrets.
    curl: String,
}

/// The Resend button; with a reason it cannot be pressed.
struct Resend {
    target: String,
    form_id: String,
    refused: String,
}

#[derive(Template)]
#[template(path = "deliveries/show.html")]
pub(super) struct ShowPage {
    /// Its title is the event's label.
    pub(super) frame: Frame,
    id: String,
    event_id: String,
    event_code: String,
    subject: String,
    webhook: String,
    /// Its Edit dialog; none when it was never saved or is gone.
    webhook_href: Option<String>,
    /// What changed since; empty when all is as it was.
    webhook_note: String,
    method: String,
    url: String,
    state: Badge,
    /// Something is about to happen by itself.
    running: bool,
    test: bool,
    story: String,
    next: String,
    steps: Vec<Step>,
    attempts: Vec<AttemptLink>,
    attempt_count: String,
    /// None before the first attempt.
    attempt: Option<Attempt>,
    resend: Resend,
}

/// Which attempt is looked at.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    attempt: String,
}

pub(super) async fn show(
    admin: Admin,
    app: web::Data<App>,
    PathId(id): PathId<DeliveryId>,
    Query(which): Query<Which>,
) -> Result<HttpResponse, WebError> {
    let number = match which.attempt.as_str() {
        "" => None,
        number => Some(number.parse::<i32>().map_err(|_| WebError::NotFound)?),
    };
    page(&admin, &app, id, number).await?.answer()
}

/// The page as it stands now.
pub(super) async fn page(admin: &Admin, app: &App, id: DeliveryId, number: Option<i32>) -> Result<ShowPage, WebError> {
    let webhooks = app.webhooks.clone();
    let letter = app.db.read(move |conn| history::letter(conn, &webhooks, id, number)).await?;
    let (summary, catalogue) = (&letter.delivery.summary, app.catalogue().await?);
    let mut frame = admin.frame(&catalogue.label(&summary.event_type), Place::Deliveries);
    frame.crumbs = crumbs(&letter);
    let (method, url) = target(&letter);
    Ok(ShowPage {
        frame,
        id: id.to_string(),
        event_id: summary.event_id.map(|id| id.to_string()).unwrap_or_default(),
        event_code: catalogue.code(&summary.event_type).into_owned(),
        subject: summary.title.clone(),
        webhook: summary.target_name.clone(),
        webhook_href: letter.webhook.as_ref().map(|webhook| format!("/settings/webhooks/{}/edit", webhook.id)),
        webhook_note: story::since(&letter),
        method,
        url,
        state: badge(letter.reading()),
        running: matches!(letter.reading(), Reading::Queued | Reading::Sending | Reading::Retrying)
            || letter.delivery.resend_at.is_some(),
        test: summary.is_test(),
        story: story::story(&letter),
        next: story::next(&letter, app.clock.now()),
        steps: story::life(&letter),
        attempts: letter.attempts.iter().map(|line| link(&letter, line)).collect(),
        attempt_count: count(summary),
        attempt: letter.chosen.as_ref().map(|chosen| attempt(&letter.delivery, chosen)),
        resend: Resend {
            target: format!("/deliveries/{id}/resend"),
            form_id: app.ids.make::<FormId>().to_string(),
            refused: letter.refused.map(|refused| refused.to_string()).unwrap_or_default(),
        },
    })
}

fn crumbs(letter: &Letter) -> Vec<Crumb> {
    let crumb = |label: &str, href: String| Crumb { label: label.to_owned(), href };
    let summary = &letter.delivery.summary;
    let of_webhook = summary.webhook_id.map(|id| crumb(&summary.target_name, format!("/deliveries?webhook={id}")));
    std::iter::once(crumb("Deliveries", "/deliveries".to_owned())).chain(of_webhook).collect()
}

/// The method and address of the attempt that is looked at, or else of the webhook as it stands.
fn target(letter: &Letter) -> (String, String) {
    let of_attempt = letter.chosen.as_ref().map(|attempt| (attempt.method.clone(), attempt.url.clone()));
    let of_webhook = || letter.webhook.as_ref().map(|webhook| (webhook.method.to_string(), webhook.url.clone()));
    of_attempt
        .or_else(of_webhook)
        .unwrap_or_else(|| (String::new(), letter.delivery.target_url.clone().unwrap_or_else(|| DASH.to_owned())))
}

fn link(letter: &Letter, line: &AttemptLine) -> AttemptLink {
    AttemptLink {
        number: line.number,
        href: format!("/deliveries/{}?attempt={}#attempts", letter.delivery.summary.id, line.number),
        current: letter.chosen.as_ref().is_some_and(|chosen| chosen.line.number == line.number),
        state: line.badge(),
        result: result(Some(line.outcome), line.status),
        duration: micros(line.total_us).map_or_else(|| DASH.to_owned(), took),
        when: when(line.sent_at),
        by: line.by().to_owned(),
    }
}

fn attempt(delivery: &Delivery, chosen: &history::Attempt) -> Attempt {
    let (id, line) = (delivery.summary.id, &chosen.line);
    let kept = chosen.response_body.as_ref().is_some_and(|body| !body.is_empty());
    Attempt {
        number: line.number,
        state: line.badge(),
        when: exact(line.sent_at),
        headline: match (line.outcome, line.status) {
            (Outcome::Sending, _) => "on its way".to_owned(),
            (_, Some(status)) => status_line(status),
            (outcome, None) => result(Some(outcome), None),
        },
        by: line.by().to_owned(),
        advice: if matches!(line.outcome, Outcome::Ok | Outcome::Sending) {
            String::new()
        } else {
            format!("{} {}", line.cause(), line.remedy())
        },
        remarks: remarks(chosen),
        request: request(delivery, chosen),
        request_file: delivery.body.as_ref().map(|_| format!("/deliveries/{id}/body")),
        answer: answer(chosen),
        answer_file: kept.then(|| format!("/deliveries/{id}/attempts/{}/answer", line.number)),
        silence: if line.outcome == Outcome::Sending { "No answer yet.".to_owned() } else { line.cause() },
        timing: micros(line.total_us).map(|total| timing(&phases(chosen, total))),
        curl: command(&chosen.method, &chosen.url, &pairs(chosen.request_headers.as_deref()), delivery.body.as_deref()),
    }
}

/// What was sent, and what came back where something did.
pub(crate) fn shown_attempt(delivery: &Delivery, chosen: &history::Attempt) -> (Message, Option<Message>) {
    (request(delivery, chosen), answer(chosen))
}

fn remarks(chosen: &history::Attempt) -> Vec<String> {
    let note = chosen.note.as_deref().and_then(Note::from_code).map(|note| note.sentence().to_owned());
    let detail = chosen.detail.as_ref().map(|detail| format!("Details: {detail}"));
    let reused = chosen.reused.then(|| "It went over a connection that was open already.".to_owned());
    let next = chosen.next_due_at.map(|at| format!("The next attempt was set for {}.", precise(at)));
    [note, detail, reused, next].into_iter().flatten().collect()
}

fn request(delivery: &Delivery, chosen: &history::Attempt) -> Message {
    Message {
        line: format!("{} {}", chosen.method, chosen.url),
        headers: headers(&pairs(chosen.request_headers.as_deref())),
        body: match &delivery.body {
            Some(body) => text_body(body),
            None => Body::NotStored("this body is past the time that bodies are kept.".to_owned()),
        },
    }
}

fn answer(chosen: &history::Attempt) -> Option<Message> {
    let status = chosen.line.status?;
    let from = chosen.remote_address.as_ref().map_or_else(String::new, |peer| format!(" · {peer}"));
    let read = chosen.response_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
    Some(Message {
        line: format!("{}{from}", status_line(status)),
        headers: headers(&pairs(chosen.response_headers.as_deref())),
        body: match &chosen.response_body {
            Some(body) => answer_body(body, read, chosen.truncated),
            None => Body::NotStored("this body is past the time that bodies are kept.".to_owned()),
        },
    })
}

fn phases(chosen: &history::Attempt, total: Duration) -> Phases {
    Phases {
        dns: micros(chosen.dns_us),
        connect: micros(chosen.connect_us),
        tls: micros(chosen.tls_us),
        first_byte: micros(chosen.first_byte_us),
        total,
    }
}

fn micros(stored: Option<i64>) -> Option<Duration> {
    stored.and_then(|micros| u64::try_from(micros).ok()).map(Duration::from_micros)
}
