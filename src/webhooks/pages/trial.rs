//! Test webhook: on the dialog's values, saved or not, and on a saved webhook from the list.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::dialog::{self, Shown, test_events};
use super::edit::{self, read};
use super::list::{self, List};
use super::{LIST, address, frame};
use crate::credentials::token::Step;
use crate::delivery::Outcome;
use crate::delivery::test::{Prepared, TestReport, example, prepare, run};
use crate::event_types::{Catalogue, EventType};
use crate::history::pages::status_line;
use crate::outbound::Reply;
use crate::sessions::Admin;
use crate::state::App;
use crate::text::sentence;
use crate::web::badge::Badge;
use crate::web::exchange::{answer_body, headers, size, text_body, timing, took};
use crate::web::frame::Frame;
use crate::web::view::{Body, ChoiceGroup, Filled, Message, Sheet, Timing};
use crate::web::{Form, Page, PathId, WebError, Whole};
use crate::webhooks::form::{FieldErrors, WebhookForm};
use crate::webhooks::template::with_example;
use crate::webhooks::{Webhook, WebhookId};

/// The longest part of an answer that a test shows, in bytes.
const SHOWN: usize = 4 * 1024;

/// What a test brought back.
pub(super) struct TestResult {
    pub(super) ok: bool,
    /// "200 OK in 143 ms", or the cause in a sentence.
    pub(super) headline: String,
    /// What to do; empty after a success.
    pub(super) remedy: String,
    /// The label of the event whose example was sent.
    pub(super) event: String,
    /// A request left for the receiver.
    pub(super) sent: bool,
    /// The token request before it.
    pub(super) token: Option<TokenStep>,
    pub(super) request: Message,
    pub(super) answer: Option<Message>,
    pub(super) timing: Timing,
    /// The test in the history.
    pub(super) href: String,
}

/// What was asked of a token endpoint, and what came of it.
pub(super) struct TokenStep {
    pub(super) state: Badge,
    pub(super) url: String,
    /// "200 OK in 12 ms", or the cause.
    pub(super) told: String,
}

/// Asks for the event of a test, and shows what came back.
#[derive(Template)]
#[template(path = "webhooks/test_dialog.html")]
struct TestDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    name: String,
    method: &'static str,
    url: String,
    test_events: Vec<ChoiceGroup>,
    test: Option<TestResult>,
}

/// The form of a test that is saved already.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    test_event: String,
}

/// The dialog's values as they stand.
pub(super) async fn typed(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let saved = edit::saved(&app, &form).await?;
    let set = app.webhook_set().await?;
    let parsed = form.parse(edit::known(&app, &set), saved.as_ref()).and_then(|draft| {
        let kind = kind(set.catalogue(), &form.test_event, &form.events)?;
        let webhook = draft.trial(saved.as_ref(), app.ids.make(), app.clock.now());
        Ok((prepared(&app, webhook, &kind)?, kind))
    });
    let (prepared, kind) = match parsed {
        Ok(parsed) => parsed,
        Err(errors) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return dialog::answer(&app, &admin, form, Shown { saved, errors, status, ..Shown::default() }).await;
        }
    };
    let test = Some(send(&app, &admin, prepared, saved.as_ref().map(|webhook| webhook.id), &kind).await?);
    dialog::answer(&app, &admin, form, Shown { saved, test, ..Shown::default() }).await
}

pub(super) async fn ask(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    let events = test_events(&*app.catalogue().await?, "", &webhook.events);
    answer(&app, &admin, &webhook, events, Ok(None), whole).await
}

/// A webhook as it is saved.
pub(super) async fn saved(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Form(chosen): Form<Chosen>,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    let catalogue = app.catalogue().await?;
    let kind = kind(&catalogue, &chosen.test_event, &webhook.events)
        .map_err(|errors| WebError::BadRequest(errors.of("test_event").to_owned()))?;
    let test = match prepared(&app, webhook.clone(), &kind) {
        Ok(prepared) => Ok(Some(send(&app, &admin, prepared, Some(id), &kind).await?)),
        Err(errors) => Err(format!("The template fails. {}", errors.of("template"))),
    };
    answer(&app, &admin, &webhook, test_events(&catalogue, &kind.name, &[]), test, true).await
}

/// The dialog, with what came of the test or why there was none.
async fn answer(
    app: &Data<App>,
    admin: &Admin,
    webhook: &Webhook,
    test_events: Vec<ChoiceGroup>,
    test: Result<Option<TestResult>, String>,
    whole: bool,
) -> Result<HttpResponse, WebError> {
    let (test, problem) = test.map_or_else(|problem| (None, problem), |test| (test, String::new()));
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (webhooks, now) = (app.webhooks.clone(), app.clock.now());
    let list = app.db.read(move |conn| list::behind(conn, &webhooks, whole, now)).await?;
    let page = TestDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: "Test webhook".to_owned(),
            target: format!("{}/test", address(webhook.id)),
            back: LIST.to_owned(),
            problem,
            ..Sheet::default()
        },
        list,
        name: webhook.name.clone(),
        method: webhook.method.as_str(),
        url: webhook.url.clone(),
        test_events,
        test,
    };
    page.answer_with(status)
}

fn kind(catalogue: &Catalogue, chosen: &str, ticked: &[String]) -> Result<Arc<EventType>, FieldErrors> {
    example(catalogue, chosen, ticked)
        .cloned()
        .ok_or_else(|| FieldErrors::one("test_event", "There is no such event to test with; choose one of the list."))
}

/// The test with its body, or what is wrong with the template.
fn prepared(app: &App, webhook: Webhook, kind: &Arc<EventType>) -> Result<Prepared, FieldErrors> {
    prepare(&app.tester(), webhook, kind)
        .map_err(|fault| FieldErrors::one("template", with_example(kind, &fault.to_string())))
}

async fn send(
    app: &Data<App>,
    admin: &Admin,
    prepared: Prepared,
    saved: Option<WebhookId>,
    kind: &EventType,
) -> Result<TestResult, WebError> {
    app.test_limit.count(admin.user_id.as_str()).map_err(WebError::TooMany)?;
    let report = run(&app.tester(), admin.actor(), prepared, saved).await?;
    Ok(result(report, kind))
}

fn result(report: TestReport, kind: &EventType) -> TestResult {
    let ok = report.outcome == Outcome::Ok;
    let cause = report.outcome.cause(report.status);
    // What came of the token request stands in its own step.
    let is_told = report.token.as_ref().is_some_and(|step| step.fault.is_some());
    let detail = report.detail.as_deref().filter(|_| !is_told);
    let status = report.status.map(|status| status_line(status.into()));
    TestResult {
        ok,
        headline: match &status {
            Some(status) if ok => format!("{status} in {}", took(report.phases.total)),
            _ => cause,
        },
        remedy: if ok { String::new() } else { remedy(detail, report.outcome.remedy(report.status)) },
        event: kind.label.to_string(),
        sent: report.outcome != Outcome::AuthError,
        token: report.token.as_ref().map(token_step),
        request: Message {
            line: format!("{} {}", report.method, report.url),
            headers: headers(&report.request_headers),
            body: text_body(&report.request_body),
        },
        answer: report.reply.as_ref().zip(status).map(|(reply, line)| message(reply, line)),
        timing: timing(&report.phases),
        href: format!("/deliveries/{}", report.delivery_id),
    }
}

fn token_step(step: &Step) -> TokenStep {
    let status = step.status.map(|status| status_line(status.into()));
    TokenStep {
        state: if step.fault.is_none() { Badge::Success } else { Badge::Failed },
        url: step.url.clone(),
        told: match (&step.fault, status) {
            (Some(fault), _) => format!("{fault} (after {})", took(step.took)),
            (None, Some(status)) => format!("{status} in {}: a token came.", took(step.took)),
            (None, None) => String::new(),
        },
    }
}

/// What is known of the fault, and what to do.
fn remedy(detail: Option<&str>, remedy: &str) -> String {
    match detail {
        Some(detail) => format!("{} {remedy}", sentence(detail)),
        None => remedy.to_owned(),
    }
}

/// The beginning of an answer; the history keeps more of it.
fn message(reply: &Reply, line: String) -> Message {
    let shown = &reply.body[..reply.body.len().min(SHOWN)];
    let whole = shown.len() as u64 == reply.body_bytes && !reply.truncated;
    let said = format!("Shown are the first {}; the history has more.", size(shown.len() as u64));
    let body = match answer_body(shown, reply.body_bytes, !whole) {
        Body::Text { bits, size, .. } if !whole => Body::Text { bits, size, cut: said },
        Body::Hex { dump, size, .. } if !whole => Body::Hex { dump, size, cut: said },
        body @ (Body::Empty | Body::Text { .. } | Body::Hex { .. } | Body::NotStored(_)) => body,
    };
    Message { line, headers: headers(&reply.headers), body }
}
