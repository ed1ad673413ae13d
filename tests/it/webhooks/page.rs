//! A webhook's own page: health, log and secret.

use std::time::Duration;

use super::*;
use crate::support::app::{PASSWORD, both};
use crate::support::receiver::{self, Behaviour, Receiver};

/// A webhook to this receiver; its page, and its secret.
async fn to(admin: &Browser, receiver: &Receiver) -> (String, String) {
    let page = added(admin, &[("url", &receiver.url("/"))]).await;
    let secret = admin.get(&page).await.texts("#secret").remove(0);
    (page, secret)
}

/// True when this secret made one of the signatures.
fn signed(secret: &str, request: &receiver::Received) -> bool {
    let key = postrider::webhooks::sign::SigningKey::parse(secret).unwrap();
    let (id, at) = (request.header("webhook-id").unwrap(), request.header("webhook-timestamp").unwrap());
    let expected = postrider::webhooks::sign::signature(&[key], id, at.parse().unwrap(), &request.body);
    request.header("webhook-signature").unwrap().split(' ').any(|one| one == expected)
}

both! {
    async fn its_health_is_told_in_a_sentence_and_in_pictures(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Sequence(vec![receiver::Answer::status(500), receiver::Answer::status(200)])).await;
        let (page, _) = to(&admin, &receiver).await;
        assert!(admin.get(&page).await.texts(".story")[0].contains("Nothing was sent yet."));
        app.step().await;
        app.publish(r#"{"resource_id":1}"#).await;
        app.drain().await;
        let failing = admin.get(&page).await;
        assert!(failing.texts(".story")[0].contains("none of 1 attempt in the last 24 hours succeeded"), "{:?}", failing.texts(".story"));
        assert!(failing.texts("#fault + .note p")[0].contains("The receiver answered 500"));
        assert!(failing.has("1 delivery waits; the next is due 2026-11-24 10:00 UTC."));
        app.advance(Duration::from_secs(10));
        app.drain().await;
        let better = admin.get(&page).await;
        assert!(better.texts(".story")[0].contains("50 % of 2 attempts"), "{:?}", better.texts(".story"));
        assert!(better.texts("figcaption")[0].starts_with("Success rate: 50 % of 2 attempts"));
        assert!(better.texts("figcaption")[1].starts_with("Answer time: half within "));
        admin.post(&format!("{page}/pause"), &[]).await;
        assert!(admin.get(&page).await.texts(".story")[0].contains("Paused since 2026-11-24 10:00 UTC by Ada Admin"));
    }

    async fn its_log_has_a_row_for_each_attempt(app: TestApp) {
        let admin = app.admin().await;
        let answers = [500, 200, 302].map(|status| receiver::Answer::status(status).body(format!("answer {status}")));
        let receiver = Receiver::open(Behaviour::Sequence(answers.to_vec())).await;
        let (page, _) = to(&admin, &receiver).await;
        app.step().await;
        assert!(admin.get(&format!("{page}?tab=log")).await.has("Nothing was sent yet"));
        app.publish(r#"{"resource_id":1,"resource_title":"Guide"}"#).await;
        app.drain().await;
        app.advance(Duration::from_secs(10));
        app.drain().await;
        app.advance(Duration::from_secs(1));
        admin.post(&format!("{page}/test"), &[("test_event", "document.released")]).await;
        let log = admin.get(&format!("{page}?tab=log")).await;
        let words: Vec<String> = log.texts("tbody .verdict").iter().map(|text| text.trim().to_owned()).collect();
        assert_eq!(words, ["FAILED", "SUCCESS", "FAILED"]);
        assert_eq!(log.texts("td[data-label=Status]"), ["302", "200", "500"]);
        assert_eq!(admin.get(&format!("{page}?tab=log&result=success")).await.texts("tbody th").len(), 1);
        assert_eq!(admin.get(&format!("{page}?tab=log&result=failed")).await.texts("tbody th").len(), 2);
        let dialog = admin.get(&log.attributes("td a[data-dialog]", "href")[1]).await;
        assert!(dialog.texts("#log-trigger").len() == 1 && dialog.has("answer 200") && dialog.has("SUCCESS"));
        let foreign = to(&admin, &receiver).await.0;
        let attempt = log.attributes("td a[data-dialog]", "href").remove(0).replace(&page, &foreign);
        assert_eq!(admin.get(&attempt).await.status(), 404, "an attempt of another webhook");
        for wrong in ["?tab=nothing", "/log/dlv_1/1", "/log/dlv_00000000000000000000000009/1"] {
            assert_eq!(admin.get(&format!("{page}{wrong}")).await.status(), 404, "{wrong}");
        }
        for wrong in ["result=x", "cursor=x", "cursor=o.1.2.3"] {
            assert_eq!(admin.get(&format!("{page}?tab=log&{wrong}")).await.status(), 400, "{wrong}");
        }
    }

    async fn its_log_goes_both_ways_without_doubling_a_row(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let (page, _) = to(&admin, &receiver).await;
        app.step().await;
        for number in 0..60 {
            app.publish(&format!(r#"{{"resource_id":{number}}}"#)).await;
        }
        app.drain().await;
        let pages = admin.walk(&format!("{page}?tab=log"), async || ()).await;
        let mut seen: Vec<String> = pages.iter().flat_map(|log| log.attributes("td a[data-dialog]", "href")).collect();
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len()), (60, 60));
        let back = pages.last().unwrap().attributes("a[rel=prev]", "href").remove(0);
        assert_eq!(admin.get(&back).await.texts("tbody th").len(), 25);
    }

    async fn the_secret_is_shown_after_the_password_alone(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let (page, secret) = to(&admin, &receiver).await;
        let address = format!("{page}/secret");
        assert!(!admin.get(&address).await.has(&secret));
        for wrong in ["", "wrong password 12"] {
            let refused = admin.post(&format!("{address}/reveal"), &[("password", wrong)]).await;
            assert_eq!((refused.status(), refused.has(&secret)), (422, false));
            assert_eq!(error(&refused, "password"), "This is not your password. Check it and try again.");
        }
        let shown = admin.post(&format!("{address}/reveal"), &[("password", PASSWORD)]).await;
        assert_eq!((shown.status(), shown.texts("#secret").remove(0)), (200, secret.clone()));
        assert!(shown.header("cache-control").contains("no-store"));
        assert!(admin.post(&format!("{address}/reveal"), &[]).await.has(&secret), "not asked twice in ten minutes");
        app.advance(Duration::from_secs(601));
        assert_eq!(admin.post(&format!("{address}/reveal"), &[]).await.status(), 422);
        let actions = app.audit_actions().await;
        assert_eq!(actions.iter().filter(|action| *action == "webhook.secret_revealed").count(), 2);
        for number in 0..12 {
            let status = admin.post(&format!("{address}/reveal"), &[("password", "wrong password 12")]).await.status();
            assert_eq!(status, if number < 10 { 422 } else { 429 }, "try {number}");
        }
    }

    async fn both_secrets_sign_for_a_day_after_a_rotation(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let (page, first) = to(&admin, &receiver).await;
        app.step().await;
        assert!(admin.get(&format!("{page}/secret/rotate")).await.has("The old one signs too for 24 hours."));
        assert_eq!(admin.post(&format!("{page}/secret/rotate"), &[]).await.header("location"), page);
        let second = admin.get(&page).await.texts("#secret").remove(0);
        assert_ne!(first, second);
        app.publish(r#"{"resource_id":1}"#).await;
        app.drain().await;
        let request = receiver.requests().pop().unwrap();
        assert!(signed(&first, &request) && signed(&second, &request));
        assert!(request.header("webhook-signature").unwrap().split(' ').count() == 2);
        assert!(admin.get(&format!("{page}/secret/rotate")).await.has("The older one ends at once"));
        app.advance(Duration::from_hours(24));
        app.publish(r#"{"resource_id":2}"#).await;
        app.drain().await;
        let request = receiver.requests().pop().unwrap();
        assert!(!signed(&first, &request) && signed(&second, &request));
        assert_eq!(app.audit_actions().await.iter().filter(|action| *action == "webhook.secret_rotated").count(), 1);
    }
}
