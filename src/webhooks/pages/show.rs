//! One webhook: its settings at a glance, and the signing secret the first time its maker comes here.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use secrecy::{ExposeSecret, SecretString};

use super::dialog::{auth_label, day, retry_label};
use super::edit::{UNSEEN, read};
use super::list::{List, badges};
use super::{HEADING, Id, LIST, frame};
use crate::events::find_type;
use crate::history::count_waiting;
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Filled, Sheet, When};
use crate::web::{Page, WebError};
use crate::webhooks::{Auth, Retry, Webhook, delays};

#[derive(Template)]
#[template(path = "webhooks/show.html")]
struct ShowPage {
    frame: Frame,
    id: String,
    code: String,
    badges: Vec<Badge>,
    /// Why Postrider switched it off; empty when it did not.
    disabled: String,
    method: &'static str,
    url: String,
    description: String,
    /// "OAuth, set 2 Nov 2026"
    login: String,
    /// Labels of the ticked events; empty for none.
    events: Vec<&'static str>,
    timeout: u64,
    retries: String,
    /// Deliveries that wait.
    waiting: i64,
    changed: When,
}

/// The signing secret, shown once after the webhook was added. No `Debug`: it holds the secret.
#[derive(Template)]
#[template(path = "webhooks/secret_dialog.html")]
struct SecretDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    name: String,
    secret: SecretString,
}

pub(super) async fn show(app: Data<App>, admin: Admin, Id(id): Id) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    if admin.take(UNSEEN).as_deref() == Some(id.as_str()) {
        return secret(&admin, &webhook)?.answer();
    }
    let waiting = app.db.read(move |conn| count_waiting(conn, id)).await?;
    page(&admin, webhook, waiting).answer()
}

fn secret(admin: &Admin, webhook: &Webhook) -> Result<SecretDialog, WebError> {
    let key = webhook.signing_keys.first().ok_or(WebError::NotFound)?;
    Ok(SecretDialog {
        frame: frame(admin, None),
        sheet: Sheet {
            heading: "Keep this secret".to_owned(),
            target: LIST.to_owned(),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list: None,
        name: webhook.name.clone(),
        secret: key.text().clone(),
    })
}

fn page(admin: &Admin, webhook: Webhook, waiting: i64) -> ShowPage {
    let mut frame = admin.frame(&webhook.name, Place::Webhooks);
    frame.crumbs = vec![Crumb { label: HEADING.to_owned(), href: LIST.to_owned() }];
    ShowPage {
        frame,
        id: webhook.id.to_string(),
        badges: badges(&webhook),
        disabled: webhook
            .disabled
            .as_ref()
            .map(|disabled| format!("Since {}: {}", disabled.at, disabled.reason))
            .unwrap_or_default(),
        method: webhook.method.as_str(),
        login: login(&webhook),
        events: webhook.events.iter().filter_map(|name| find_type(name)).map(|kind| kind.label).collect(),
        timeout: webhook.timeout.as_secs(),
        retries: match &webhook.retry {
            Retry::Standard | Retry::Quick => retry_label(webhook.retry.kind()).to_owned(),
            Retry::List(list) => delays::show(list),
        },
        waiting,
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
    };
    match webhook.auth_set_at {
        Some(at) => format!("{shown}, set {}", day(at)),
        None => shown,
    }
}
