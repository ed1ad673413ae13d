//! How a webhook is doing: health in a sentence, the last day in pictures, the last error in words.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{address, counted};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::latency::percentile;
use crate::history::pages::when;
use crate::history::{self, Last, LogRow, Verdict, Waiting};
use crate::state::App;
use crate::web::WebError;
use crate::web::badge::Badge;
use crate::web::chart::{Bars, Lines, Sum, percent};
use crate::web::exchange::took;
use crate::web::view::When;
use crate::webhooks::{Webhook, WebhookId};

/// The last attempt that failed.
pub(super) struct Fault {
    pub(super) cause: String,
    pub(super) remedy: &'static str,
    pub(super) href: String,
    pub(super) when: When,
}

/// The first tab.
pub(super) struct Overview {
    pub(super) state: Badge,
    pub(super) health: String,
    /// What to do about it; empty where nothing is.
    pub(super) remedy: String,
    pub(super) rate: Bars,
    pub(super) latency: Lines,
    pub(super) fault: Option<Fault>,
    /// "3 deliveries wait; the next is due …"; empty where none does.
    pub(super) waiting: String,
    pub(super) id: String,
}

/// What the tab is made of.
struct Facts {
    ended: Vec<history::Hour>,
    latencies: Vec<(Time, i32, i32)>,
    last: Option<Last>,
    fault: Option<LogRow>,
    waiting: Option<Waiting>,
}

pub(super) async fn read(app: &App, webhook: Webhook) -> Result<Overview, WebError> {
    let (id, now) = (webhook.id, app.clock.now());
    let facts = app.db.read(move |conn| look(conn, id, now)).await?;
    Ok(overview(&webhook, facts, now))
}

fn look(conn: &mut Conn, id: WebhookId, now: Time) -> Result<Facts, DbError> {
    let day = history::day(now);
    Ok(Facts {
        ended: history::hours(conn, &[id], day[0])?,
        latencies: history::latencies(conn, id, day[0])?,
        last: history::last_deliveries(conn, &[id])?.pop(),
        fault: history::log(conn, id, Some(Verdict::Failed), None, 1)?.rows.pop(),
        waiting: history::waiting(conn, Some(id))?.pop(),
    })
}

fn overview(webhook: &Webhook, facts: Facts, now: Time) -> Overview {
    let (good, bad) = facts.ended.iter().fold((0, 0), |(good, bad), hour| (good + hour.ok, bad + hour.failed));
    let (state, health, remedy) = health(webhook, &facts, (good.into(), bad.into()), now);
    Overview {
        state,
        health,
        remedy,
        rate: rate(&facts.ended, now),
        latency: latency(&facts.latencies, now),
        waiting: waiting(webhook, facts.waiting.as_ref()),
        fault: facts.fault.map(|row| fault(webhook.id, row)),
        id: webhook.id.to_string(),
    }
}

fn health(webhook: &Webhook, facts: &Facts, (good, bad): (i64, i64), now: Time) -> (Badge, String, String) {
    if !webhook.active {
        let health = "Inactive: new events make no deliveries.".to_owned();
        return (Badge::Inactive, health, "Activate it to send again.".to_owned());
    }
    if let Some(disabled) = &webhook.disabled {
        let health = format!("Disabled since {}: {}", disabled.at, disabled.reason);
        return (Badge::Disabled, health, "Put the receiver right, then activate the webhook again.".to_owned());
    }
    if let Some(paused) = &webhook.paused {
        let health = format!("Paused since {} by {}: deliveries are kept.", paused.at, paused.by);
        return (Badge::Paused, health, "Resume it to send what waits.".to_owned());
    }
    if webhook.events.is_empty() {
        let health = "No events - never fires.".to_owned();
        return (Badge::Unknown, health, "Tick at least one event in Edit.".to_owned());
    }
    let Some(last) = &facts.last else {
        let health = "Nothing was sent yet.".to_owned();
        return (Badge::Active, health, "Press Test to see whether the receiver takes a request.".to_owned());
    };
    let ago = history::pages::span(now.since(last.at));
    match (good, bad) {
        (0, 0) => (
            Badge::Active,
            format!("Quiet: nothing ended in the last 24 hours, the last attempt {ago} ago."),
            String::new(),
        ),
        (good, 0) => {
            let health =
                format!("Healthy: all {} of the last 24 hours succeeded, the last one {ago} ago.", attempts(good));
            (Badge::Active, health, String::new())
        }
        (0, bad) => {
            let health =
                format!("Failing: none of {} in the last 24 hours succeeded, the last one {ago} ago.", attempts(bad));
            (Badge::Failing, health, "Look at the last error below.".to_owned())
        }
        (good, bad) => {
            let all = good + bad;
            let health = format!(
                "{} of {} in the last 24 hours succeeded ({good} of {all}), the last attempt {ago} ago.",
                percent(good, all),
                attempts(all)
            );
            (Badge::Active, health, String::new())
        }
    }
}

fn attempts(count: i64) -> String {
    counted(usize::try_from(count).unwrap_or_default(), "attempt")
}

fn rate(ended: &[history::Hour], now: Time) -> Bars {
    let by_hour: BTreeMap<Time, (i32, i32)> = ended.iter().map(|hour| (hour.hour, (hour.ok, hour.failed))).collect();
    let sums: Vec<Sum> = history::day(now)
        .into_iter()
        .map(|hour| {
            let (ok, failed) = by_hour.get(&hour).copied().unwrap_or_default();
            Sum { label: history::pages::hour_label(hour), good: ok.into(), bad: failed.into() }
        })
        .collect();
    let (good, bad) = sums.iter().fold((0, 0), |(good, bad), sum| (good + sum.good, bad + sum.bad));
    let words = match good + bad {
        0 => "Success rate: nothing ended in the last 24 hours".to_owned(),
        all => format!("Success rate: {} of {} in the last 24 hours", percent(good, all), attempts(all)),
    };
    Bars::new(words, sums)
}

fn latency(counted: &[(Time, i32, i32)], now: Time) -> Lines {
    let mut by_hour: BTreeMap<Time, Vec<(i32, i64)>> = BTreeMap::new();
    let mut day: BTreeMap<i32, i64> = BTreeMap::new();
    for (hour, bucket, count) in counted {
        by_hour.entry(*hour).or_default().push((*bucket, (*count).into()));
        *day.entry(*bucket).or_default() += i64::from(*count);
    }
    let day: Vec<(i32, i64)> = day.into_iter().collect();
    let hours = history::day(now);
    let labels: Vec<String> = hours.iter().map(|hour| history::pages::hour_label(*hour)).collect();
    let line = |percent: i64| -> Vec<Option<i64>> {
        let of = |hour: &Time| by_hour.get(hour).and_then(|counts| percentile(counts, percent));
        hours.iter().map(|hour| of(hour).and_then(|micros| i64::try_from(micros).ok())).collect()
    };
    let words = match (percentile(&day, 50), percentile(&day, 95)) {
        (Some(half), Some(most)) => format!(
            "Answer time: half within {}, 95 % within {} in the last 24 hours",
            took(Duration::from_micros(half)),
            took(Duration::from_micros(most))
        ),
        (_, _) => "Answer time: no answer in the last 24 hours".to_owned(),
    };
    let show = |micros: i64| took(Duration::from_micros(u64::try_from(micros).unwrap_or_default()));
    Lines::new(words, &labels, vec![("p50", "p50", line(50)), ("p95", "p95", line(95))], show)
}

fn fault(id: WebhookId, row: LogRow) -> Fault {
    let code = row.status.and_then(|status| u16::try_from(status).ok());
    Fault {
        cause: row.outcome.cause(code),
        remedy: row.outcome.remedy(code),
        href: format!("{}/log/{}/{}", address(id), row.delivery_id, row.number),
        when: when(row.sent_at),
    }
}

fn waiting(webhook: &Webhook, waiting: Option<&Waiting>) -> String {
    let Some(waiting) = waiting else { return String::new() };
    let wait = waiting.sentence();
    match waiting.due() {
        Some(due) if webhook.is_sendable() => format!("{wait}; the next is due {due}."),
        _ => format!("{wait}, held."),
    }
}

/// The page of the webhook whose row a log belongs to.
pub(super) fn tab_of_log(id: WebhookId) -> String {
    format!("{}?tab=log", address(id))
}
