//! The overview: what needs a person, the last day, what comes next, and honest words where there is nothing.

use std::time::Duration;

use postrider::delivery::{Outcome, State};
use postrider::webhooks::{WebhookChanged, WebhookId};

use crate::support::app::{TestApp, both};
use crate::support::authority::Authority;
use crate::support::browser::Answer;
use crate::support::fill::{self, Delivery};
use crate::support::receiver::{self, Behaviour, OPEN, Receiver};

async fn needs(app: &TestApp) -> Vec<String> {
    let page = app.admin().await.get("/").await;
    assert_eq!(page.status(), 200);
    page.texts("section[aria-labelledby=needs] li > span:nth-child(2)")
}

fn next(page: &Answer) -> Vec<String> {
    page.texts("section[aria-labelledby=next] li > span")
}

/// How the last attempt of a webhook ended.
async fn ended(app: &TestApp, webhook: WebhookId, outcome: &str, status: &str) {
    let delivery = Delivery::delivered(app, "Last", webhook).add(app).await;
    let lane = format!(
        "update lanes set last_outcome = '{outcome}', last_status = {status}, last_delivery_id = '{delivery}', \
         last_at = '2026-11-24 10:00:00' where webhook_id = '{webhook}'"
    );
    app.sql(Box::leak(lane.into_boxed_str())).await;
}

both! {
    async fn nothing_yet_is_said_and_the_way_on_shown(app: TestApp) {
        let page = app.admin().await.get("/").await;
        assert!(page.has("Start with a webhook") && page.has("Nothing. Every delivery"));
        assert!(!page.has("What comes next"), "there is nothing to wait for yet");
        fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let page = app.admin().await.get("/").await;
        assert!(page.has("Nothing waits.") && page.has("No deliveries in this period."));
        assert!(page.has("Nothing was sent in the last 24 hours") && page.has("Nothing was sent yet"));
    }

    async fn each_need_is_named_with_its_cause_and_the_worst_comes_first(app: TestApp) {
        let url = "https://ci.example.com/hook";
        let paused = fill::webhook(&app, "<b>Held</b>", url).await;
        Delivery::delivered(&app, "Waits", paused).ended(State::Queued, 0, None, None).add(&app).await;
        Delivery::delivered(&app, "Waits", paused).ended(State::Queued, 1, None, None).add(&app).await;
        fill::change(&app, paused, "paused_at = '2026-11-23 09:00:00', paused_by = 'Ada'", WebhookChanged::Edited).await;
        let fresh = fill::webhook(&app, "Held since today", url).await;
        fill::change(&app, fresh, "paused_at = '2026-11-24 09:00:00', paused_by = 'Ada'", WebhookChanged::Edited).await;
        let failing = fill::webhook(&app, "Failing", url).await;
        ended(&app, failing, "status", "503").await;
        let blocked = fill::webhook(&app, "Blocked", url).await;
        ended(&app, blocked, "blocked", "null").await;
        for (name, outcome, status) in [("Fine", "ok", "200"), ("Busy", "sending", "null"), ("Lost", "unknown", "null")] {
            ended(&app, fill::webhook(&app, name, url).await, outcome, status).await;
        }
        let used_up = fill::webhook(&app, "Used up", url).await;
        for hours in [30, 2, 1] {
            let at = app.clock.now().minus(Duration::from_hours(hours));
            let row = Delivery { target_name: "Used up", created_at: at, ..Delivery::delivered(&app, "Failed", used_up) };
            row.ended(State::Failed, 10, Some(Outcome::Status), Some(500)).add(&app).await;
        }
        let disabled = fill::webhook(&app, "Off", url).await;
        let gone = "disabled_at = '2026-11-24 08:00:00', disabled_reason = 'It is gone.'";
        fill::change(&app, disabled, gone, WebhookChanged::Edited).await;
        assert_eq!(needs(&app).await, [
            "Off is disabled since 2026-11-24 08:00 UTC: It is gone.",
            "Blocked is blocked. The address is blocked by the rules for outgoing requests, and nothing was sent. Enter a public address, or let the operator add this one to EGRESS_ALLOW.",
            "2 deliveries to Used up used up their attempts in the last 24 hours.",
            "The last attempt for Failing failed. The receiver answered 503, so the service behind it is down or overloaded. Look at the receiver's log; the message is tried again.",
            "<b>Held</b> is paused since 2026-11-23 09:00 UTC by Ada; 2 deliveries wait.",
        ]);
        let page = app.admin().await.get("/").await;
        let links = page.attributes("section[aria-labelledby=needs] li > a", "href");
        assert_eq!(links[2], format!("/deliveries?state=failed&from=24h&webhook={used_up}"));
        for link in links {
            assert_eq!(app.admin().await.get(&link).await.status(), 200, "{link}");
        }
    }

    async fn what_comes_next_names_the_first_due_first_and_leads_to_it(app: TestApp) {
        let url = "https://ci.example.com/hook";
        let (later, soon, held) = (
            fill::webhook(&app, "Later", url).await,
            fill::webhook(&app, "Soon", url).await,
            fill::webhook(&app, "Held", url).await,
        );
        let due = |webhook, attempts, minutes: u64| Delivery {
            created_at: app.clock.now().plus(Duration::from_secs(minutes * 60)),
            ..Delivery::delivered(&app, "Waits", webhook).ended(State::Queued, attempts, None, None)
        };
        due(later, 3, 60).add(&app).await;
        due(later, 1, 90).add(&app).await;
        due(soon, 0, 5).add(&app).await;
        due(held, 0, 0).add(&app).await;
        fill::change(&app, held, "paused_at = '2026-11-24 09:59:00', paused_by = 'Ada'", WebhookChanged::Edited).await;
        let page = app.admin().await.get("/").await;
        assert_eq!(next(&page), [
            "1 delivery for Soon, the first due 2026-11-24 10:05 UTC",
            "2 deliveries for Later, the first due 2026-11-24 11:00 UTC",
            "1 delivery for Held, held",
        ]);
        let links = page.attributes("section[aria-labelledby=next] li > a", "href");
        for (link, rows) in links.iter().zip([1, 2, 1]) {
            let list = app.admin().await.get(link).await;
            assert_eq!(list.texts("table.rows tbody tr").len(), rows, "{link} leads to what the line counts");
        }
    }

    async fn a_certificate_that_runs_out_is_told_while_its_receiver_is_called(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        fill::webhook(&app, "Other", "https://ci.example.com:8443/hook").await;
        app.sql("update lanes set certificate_until = '2026-12-01 00:00:00', certificate_origin = 'https://ci.example.com'").await;
        let ends = "The certificate of CI's receiver ends on 1 December 2026. Have it renewed before.";
        assert_eq!(needs(&app).await, [ends], "only of the receiver that showed it");
        app.sql("update lanes set certificate_until = '2026-12-09 00:00:00'").await;
        assert!(needs(&app).await.is_empty(), "more than 14 days are left");
        app.sql("update lanes set certificate_until = '2026-11-24 00:00:00'").await;
        assert!(needs(&app).await[0].contains("ends on 24 November"), "on its last day it may still be valid");
        app.sql("update lanes set certificate_until = '2026-11-23 00:00:00'").await;
        assert!(needs(&app).await[0].contains("ended on 23 November"));
        fill::change(&app, ci, "url = 'https://new.example.com/hook'", WebhookChanged::Edited).await;
        assert!(needs(&app).await.is_empty(), "the address leads to another receiver now");
    }

    async fn the_certificate_of_a_delivery_is_kept_with_its_receiver(app: TestApp) {
        let authority = Authority::new();
        let host = OPEN.to_string();
        let answer = Behaviour::Answer(receiver::Answer::status(200));
        let receiver = Receiver::open_tls(answer, authority.server(&[&host], (2000, 2026))).await;
        let app = app.trusting(authority.file()).await;
        app.add_webhook(&receiver.url("/hook"), &[]).await;
        app.publish("{}").await;
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1);
        let kept: (Option<postrider::clock::Time>, Option<String>) = app.read(|conn| {
            use diesel::prelude::*;
            use postrider::schema::lanes;
            Ok(lanes::table.select((lanes::certificate_until, lanes::certificate_origin)).first(conn)?)
        }).await;
        assert_eq!(kept.0.unwrap().to_string(), "2026-12-31 00:00 UTC");
        assert_eq!(kept.1.unwrap(), receiver.url(""));
    }
}
