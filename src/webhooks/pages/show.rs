//! One webhook: how it is doing, its log, its settings, and the signing secret the first time its maker comes here.

pub(super) mod log;
mod overview;
mod settings;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::edit::{UNSEEN, read};
use super::list::{List, badges};
use super::{HEADING, LIST, address, frame};
use crate::once::FormId;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Filled, Sheet, View};
use crate::web::{Page, PathId, Query, WebError};
use crate::webhooks::{Webhook, WebhookId};

crate::word_enum! {
    /// What of a webhook is looked at.
    Tab {
        /// How it is doing.
        Overview = "overview",
        /// Its attempts.
        Log = "log",
        /// What it is.
        Settings = "settings",
        /// Its signing secret, a page of its own.
        Secret = "secret",
    }
}

impl Tab {
    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Log => "Log",
            Self::Settings => "Settings",
            Self::Secret => "Secret",
        }
    }
}

/// What stands above every tab of a webhook.
pub(super) struct Top {
    pub(super) id: String,
    pub(super) badges: Vec<Badge>,
    pub(super) tabs: Vec<View>,
    pub(super) paused: bool,
    pub(super) active: bool,
    /// Guards the button that copies.
    pub(super) form_id: String,
}

impl Top {
    pub(super) fn new(app: &App, webhook: &Webhook, tab: Tab) -> Self {
        let page = address(webhook.id);
        let href = |tab: Tab| match tab {
            Tab::Overview => page.clone(),
            Tab::Log | Tab::Settings => format!("{page}?tab={tab}"),
            Tab::Secret => format!("{page}/secret"),
        };
        Self {
            id: webhook.id.to_string(),
            badges: badges(webhook),
            tabs: Tab::ALL
                .iter()
                .map(|one| View { label: one.label(), href: href(*one), current: *one == tab })
                .collect(),
            paused: webhook.paused.is_some(),
            active: webhook.active,
            form_id: app.ids.make::<FormId>().to_string(),
        }
    }
}

/// The frame of a page of one webhook.
pub(super) fn own_frame(admin: &Admin, webhook: &Webhook) -> Frame {
    let mut frame = admin.frame(&webhook.name, Place::Webhooks);
    frame.crumbs = vec![Crumb { label: HEADING.to_owned(), href: LIST.to_owned() }];
    frame
}

#[derive(Template)]
#[template(path = "webhooks/show.html")]
struct ShowPage {
    frame: Frame,
    top: Top,
    overview: Option<overview::Overview>,
    log: Option<log::Log>,
    settings: Option<settings::Settings>,
}

/// The signing secret, shown once after it was made. No `Debug`: it holds the secret.
#[derive(Template)]
#[template(path = "webhooks/secret_dialog.html")]
struct SecretDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    name: String,
    secret: SecretString,
    /// The key before it signs too, until then.
    overlap: String,
}

/// Which tab, and where its log begins.
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    tab: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    cursor: String,
}

pub(super) async fn show(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Query(wish): Query<Wish>,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    if admin.take(UNSEEN).as_deref() == Some(id.as_str()) {
        return secret(&admin, &webhook)?.answer();
    }
    let tab = match wish.tab.as_str() {
        "" => Tab::Overview,
        word => Tab::parse(word).ok_or(WebError::NotFound)?,
    };
    let mut page = ShowPage {
        frame: own_frame(&admin, &webhook),
        top: Top::new(&app, &webhook, tab),
        overview: None,
        log: None,
        settings: None,
    };
    match tab {
        Tab::Overview | Tab::Secret => page.overview = Some(overview::read(&app, webhook).await?),
        Tab::Log => page.log = Some(log::read(&app, id, &wish.result, &wish.cursor).await?),
        Tab::Settings => page.settings = Some(settings::of(webhook, &*app.catalogue().await?)),
    }
    page.answer()
}

fn secret(admin: &Admin, webhook: &Webhook) -> Result<SecretDialog, WebError> {
    let key = webhook.signing_keys.first().ok_or(WebError::NotFound)?;
    let until = webhook.previous_key_until.filter(|_| webhook.signing_keys.len() > 1);
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
        overlap: until.map(|until| format!("The key before it signs too until {until}.")).unwrap_or_default(),
    })
}
