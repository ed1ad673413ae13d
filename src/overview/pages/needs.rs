//! What waits for a person: the worst first, each in a sentence with the way to it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{MOST_FAILED, Need};
use crate::clock::Time;
use crate::delivery::Outcome;
use crate::history::{Signs, Summary};
use crate::web::badge::Badge;
use crate::webhooks::WebhookId;
use crate::webhooks::set::WebhookSet;

/// A certificate that ends so soon is news.
const SOON: Duration = Duration::from_hours(14 * 24);
/// A hold this long may have been forgotten.
const LONG_HOLD: Duration = Duration::from_hours(24);

type Waiting = [(WebhookId, i64, Option<Time>)];

pub(super) fn all(set: &WebhookSet, failed: &[Summary], signs: &[Signs], waiting: &Waiting, now: Time) -> Vec<Need> {
    let mut needs = disabled(set);
    needs.extend(blocked(set, signs));
    needs.extend(used_up(failed));
    needs.extend(certificates(set, signs, now));
    needs.extend(held(set, waiting, now));
    needs
}

fn webhook_need(state: Badge, id: WebhookId, text: String) -> Need {
    Need { state, text, action: "View webhook".to_owned(), href: format!("/settings/webhooks/{id}") }
}

fn disabled(set: &WebhookSet) -> Vec<Need> {
    let need = |webhook: &std::sync::Arc<crate::webhooks::Webhook>| {
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
        let text = format!(
            "{} is blocked: its address is not allowed to be called. Change the URL, or let an operator open it.",
            webhook.name
        );
        Some(webhook_need(Badge::Failing, webhook.id, text))
    };
    signs.iter().filter(is_blocked).filter_map(need).collect()
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
        let day = until.utc().format("%-d %B %Y");
        let text = if until <= now {
            format!("The certificate of {}'s receiver ended on {day}. Have it renewed.", webhook.name)
        } else {
            format!("The certificate of {}'s receiver ends on {day}. Have it renewed before.", webhook.name)
        };
        Some(webhook_need(Badge::Expires, webhook.id, text))
    };
    signs.iter().filter_map(need).collect()
}

fn held(set: &WebhookSet, waiting: &Waiting, now: Time) -> Vec<Need> {
    let counts: HashMap<WebhookId, i64> = waiting.iter().map(|(id, count, _)| (*id, *count)).collect();
    let need = |webhook: &std::sync::Arc<crate::webhooks::Webhook>| {
        let paused = webhook.paused.as_ref().filter(|paused| now.since(paused.at) >= LONG_HOLD)?;
        let wait = match counts.get(&webhook.id) {
            None => "nothing waits".to_owned(),
            Some(1) => "1 delivery waits".to_owned(),
            Some(count) => format!("{count} deliveries wait"),
        };
        let text = format!("{} is paused since {} by {}; {wait}.", webhook.name, paused.at, paused.by);
        Some(webhook_need(Badge::Paused, webhook.id, text))
    };
    set.all().iter().filter_map(need).collect()
}
