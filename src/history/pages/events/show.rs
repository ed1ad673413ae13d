//! One event: what happened, its data, and for each webhook whether it was sent and if not, why.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpResponse, web};
use askama::Template;

use super::super::words::{badge, exact};
use super::LIST;
use crate::db::{Conn, DbError};
use crate::delivery::State;
use crate::delivery::dispatch::Unsent;
use crate::events::{self, Environment, Event, EventId};
use crate::filters::Document;
use crate::history::Reading;
use crate::history::store::events::{self as store, EventDelivery};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::exchange::text_body;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::{Body, When};
use crate::web::{Page, PathId, WebError};
use crate::webhooks::filter::Missed;
use crate::webhooks::set::{WebhookSet, Webhooks};
use crate::webhooks::{Webhook, WebhookId};

/// What became of the event for one webhook.
struct Verdict {
    webhook: String,
    /// The webhook's page; none when it is gone.
    href: Option<String>,
    state: Badge,
    words: String,
    /// Its delivery.
    delivery: Option<String>,
    /// At least one request left.
    tried: bool,
    /// Its first request has not left.
    waits: bool,
}

#[derive(Template)]
#[template(path = "events/show.html")]
struct ShowPage {
    frame: Frame,
    story: String,
    id: String,
    kind: String,
    code: String,
    title: String,
    subject: String,
    environment: &'static str,
    occurred: When,
    taken: When,
    data: Body,
    previous: Option<Body>,
    verdicts: Vec<Verdict>,
}

struct Found {
    event: Event,
    deliveries: Vec<EventDelivery>,
    unsent: Vec<(WebhookId, Unsent)>,
    gone: HashMap<WebhookId, String>,
}

pub(in crate::history::pages) async fn show(
    admin: Admin,
    app: web::Data<App>,
    PathId(id): PathId<EventId>,
) -> Result<HttpResponse, WebError> {
    let webhooks = app.webhooks.clone();
    let (found, set) = app.db.read(move |conn| look(conn, id, &webhooks)).await?;
    let mut frame = admin.frame(&set.catalogue().label(&found.event.type_name), Place::Events);
    frame.crumbs = vec![Crumb { label: "Events".to_owned(), href: LIST.to_owned() }];
    page(frame, found, &set).answer()
}

fn look(conn: &mut Conn, id: EventId, webhooks: &Webhooks) -> Result<(Found, std::sync::Arc<WebhookSet>), DbError> {
    let event = events::find(conn, id)?.ok_or(DbError::NotFound)?;
    let deliveries = store::deliveries_of(conn, id)?;
    let unsent: Vec<(WebhookId, Unsent)> =
        store::unsent(conn, id)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let set = webhooks.read(conn)?;
    let gone: Vec<WebhookId> = unsent.iter().map(|(id, _)| *id).filter(|id| set.get(*id).is_none()).collect();
    let gone = store::names_of_gone(conn, &gone)?.into_iter().collect();
    Ok((Found { event, deliveries, unsent, gone }, set))
}

fn page(frame: Frame, found: Found, set: &WebhookSet) -> ShowPage {
    let verdicts = verdicts(&found, set);
    let Found { event, .. } = found;
    let not_stored = || Body::NotStored("this body is past the time that bodies are kept.".to_owned());
    ShowPage {
        frame,
        story: story(&set.catalogue().label(&event.type_name), &event, &verdicts),
        id: event.id.to_string(),
        code: set.catalogue().code(&event.type_name).into_owned(),
        environment: match event.environment {
            Environment::Production => "Production",
            Environment::Test => "Test",
        },
        occurred: exact(event.occurred_at),
        taken: exact(event.created_at),
        data: event.data.as_deref().map_or_else(not_stored, text_body),
        previous: event.previous.as_deref().map(text_body),
        subject: event.subject.unwrap_or_default(),
        kind: event.type_name,
        title: event.title,
        verdicts,
    }
}

fn story(label: &str, event: &Event, verdicts: &[Verdict]) -> String {
    let by = event.person.as_ref().map(|person| format!(", caused by {}", person.email)).unwrap_or_default();
    let tried = verdicts.iter().filter(|verdict| verdict.tried).count();
    let waits = verdicts.iter().filter(|verdict| verdict.waits).count();
    let went = match (tried, waits) {
        (0, 0) => "It was sent to nobody.".to_owned(),
        (0, _) => "It was sent to nobody yet.".to_owned(),
        (1, _) => "It went to 1 webhook.".to_owned(),
        (many, _) => format!("It went to {many} webhooks."),
    };
    let what = match waits {
        0 => went,
        1 => format!("{went} For 1 it waits."),
        many => format!("{went} For {many} it waits."),
    };
    format!("{label} from {}{by}. {what}", event.source.label())
}

/// One for each webhook that there was, those that were sent to first; then those that came later.
fn verdicts(found: &Found, set: &WebhookSet) -> Vec<Verdict> {
    let page = |id: WebhookId| set.get(id).map(|webhook| format!("/settings/webhooks/{}", webhook.id));
    let sent = found.deliveries.iter().map(|delivery| {
        let held = delivery.webhook_id.and_then(|id| set.get(id)).is_some_and(|webhook| !webhook.is_sendable());
        let reading = Reading::of(delivery.state, delivery.attempts, held);
        let paused = delivery.webhook_id.and_then(|id| set.get(id)).is_some_and(|webhook| webhook.paused.is_some());
        Verdict {
            webhook: delivery.target_name.clone(),
            href: delivery.webhook_id.and_then(page),
            state: badge(reading),
            words: told(reading, delivery.attempts > 0, paused).to_owned(),
            delivery: Some(format!("/deliveries/{}", delivery.id)),
            tried: delivery.attempts > 0,
            waits: delivery.state == State::Queued && delivery.attempts == 0,
        }
    });
    let not_sent = found.unsent.iter().map(|(id, reason)| {
        let webhook = set.get(*id);
        let name = webhook.map(|webhook| webhook.name.clone()).or_else(|| found.gone.get(id).cloned());
        // Disabled again after it: then it tells nothing of that time.
        let disabled = webhook.and_then(|webhook| webhook.disabled.as_ref());
        let since = disabled.map(|disabled| disabled.at).filter(|at| *at <= found.event.created_at);
        let (state, words) = match reason {
            Unsent::NotTicked => (Badge::NotSent, "not ticked".to_owned()),
            Unsent::Inactive => (Badge::Inactive, "inactive".to_owned()),
            Unsent::Disabled => {
                (Badge::Disabled, since.map_or_else(|| "disabled then".to_owned(), |at| format!("disabled since {at}")))
            }
            Unsent::OtherEnvironment => (Badge::Test, "other environment".to_owned()),
            Unsent::TemplateError(fault) => (Badge::Failed, format!("template error: {fault}")),
            Unsent::FilterFalse(missed) => {
                (Badge::NotSent, filtered(*missed, webhook.map(AsRef::as_ref), &found.event))
            }
        };
        Verdict { webhook: name.unwrap_or_else(|| id.to_string()), href: page(*id), state, words, ..none() }
    });
    let known: HashSet<WebhookId> = found
        .deliveries
        .iter()
        .filter_map(|delivery| delivery.webhook_id)
        .chain(found.unsent.iter().map(|(id, _)| *id))
        .collect();
    let later = set.all().iter().filter(|webhook| !known.contains(&webhook.id)).map(|webhook| Verdict {
        webhook: webhook.name.clone(),
        href: page(webhook.id),
        words: "added after this event".to_owned(),
        ..none()
    });
    sent.chain(not_sent).chain(later).collect()
}

/// Which filter was false, with what it found where the filters are still those of that time.
fn filtered(missed: Missed, webhook: Option<&Webhook>, event: &Event) -> String {
    let same = webhook.filter(|webhook| webhook.filters_set_at.is_some_and(|at| at <= event.created_at));
    let told = same.zip(event.data.as_deref());
    let story = told.and_then(|(webhook, data)| webhook.filters.story(missed, &Document::new(data)));
    story.unwrap_or_else(|| match missed {
        Missed::Row(number) => format!("filter {number} was false"),
        Missed::Named(named) => format!("filter {} was false", named.label()),
    })
}

/// Nothing was made for a webhook.
fn none() -> Verdict {
    Verdict {
        webhook: String::new(),
        href: None,
        state: Badge::NotSent,
        words: String::new(),
        delivery: None,
        tried: false,
        waits: false,
    }
}

/// What became of a delivery; its badge says how it stands.
fn told(reading: Reading, tried: bool, paused: bool) -> &'static str {
    match reading {
        Reading::Held if paused => "paused - held",
        Reading::Held => "held",
        Reading::Queued => "not sent yet",
        Reading::Cancelled if !tried => "cancelled before it was sent",
        Reading::Retrying | Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled => "sent",
    }
}
