//! The dialog of a webhook: its fields with what was typed, what is wrong, a test's result or a conflict.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::filters::{FilterFields, Tried, filter_fields};
use super::list::{self, List};
use super::payloads::Payloads;
use super::template::{TemplateFields, TemplateTried, template_fields};
use super::trial::TestResult;
use super::{LIST, address, frame};
use crate::credentials::Credential;
use crate::db::Conn;
use crate::event_types::Catalogue;
use crate::event_types::pages::choices_by_group;
use crate::events::Environment;
use crate::once::FormId;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Body, Choice, ChoiceGroup, Conflict, Filled, Input, Sheet};
use crate::web::{Page, WebError, need_another_look};
use crate::webhooks::form::{FieldErrors, WebhookForm};
use crate::webhooks::set::WebhookSet;
use crate::webhooks::{Auth, AuthKind, Format, Method, RetryKind, Webhook};

/// The fields that the dialog folds away.
const ADVANCED: [&str; 11] = [
    "method",
    "format",
    "template",
    "headers",
    "filter_mode",
    "filters",
    "timeout",
    "fail_when",
    "retry",
    "delays",
    "signing_secret",
];
/// Fields whose faults have no line of their own: no browser sends wrong ones.
const WITHOUT_LINE: [&str; 3] = ["notification_type", "environment", "test_event"];
/// Rows of headers that stand empty below those in use, for pages without script.
pub(super) const EMPTY_ROWS: usize = 3;

/// The values of the Add and Edit dialog.
struct Fields {
    name: Input,
    code: Input,
    url: Input,
    description: Input,
    auth: Input,
    auths: Vec<Choice>,
    token: Input,
    username: Input,
    password: Input,
    api_key_header: Input,
    api_key: Input,
    token_url: Input,
    client_id: Input,
    client_secret: Input,
    scope: Input,
    credential_id: Input,
    /// Those of the form's environment.
    credentials: Vec<Choice>,
    events: Input,
    event_groups: Vec<ChoiceGroup>,
    method: Input,
    methods: Vec<Choice>,
    format: Input,
    formats: Vec<Choice>,
    template: TemplateFields,
    headers: Input,
    header_rows: Vec<HeaderRow>,
    filters: FilterFields,
    timeout: Input,
    fail_when: Input,
    retry: Input,
    retries: Vec<Choice>,
    delays: Input,
    active: bool,
    test_environment: bool,
    signing_secret: Input,
    /// Since when a login of each kind is stored ("2 Nov 2026"); empty for never.
    token_set: String,
    password_set: String,
    api_key_set: String,
    client_secret_set: String,
    signing_secret_set: String,
}

/// A header of the webhook's own.
struct HeaderRow {
    name: String,
    /// A value is stored under this name, and an empty one keeps it.
    stored: bool,
}

/// Add webhook, Edit webhook.
#[derive(Template)]
#[template(path = "webhooks/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    /// The webhook being edited; none for a new one.
    id: Option<String>,
    fields: Fields,
    /// Advanced starts unfolded, because something in it needs attention.
    advanced: bool,
    test_events: Vec<ChoiceGroup>,
    test: Option<TestResult>,
    payloads: Option<Payloads>,
    tried: Option<Tried>,
    template_tried: Option<TemplateTried>,
    conflict: Option<Conflict>,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
pub(super) struct Shown {
    /// The webhook being edited; none for a new one.
    pub(super) saved: Option<Webhook>,
    pub(super) errors: FieldErrors,
    /// What is wrong beside the fields.
    pub(super) problem: String,
    pub(super) conflict: Option<Conflict>,
    pub(super) test: Option<TestResult>,
    pub(super) payloads: Option<Payloads>,
    pub(super) tried: Option<Tried>,
    pub(super) template_tried: Option<TemplateTried>,
    pub(super) status: StatusCode,
    /// A script opens it in place and wants nothing behind it.
    pub(super) bare: bool,
}

/// The dialog as an answer.
pub(super) async fn answer(
    app: &Data<App>,
    admin: &Admin,
    mut form: WebhookForm,
    shown: Shown,
) -> Result<HttpResponse, WebError> {
    let (webhooks, whole, now) = (app.webhooks.clone(), !shown.bare, app.clock.now());
    let read =
        move |conn: &mut Conn| Ok::<_, WebError>((list::behind(conn, &webhooks, whole, now)?, webhooks.read(conn)?));
    let (list, set) = app.db.read(read).await?;
    if FormId::parse(&form.form_id).is_none() {
        form.form_id = app.ids.make::<FormId>().to_string();
    }
    let (saved, errors) = (shown.saved.as_ref(), &shown.errors);
    let dialog = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: if saved.is_some() { "Edit webhook" } else { "Add webhook" }.to_owned(),
            target: saved.map_or_else(|| LIST.to_owned(), |webhook| address(webhook.id)),
            back: LIST.to_owned(),
            form_id: form.form_id.clone(),
            version: form.version.clone(),
            problem: problem(errors, &shown.problem),
        },
        list,
        id: saved.map(|webhook| webhook.id.to_string()),
        fields: fields(&form, saved, &set, errors),
        advanced: shown.tried.is_some()
            || shown.template_tried.is_some()
            || !form.preset.is_empty()
            || ADVANCED.iter().any(|field| !errors.of(field).is_empty()),
        test_events: test_events(set.catalogue(), &form.test_event, &form.events),
        test: shown.test,
        payloads: shown.payloads,
        tried: shown.tried,
        template_tried: shown.template_tried,
        conflict: shown.conflict,
    };
    dialog.answer_with(shown.status)
}

/// The line above a form that came back.
fn problem(errors: &FieldErrors, beside: &str) -> String {
    let told = WITHOUT_LINE.iter().map(|field| errors.of(field)).chain([beside]).filter(|text| !text.is_empty());
    let mut lines: Vec<String> = told.map(str::to_owned).collect();
    let with_line = errors.iter().filter(|(field, _)| !WITHOUT_LINE.contains(field)).count();
    if with_line > 0 {
        lines.push(need_another_look(with_line));
    }
    if !lines.is_empty() {
        lines.push("Nothing was saved; type secrets again.".to_owned());
    }
    lines.join(" ")
}

fn fields(form: &WebhookForm, saved: Option<&Webhook>, set: &WebhookSet, errors: &FieldErrors) -> Fields {
    let (credentials, catalogue) = (set.credentials(), set.catalogue());
    let warnings = form.warnings(saved);
    let input = |field: &str, value: &str| Input::new(value, errors.of(field), warnings.of(field));
    let secret = |field: &str| input(field, "");
    let auths = AuthKind::ALL.iter().map(|kind| (kind.as_str(), auth_label(*kind)));
    let methods = Method::ALL.iter().map(|method| (method.as_str(), method.as_str()));
    let retries =
        [RetryKind::Standard, RetryKind::Quick, RetryKind::List].map(|kind| (kind.as_str(), retry_label(kind)));
    let set = |kind: AuthKind| set_since(saved, kind);
    Fields {
        name: input("name", &form.name),
        code: input("code", saved.map_or(&form.code, |webhook| &webhook.code)),
        url: input("url", &form.url),
        description: input("description", &form.description),
        auth: input("auth", &form.auth),
        auths: choices(auths, &[&form.auth]),
        token: secret("token"),
        username: input("username", &form.username),
        password: secret("password"),
        api_key_header: input("api_key_header", &form.api_key_header),
        api_key: secret("api_key"),
        token_url: input("token_url", &form.token_url),
        client_id: input("client_id", &form.client_id),
        client_secret: secret("client_secret"),
        scope: input("scope", &form.scope),
        credential_id: credential_input(form, credentials, errors),
        credentials: credential_choices(form, credentials),
        events: input("events", ""),
        event_groups: choices_by_group(catalogue, &form.events),
        method: input("method", &form.method),
        methods: choices(methods, &[&form.method]),
        format: input("format", &form.format),
        formats: choices(Format::ALL.iter().map(|format| (format.as_str(), format_label(*format))), &[&form.format]),
        template: template_fields(form, catalogue, input("template", &form.template)),
        headers: input("headers", ""),
        header_rows: header_rows(form, saved),
        filters: filter_fields(form, errors),
        timeout: input("timeout", &form.timeout),
        fail_when: input("fail_when", &form.fail_when),
        retry: input("retry", &form.retry),
        retries: choices(retries, &[&form.retry]),
        delays: input("delays", &form.delays),
        active: form.is_active(),
        test_environment: form.environment == Environment::Test.as_str(),
        signing_secret: secret("signing_secret"),
        token_set: set(AuthKind::OAuth),
        password_set: set(AuthKind::Basic),
        api_key_set: set(AuthKind::ApiKey),
        client_secret_set: set(AuthKind::OAuth2Client),
        signing_secret_set: saved.map(|_| "already".to_owned()).unwrap_or_default(),
    }
}

fn header_rows(form: &WebhookForm, saved: Option<&Webhook>) -> Vec<HeaderRow> {
    let stored = |name: &str| {
        saved.is_some_and(|webhook| webhook.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name.trim())))
    };
    let typed = form.header_name.iter().filter(|name| !name.trim().is_empty());
    let typed = typed.map(|name| HeaderRow { name: name.clone(), stored: stored(name) });
    let empty = (0..EMPTY_ROWS).map(|_| HeaderRow { name: String::new(), stored: false });
    typed.chain(empty).collect()
}

pub(crate) fn format_label(format: Format) -> &'static str {
    match format {
        Format::Notification => "Notification",
        Format::Envelope => "Envelope",
        Format::Standard => "Standard Webhooks",
        Format::Change => "Change, field by field",
        Format::CloudEvents => "CloudEvents",
        Format::Slack => "Slack message",
        Format::Teams => "Teams card",
        Format::Jira => "Jira Automation",
        Format::Template => "Own template",
    }
}

pub(super) fn auth_label(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::None => "None",
        AuthKind::OAuth => "OAuth",
        AuthKind::Basic => "Basic",
        AuthKind::ApiKey => "API key",
        AuthKind::OAuth2Client => "OAuth 2 client credentials",
        AuthKind::Credential => "Credential",
    }
}

/// The credentials of the form's environment; one of the other environment is no longer chosen.
fn credential_choices(form: &WebhookForm, credentials: &[Arc<Credential>]) -> Vec<Choice> {
    let of = credentials.iter().filter(|credential| credential.environment.as_str() == form.environment);
    let ids: Vec<(String, &str)> = of.map(|credential| (credential.id().to_string(), credential.name())).collect();
    let none = if ids.is_empty() { "None of this environment yet" } else { "Choose a credential" };
    choices(
        std::iter::once(("", none)).chain(ids.iter().map(|(id, name)| (id.as_str(), *name))),
        &[&form.credential_id],
    )
}

fn credential_input(form: &WebhookForm, credentials: &[Arc<Credential>], errors: &FieldErrors) -> Input {
    let error = errors.of("credential_id");
    let cleared = credentials.iter().find(|credential| {
        credential.id().as_str() == form.credential_id && credential.environment.as_str() != form.environment
    });
    let warning = match cleared {
        Some(credential) if error.is_empty() => {
            format!("“{}” was cleared: it is for the {} environment.", credential.name, credential.environment)
        }
        Some(_) | None => String::new(),
    };
    Input::new(&form.credential_id, error, &warning)
}

pub(super) fn retry_label(kind: RetryKind) -> &'static str {
    match kind {
        RetryKind::Standard => "Standard (10 attempts over 3 days)",
        RetryKind::Quick => "3 attempts, 30 s apart",
        RetryKind::List => "Own delays",
    }
}

/// "2 Nov 2026" where a login of that kind is stored.
fn set_since(saved: Option<&Webhook>, kind: AuthKind) -> String {
    let stored = saved.filter(|webhook| kind == webhook.auth.kind());
    let empty = |webhook: &&Webhook| matches!(&webhook.auth, Auth::Basic { password, .. } if secrecy::ExposeSecret::expose_secret(password).is_empty());
    let at = stored.filter(|webhook| !empty(webhook)).and_then(|webhook| webhook.auth_set_at);
    at.map(day).unwrap_or_default()
}

/// "2 Nov 2026"
pub(super) fn day(at: crate::clock::Time) -> String {
    at.utc().format("%-d %b %Y").to_string()
}

/// The examples that a test may send; the first ticked one unless another was chosen.
pub(super) fn test_events(catalogue: &Catalogue, chosen: &str, ticked: &[String]) -> Vec<ChoiceGroup> {
    let first = || catalogue.all().iter().find(|kind| ticked.iter().any(|name| *name == kind.name));
    let chosen = catalogue.find(chosen).or_else(first).or(catalogue.all().first()).map_or("", |kind| &kind.name);
    choices_by_group(catalogue, &[chosen])
}

pub(super) fn choices<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, chosen: &[&str]) -> Vec<Choice> {
    all.into_iter()
        .map(|(value, label)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: chosen.contains(&value),
        })
        .collect()
}
