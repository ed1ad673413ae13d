//! Payloads: the exact requests of the catalogue's examples, on a page of their own and live in the dialog.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::dialog::{self, Shown, format_label};
use super::edit;
use super::{HEADING, LIST};
use crate::event_types::EventType;
use crate::event_types::pages::choices_by_group;
use crate::events::EventId;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::exchange::{headers, text_body};
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Body, Choice, ChoiceGroup, Message};
use crate::web::{Form, Page, Query, WebError};
use crate::webhooks::form::WebhookForm;
use crate::webhooks::request::Unwritten;
use crate::webhooks::{Format, Webhook, payload};

/// One type's request.
pub(super) struct Payload {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) message: Message,
}

/// What the dialog shows below its test.
pub(super) struct Payloads {
    pub(super) all: Vec<Payload>,
    /// What the person should know: no event is ticked, or the login is not shown yet.
    pub(super) note: String,
}

#[derive(Template)]
#[template(path = "webhooks/payloads.html")]
struct PayloadsPage {
    frame: Frame,
    formats: Vec<Choice>,
    types: Vec<ChoiceGroup>,
    payloads: Vec<Payload>,
}

/// Which examples, in which format.
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    format: String,
    #[serde(default, rename = "type")]
    kind: String,
}

pub(super) async fn page(app: Data<App>, admin: Admin, Query(wish): Query<Wish>) -> Result<HttpResponse, WebError> {
    let unknown = |what: &str| WebError::BadRequest(format!("There is no such {what}. Choose one of the list."));
    let format = match wish.format.as_str() {
        "" => Format::Notification,
        name => Format::parse(name).ok_or_else(|| unknown("format"))?,
    };
    let catalogue = app.catalogue().await?;
    let chosen: Vec<&EventType> = if wish.kind.is_empty() {
        catalogue.groups().take(1).flat_map(|(_, types)| types).map(|kind| &**kind).collect()
    } else {
        catalogue.find(&wish.kind).map(|kind| &**kind).into_iter().collect()
    };
    if chosen.is_empty() {
        return Err(unknown("event"));
    }
    let webhook = sketch(&app, &WebhookForm::sample_in(format));
    let mut frame = admin.frame("Payloads", Place::Webhooks);
    frame.crumbs = vec![Crumb { label: HEADING.to_owned(), href: LIST.to_owned() }];
    let choice = |value: &str, label: &str, chosen: bool| Choice { value: value.into(), label: label.into(), chosen };
    PayloadsPage {
        frame,
        formats: Format::ALL.iter().map(|one| choice(one.as_str(), format_label(*one), *one == format)).collect(),
        types: choices_by_group(&catalogue, &[&wish.kind]),
        payloads: payloads(&app, &webhook, &chosen)?.0,
    }
    .answer()
}

/// The dialog's values as they stand: what can be shown is shown, whatever else is wrong.
pub(super) async fn typed(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let saved = edit::saved(&app, &form).await?;
    let set = app.webhook_set().await?;
    let (webhook, whole) = match form.parse(edit::known(&app, &set), saved.as_ref()) {
        Ok(draft) => (draft.trial(saved.as_ref(), app.ids.make(), app.clock.now()), true),
        Err(_) => (sketch(&app, &form), false),
    };
    let is_ticked = |kind: &&EventType| form.events.iter().any(|name| *name == kind.name);
    let ticked: Vec<&EventType> = set.catalogue().all().iter().map(|kind| &**kind).filter(is_ticked).collect();
    let (all, fault) = payloads(&app, &webhook, &ticked)?;
    let note = match (ticked.is_empty(), whole, saved.is_some()) {
        (true, _, _) => "Tick an event to see what is sent for it.",
        (false, false, _) => "The login and your own headers are added once every field is right.",
        (false, true, false) => "Signed with a made-up secret: the webhook gets its own when it is added.",
        (false, true, true) => "",
    };
    let note = fault.map_or_else(|| note.to_owned(), |fault| format!("The template fails: {fault}."));
    let payloads = Some(Payloads { all, note });
    dialog::answer(&app, &admin, form, Shown { saved, payloads, ..Shown::default() }).await
}

/// Those that can be written, and what is wrong with the template for the first that cannot.
fn payloads(app: &App, webhook: &Webhook, kinds: &[&EventType]) -> anyhow::Result<(Vec<Payload>, Option<String>)> {
    let now = app.clock.now();
    let (mut all, mut first) = (Vec::with_capacity(kinds.len()), None);
    for kind in kinds {
        let id = app.ids.make::<EventId>().to_string();
        match payload::example(webhook, kind, &id, now, &app.settings.public_url) {
            Ok(payload) => {
                let body = text_body(&payload.body);
                let message = Message { line: payload.line, headers: headers(&payload.headers), body };
                all.push(Payload { label: kind.label.to_string(), name: kind.name.to_string(), message });
            }
            Err(error) => match error.downcast::<Unwritten>()? {
                Unwritten::Template(fault) => first = first.or(Some(fault)),
                fault @ Unwritten::Data(_) => return Err(fault.into()),
            },
        }
    }
    Ok((all, first))
}

/// A webhook of what is typed, where that is enough for a body: the rest has its defaults.
fn sketch(app: &App, form: &WebhookForm) -> Webhook {
    form.sketch(app.ids.make(), app.clock.now())
}
