//! The list: what it hides, switching several at once, the last day of each, and Payloads.

use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};

fn id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

/// Adds webhooks of these names and returns their pages.
async fn several(admin: &Browser, names: &[&str]) -> Vec<String> {
    let mut pages = Vec::new();
    for name in names {
        let page = added(admin, &[("name", name)]).await;
        admin.get(&page).await;
        pages.push(page);
    }
    pages
}

both! {
    async fn inactive_ones_are_shown_when_asked_for(app: TestApp) {
        let admin = app.admin().await;
        let pages = several(&admin, &["Alpha", "Beta", "Gamma"]).await;
        admin.post(&format!("{}/deactivate", pages[1]), &[]).await;
        let list = admin.get(LIST).await;
        assert_eq!(list.texts("tbody a.name"), ["Alpha", "Gamma"]);
        assert!(list.has("3 webhooks, 1 inactive") && list.has("1 inactive webhook is not shown."));
        assert_eq!(admin.get("/settings/webhooks?disabled=true").await.texts("tbody a.name"), ["Alpha", "Beta", "Gamma"]);
        assert_eq!(admin.get("/settings/webhooks?state=inactive").await.texts("tbody a.name"), ["Beta"]);
        let nothing = admin.get("/settings/webhooks?q=%3Cb%3Enothing").await;
        assert!(nothing.texts(".empty p").iter().any(|text| text.contains("<b>nothing")), "{:?}", nothing.texts(".empty"));
    }

    async fn the_switch_shows_one_environment(app: TestApp) {
        let admin = app.admin().await;
        several(&admin, &["Real"]).await;
        let trial = added(&admin, &[("name", "Trial"), ("environment", "test")]).await;
        admin.get(&trial).await;
        assert_eq!(admin.get("/settings/webhooks?environment=test").await.texts("tbody a.name"), ["Trial"]);
        let real = admin.get("/settings/webhooks?environment=production&limit=25").await;
        assert_eq!(real.texts("tbody a.name"), ["Real"]);
        assert_eq!(real.texts("#environment option[selected]"), ["Production"]);
        assert_eq!(admin.get("/settings/webhooks?environment=moon").await.status(), 400);
    }

    async fn several_are_switched_off_after_a_look_and_on_again(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(503))).await;
        let waiting = added(&admin, &[("url", &receiver.url("/"))]).await;
        admin.get(&waiting).await;
        let other = several(&admin, &["Other"]).await.remove(0);
        app.step().await;
        app.publish(r#"{"resource_id":1}"#).await;
        app.drain().await;
        let both = [("ids", id(&waiting)), ("ids", id(&other))];
        let mut fields = both.to_vec();
        fields.push(("action", "deactivate"));
        let asked = admin.post("/settings/webhooks/bulk", &fields).await;
        assert!(asked.has("Deactivate 2 webhooks?") && asked.has("2 deliveries still wait; they will be cancelled."));
        assert_eq!(admin.get(LIST).await.texts("tbody a.name").len(), 2, "nothing happened yet");
        fields.push(("confirmed", "true"));
        assert_eq!(admin.post("/settings/webhooks/bulk", &fields).await.status(), 303);
        assert!(admin.get(LIST).await.has("2 webhooks were deactivated."));
        assert_eq!(admin.get("/deliveries?state=cancelled").await.texts("tbody th").len(), 2);
        let gone = "whk_00000000000000000000000009";
        let on = [("ids", id(&waiting)), ("ids", id(&other)), ("ids", gone), ("action", "activate")];
        admin.post("/settings/webhooks/bulk", &on).await;
        assert!(admin.get(LIST).await.has("2 webhooks were activated. 1 was deleted meanwhile."));
        let actions = app.audit_actions().await;
        assert_eq!(actions.iter().filter(|action| *action == "webhook.deactivated").count(), 2);
        assert_eq!(actions.iter().filter(|action| *action == "webhook.activated").count(), 2);
        assert_eq!(admin.post("/settings/webhooks/bulk", &[("action", "explode"), ("ids", gone)]).await.status(), 400);
        admin.post("/settings/webhooks/bulk", &[("action", "activate")]).await;
        assert!(admin.get(LIST).await.has("Tick the webhooks first"));
    }

    async fn the_last_day_is_told_in_words_and_percent(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Sequence(vec![receiver::Answer::status(503), receiver::Answer::status(200)])).await;
        let page = added(&admin, &[("url", &receiver.url("/"))]).await;
        admin.get(&page).await;
        assert_eq!(admin.get(LIST).await.texts("tbody .percent"), ["-"]);
        app.step().await;
        app.publish(r#"{"resource_id":1}"#).await;
        app.drain().await;
        app.advance(std::time::Duration::from_secs(10));
        app.drain().await;
        let list = admin.get(LIST).await;
        assert_eq!(list.texts("tbody .percent"), ["50 %"]);
        assert!(list.has("1 of 2 attempts succeeded in the last 24 hours"));
        app.advance(std::time::Duration::from_hours(25));
        let signed_in_again = app.admin().await;
        assert_eq!(signed_in_again.get(LIST).await.texts("tbody .percent"), ["-"]);
    }

    async fn payloads_are_what_a_receiver_gets(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let url = receiver.url("/in");
        for format in ["notification", "envelope", "standard"] {
            let typed = fields(&[("url", &url), ("format", format), ("auth", "oauth"), ("token", "hush-payload-1")]);
            let shown = admin.post("/settings/webhooks/payloads", &typed).await;
            assert_eq!(shown.status(), 200);
            assert!(!shown.has("hush-payload-1") && shown.has("webhook-signature"));
            admin.post("/settings/webhooks/test", &typed).await;
            let got: serde_json::Value = serde_json::from_slice(&receiver.requests().pop().unwrap().body).unwrap();
            let body: serde_json::Value = serde_json::from_str(&shown.texts("#payload-1-body")[0]).unwrap();
            assert_eq!(body["data"], got["data"]);
            assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), got.as_object().unwrap().keys().collect::<Vec<_>>());
        }
        let unfinished = admin.post("/settings/webhooks/payloads", &[("name", "Half"), ("events", "document.released")]).await;
        assert!(unfinished.texts("#payload-1-body")[0].contains("Half"));
        let none = admin.post("/settings/webhooks/payloads", &[("name", "Half")]).await;
        assert!(none.has("Tick an event to see what is sent for it."));
        let page = admin.get("/settings/webhooks/payloads?format=standard&type=assignment.created").await;
        assert!(page.has("assignment_link") && !page.has("archive_link"));
        assert_eq!(admin.get("/settings/webhooks/payloads?format=xml").await.status(), 400);
        assert_eq!(count(&app).await, 0);
    }
}
