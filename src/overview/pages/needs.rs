//! What waits for a person: the worst first, each in a sentence with the way to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::{MOST_FAILED, Need};
use crate::clock::Time;
use crate::delivery::Outcome;
use crate::history::{Signs, Summary, Waiting};
use crate::web::badge::Badge;
use crate::webhooks::set::WebhookSet;
use crate::webhooks::{self, Webhook, WebhookId};

/// A certificate that ends so soon is news.
const SOON: Duration = Duration::from_hours(14 * 24);
/// A hold this long may have been forgotten.
const DAY: Duration = Duration::from_hours(24);

pub(super) fn all(set: &WebhookSet, failed: &[Summary], signs: &[Signs], waiting: &[Waiting], now: Time) -> Vec<Need> {
    let mut needs = disabled(set);
    needs.extend(blocked(set, signs));
    needs.extend(used_up(failed));
    needs.extend(failing(set, signs));
    needs.extend(certificates(set, signs, now));
    needs.extend(held(set, waiting, now));
    needs
}

fn webhook_need(state: Badge, id: WebhookId, text: String) -> Need {
    Need { state, text, action: "View webhook".to_owned(), href: format!("/settings/webhooks/{id}") }
}

fn disabled(set: &WebhookSet) -> Vec<Need> {
    let need = |webhook: &Arc<Webhook>| {
        let disabled = webhook.disabled.as_ref()?;
        let text = format!("{} is disabled since {}: {}", webhook.name, disabled.at, disabled.reason);
        Some(webhook_need(Badge::Disabled, webhook.id, text))
    };
    set.all().iter().filter_map(need).collect()
}

/// The egress guard refuses the address: nothing will arrive until somebody acts.
fn blocked(set: &WebhookSet, signs: &[Signs]) -> Vec<Need> {
    let is_blocked = |signs: &&Signs| signs.last_outcome == Some(Outcome::Blocked);
    let need = |signs: &Signs| {
        let webhook = set.get(signs.webhook_id).filter(|webhook| webhook.is_sendable())?;
        let text = format!("{} is blocked. {}", webhook.name, words(Outcome::Blocked, None));
        Some(webhook_need(Badge::Failing, webhook.id, text))
    };
    signs.iter().filter(is_blocked).filter_map(need).collect()
}

/// The last attempt failed, whatever becomes of the next one; a blocked address is told by itself.
fn failing(set: &WebhookSet, signs: &[Signs]) -> Vec<Need> {
    let need = |signs: &Signs| {
        let webhook = set.get(signs.webhook_id).filter(|webhook| webhook.is_sendable())?;
        let outcome = signs.last_outcome.filter(|outcome| outcome.is_failure() && *outcome != Outcome::Blocked)?;
        Some(Need {
            state: Badge::Failing,
            text: format!("The last attempt for {} failed. {}", webhook.name, words(outcome, signs.last_status)),
            action: "View delivery".to_owned(),
            href: format!("/deliveries/{}", signs.last_delivery_id?),
        })
    };
    signs.iter().filter_map(need).collect()
}

fn words(outcome: Outcome, status: Option<i32>) -> String {
    let status = status.and_then(|status| u16::try_from(status).ok());
    format!("{} {}", outcome.cause(status), outcome.remedy(status))
}

/// Deliveries that used up their attempts, one line for each webhook.
fn used_up(failed: &[Summary]) -> Vec<Need> {
    let mut counts: BTreeMap<(&str, Option<WebhookId>), usize> = BTreeMap::new();
    for delivery in failed.iter().filter(|delivery| !delivery.is_test()) {
        *counts.entry((&delivery.target_name, delivery.webhook_id)).or_default() += 1;
    }
    let at_least = if i64::try_from(failed.len()) == Ok(MOST_FAILED) { "At least " } else { "" };
    let need = |((name, webhook), count): ((&str, Option<WebhookId>), usize)| Need {
        state: Badge::Failed,
        text: match count {
            1 => format!("One delivery to {name} used up its attempts in the last 24 hours."),
            count => format!("{at_least}{count} deliveries to {name} used up their attempts in the last 24 hours."),
        },
        action: "View deliveries".to_owned(),
        href: webhook.map_or("/deliveries?state=failed&from=24h".to_owned(), |id| {
            format!("/deliveries?state=failed&from=24h&webhook={id}")
        }),
    };
    counts.into_iter().map(need).collect()
}

fn certificates(set: &WebhookSet, signs: &[Signs], now: Time) -> Vec<Need> {
    let need = |signs: &Signs| {
        let until = signs.certificate_until.filter(|until| *until <= now.plus(SOON))?;
        let webhook = set.get(signs.webhook_id).filter(|webhook| webhook.active)?;
        // Of another receiver, where the address was changed since.
        if signs.certificate_origin != webhooks::origin(&webhook.url) {
            return None;
        }
        let day = until.utc().format("%-d %B %Y");
        // Only the day is known, and the certificate may be valid to its end.
        let text = if until.plus(DAY) <= now {
            format!("The certificate of {}'s receiver ended on {day}. Have it renewed.", webhook.name)
        } else {
            format!("The certificate of {}'s receiver ends on {day}. Have it renewed before.", webhook.name)
        };
        Some(webhook_need(Badge::Expires, webhook.id, text))
    };
    signs.iter().filter_map(need).collect()
}

fn held(set: &WebhookSet, waiting: &[Waiting], now: Time) -> Vec<Need> {
    let counts: HashMap<WebhookId, &Waiting> = waiting.iter().map(|waiting| (waiting.webhook_id, waiting)).collect();
    let need = |webhook: &Arc<Webhook>| {
        let paused = webhook.paused.as_ref().filter(|paused| now.since(paused.at) >= DAY)?;
        let wait = counts.get(&webhook.id).map_or_else(|| "nothing waits".to_owned(), |waiting| waiting.sentence());
        let text = format!("{} is paused since {} by {}; {wait}.", webhook.name, paused.at, paused.by);
        Some(webhook_need(Badge::Paused, webhook.id, text))
    };
    set.all().iter().filter_map(need).collect()
}
