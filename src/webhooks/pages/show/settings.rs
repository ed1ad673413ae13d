//! A webhook's settings at a glance.

use super::super::dialog::{auth_label, day, format_label, retry_label};
use crate::event_types::Catalogue;
use crate::events::Environment;
use crate::filters::Mode;
use crate::history::pages::when;
use crate::web::view::When;
use crate::webhooks::{Auth, Retry, Webhook, delays};

/// Everything but its secrets.
pub(super) struct Settings {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) description: String,
    /// "OAuth, set 2 Nov 2026"
    pub(super) login: String,
    /// Labels of the ticked events; empty for none.
    pub(super) events: Vec<String>,
    pub(super) format: &'static str,
    /// The template of its bodies; empty for other formats.
    pub(super) template: String,
    /// Names of its own headers, never their values.
    pub(super) headers: Vec<String>,
    /// Its filters, a line each.
    pub(super) filters: Vec<String>,
    /// "All of them" or "Any of them"; empty where that makes no difference.
    pub(super) filter_mode: &'static str,
    pub(super) timeout: u64,
    /// A text that means failure; empty for none.
    pub(super) fail_when: String,
    pub(super) retries: String,
    pub(super) environment: &'static str,
    pub(super) created: When,
    pub(super) changed: When,
}

pub(super) fn of(webhook: Webhook, catalogue: &Catalogue) -> Settings {
    Settings {
        id: webhook.id.to_string(),
        method: webhook.method.as_str(),
        login: login(&webhook),
        events: webhook.events.iter().map(|name| catalogue.label(name)).collect(),
        format: format_label(webhook.format),
        template: webhook.template.as_ref().map(|template| template.text().to_owned()).unwrap_or_default(),
        headers: webhook.headers.iter().map(|header| header.name.clone()).collect(),
        filters: webhook.filters.lines(),
        filter_mode: match (webhook.filters.rows.mode(), webhook.filters.rows.rules().len()) {
            (_, ..=1) => "",
            (Mode::All, _) => "All must hold:",
            (Mode::Any, _) => "Any must hold:",
        },
        timeout: webhook.timeout.as_secs(),
        fail_when: webhook.fail_when.unwrap_or_default(),
        retries: match &webhook.retry {
            Retry::Standard | Retry::Quick => retry_label(webhook.retry.kind()).to_owned(),
            Retry::List(list) => delays::show(list),
        },
        environment: match webhook.environment {
            Environment::Production => "Production",
            Environment::Test => "Test",
        },
        created: when(webhook.created_at),
        changed: when(webhook.updated_at),
        code: webhook.code,
        url: webhook.url,
        description: webhook.description,
    }
}

/// The kind of its login, never the login.
fn login(webhook: &Webhook) -> String {
    let label = auth_label(webhook.auth.kind());
    let shown = match &webhook.auth {
        Auth::None | Auth::OAuth { .. } => label.to_owned(),
        Auth::Basic { username, .. } => format!("{label} as {username}"),
        Auth::ApiKey { header, .. } => format!("{label} in {header}"),
        Auth::OAuth2Client(login) => format!("{label} as {} at {}", login.client_id, login.token_url),
        Auth::Credential(credential) => format!("{label} “{}”", credential.name),
    };
    match webhook.auth_set_at {
        Some(at) => format!("{shown}, set {}", day(at)),
        None => shown,
    }
}
