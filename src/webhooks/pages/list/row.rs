//! One row of the list of webhooks: its state, its target, what it was last sent and how the last day went.

use std::collections::HashMap;

use super::super::halves;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::event_types::Catalogue;
use crate::events::Environment;
use crate::history::pages::{badge, result, when};
use crate::history::{self, Last, Reading, last_deliveries};
use crate::web::badge::Badge;
use crate::web::chart::{Spark, Sum};
use crate::web::view::When;
use crate::webhooks::{State, Webhook, WebhookId};

/// The latest delivery of a webhook, in its row.
pub(in crate::webhooks::pages) struct LastDelivery {
    pub(in crate::webhooks::pages) href: String,
    pub(in crate::webhooks::pages) state: Badge,
    /// "200", or the cause in two words where there was no answer.
    pub(in crate::webhooks::pages) result: String,
    pub(in crate::webhooks::pages) when: When,
}

/// A row of the list.
pub(in crate::webhooks::pages) struct Row {
    pub(in crate::webhooks::pages) id: WebhookId,
    pub(in crate::webhooks::pages) name: String,
    pub(in crate::webhooks::pages) code: String,
    pub(in crate::webhooks::pages) badges: Vec<Badge>,
    pub(in crate::webhooks::pages) method: &'static str,
    /// Scheme, host and port, shown whole.
    pub(in crate::webhooks::pages) origin: String,
    /// The rest of the address, shortened by the page.
    pub(in crate::webhooks::pages) path: String,
    pub(in crate::webhooks::pages) url: String,
    /// Labels of the ticked events; empty for none.
    pub(in crate::webhooks::pages) events: Vec<String>,
    pub(in crate::webhooks::pages) last: Option<LastDelivery>,
    pub(in crate::webhooks::pages) spark: Spark,
    pub(in crate::webhooks::pages) paused: bool,
}

impl State {
    fn badge(self) -> Badge {
        match self {
            Self::Active => Badge::Active,
            Self::Inactive => Badge::Inactive,
            Self::Paused => Badge::Paused,
            Self::Disabled => Badge::Disabled,
        }
    }
}

/// The rows of a page, with two queries for all of them.
pub(super) fn rows(conn: &mut Conn, page: &[&Webhook], catalogue: &Catalogue, now: Time) -> Result<Vec<Row>, DbError> {
    let ids: Vec<WebhookId> = page.iter().map(|webhook| webhook.id).collect();
    let mut last: HashMap<WebhookId, Last> =
        last_deliveries(conn, &ids)?.into_iter().map(|last| (last.webhook_id, last)).collect();
    let day = history::day(now);
    let ended: HashMap<(WebhookId, Time), (i32, i32)> = history::hours(conn, &ids, day[0])?
        .into_iter()
        .map(|hour| ((hour.webhook_id, hour.hour), (hour.ok, hour.failed)))
        .collect();
    let spark = |id: WebhookId| {
        let sum = |hour: &Time| {
            let (ok, failed) = ended.get(&(id, *hour)).copied().unwrap_or_default();
            Sum { label: String::new(), good: ok.into(), bad: failed.into() }
        };
        Spark::new(day.iter().map(sum).collect())
    };
    Ok(page.iter().map(|webhook| row(webhook, catalogue, last.remove(&webhook.id), spark(webhook.id))).collect())
}

fn row(webhook: &Webhook, catalogue: &Catalogue, last: Option<Last>, spark: Spark) -> Row {
    let (origin, path) = halves(webhook);
    let held = !webhook.is_sendable();
    let failing = !held && spark.only_failed;
    Row {
        id: webhook.id,
        paused: webhook.paused.is_some(),
        name: webhook.name.clone(),
        code: webhook.code.clone(),
        badges: badges(webhook).into_iter().chain(failing.then_some(Badge::Failing)).collect(),
        method: webhook.method.as_str(),
        origin,
        path,
        url: webhook.url.clone(),
        events: webhook.events.iter().map(|name| catalogue.label(name)).collect(),
        spark,
        last: last.map(|last| LastDelivery {
            href: format!("/deliveries/{}", last.delivery_id),
            state: badge(Reading::of(last.state, last.attempts, held)),
            result: result(last.outcome, last.status),
            when: when(last.at),
        }),
    }
}

/// The states of a webhook, as badges.
pub(in crate::webhooks::pages) fn badges(webhook: &Webhook) -> Vec<Badge> {
    let world = match webhook.environment {
        Environment::Production => None,
        Environment::Test => Some(Badge::Test),
    };
    std::iter::once(webhook.state().badge()).chain(world).collect()
}
