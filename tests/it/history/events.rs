//! Events: the list with its filters, and the verdict for each webhook.

use postrider::api_keys::Scope;

use crate::support::app::{TestApp, both};
use crate::support::fill;

/// The verdicts of an event's page: webhook and words.
async fn verdicts(app: &TestApp, event: &str) -> Vec<(String, String)> {
    let page = app.admin().await.get(&format!("/events/{event}")).await;
    let clean = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let names: Vec<String> = page.texts(".attempts tbody th").iter().map(clean).collect();
    names.into_iter().zip(page.texts("td[data-label=Verdict]").iter().map(clean)).collect()
}

fn pair(webhook: &str, words: &str) -> (String, String) {
    (webhook.to_owned(), words.to_owned())
}

both! {
    async fn every_webhook_has_a_verdict_and_its_reason(app: TestApp) {
        let url = "https://ci.example.com/";
        app.add_webhook(url, &[("name", "Sent")]).await;
        app.add_webhook(url, &[("name", "Unticked"), ("events", "assignment.created")]).await;
        app.add_webhook(url, &[("name", "Off"), ("active", "")]).await;
        app.add_webhook(url, &[("name", "Other world"), ("environment", "test")]).await;
        let held = app.add_webhook(url, &[("name", "Held")]).await;
        fill::change(&app, held, "paused_at = '2026-11-24 09:00:00', paused_by = 'Ada'", postrider::webhooks::WebhookChanged::Edited).await;
        let disabled = app.add_webhook(url, &[("name", "Gone")]).await;
        fill::change(&app, disabled, "disabled_at = '2026-11-24 08:00:00', disabled_reason = '410'", postrider::webhooks::WebhookChanged::Edited).await;
        let deleted = app.add_webhook(url, &[("name", "Deleted later"), ("events", "assignment.created")]).await;
        let event = app.publish(r#"{"resource_id":1042,"resource_title":"<i>Guide</i>"}"#).await;
        let admin = app.admin().await;
        admin.post(&format!("/settings/webhooks/{deleted}/delete"), &[]).await;
        app.add_webhook(url, &[("name", "Later")]).await;
        let mut found = verdicts(&app, event.as_str()).await;
        found.sort();
        assert_eq!(found, [
            pair("Deleted later (deleted)", "not ticked"),
            pair("Gone", "disabled since 2026-11-24 08:00 UTC"),
            pair("Held", "paused - held"),
            pair("Later", "added after this event"),
            pair("Off", "inactive"),
            pair("Other world", "other environment"),
            pair("Sent", "sent"),
            pair("Unticked", "not ticked"),
        ]);
        let page = admin.get(&format!("/events/{event}")).await;
        assert!(page.texts("i").is_empty(), "a title is text");
        assert!(page.has("It went to 1 webhook. For 1 it waits."), "{}", page.text());
        assert_eq!(admin.get("/events/evt_7zzzzzzzzzzzzzzzzzzzzzzzzz").await.status(), 404);
        assert_eq!(admin.get("/events/1").await.status(), 404);
    }

    async fn a_list_shows_what_the_data_calls_it(app: TestApp) {
        app.add_webhook("https://ci.example.com/", &[]).await;
        for data in [
            r#"{"title":"<i>Pump</i> H4","resource_id":7}"#,
            r#"{"name":"Customers, autumn"}"#,
            r#"{"subject":"Late parcel"}"#,
            r#"{"resource_id":1042}"#,
        ] {
            app.publish(data).await;
        }
        let admin = app.admin().await;
        let titles = ["1042", "Late parcel", "Customers, autumn", "<i>Pump</i> H4"];
        for list in ["/events", "/deliveries"] {
            assert_eq!(admin.get(list).await.texts("tbody th .under bdi"), titles, "{list}");
        }
    }

    async fn filters_find_what_they_name_and_come_off(app: TestApp) {
        let admin = app.admin().await;
        assert!(admin.get("/events").await.has("Nothing happened yet"));
        app.publish(r#"{"resource_id":1,"resource_title":"Safety guide"}"#).await;
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let posted = program.post("/api/v1/events", r#"{"type":"assignment.created","subject":"doc-77","data":{"resource_title":"100% wool_x"}}"#).await;
        let id = posted.json()["id"].as_str().unwrap().to_owned();
        let titles = async |query: &str| admin.get(&format!("/events?{query}")).await.texts("tbody th .under");
        assert_eq!(titles("").await, ["100% wool_x", "Safety guide"]);
        assert_eq!(titles("type=document.released").await, ["Safety guide"]);
        assert_eq!(titles("source=api").await, ["100% wool_x"]);
        assert_eq!(titles("environment=test").await, Vec::<String>::new());
        assert_eq!(titles("q=gui").await, ["Safety guide"]);
        assert_eq!(titles("q=uide").await, Vec::<String>::new(), "from the start of a word");
        assert_eq!(titles("q=100%25").await, ["100% wool_x"]);
        assert_eq!(titles("q=1%25").await, Vec::<String>::new(), "no wildcard");
        assert_eq!(titles("q=doc-77").await, ["100% wool_x"]);
        assert_eq!(titles("q=1").await, ["100% wool_x", "Safety guide"], "the id of one, a word of the other's title");
        assert_eq!(titles("q=1&type=document.released").await, ["Safety guide"]);
        assert_eq!(titles("q=doc-7").await, Vec::<String>::new(), "an id is whole or nothing");
        assert_eq!(titles(&format!("q={id}")).await, ["100% wool_x"]);
        assert_eq!(titles("from=2026-11-24T10:01").await, Vec::<String>::new());
        for wrong in ["source=moon", "environment=x", "from=yesterday", "cursor=x", "type=a%20b", "q=a%00b"] {
            assert_eq!(admin.get(&format!("/events?{wrong}")).await.status(), 400, "{wrong}");
        }
        let chips = admin.get("/events?type=document.released&q=gui").await;
        assert_eq!(chips.attributes(".chips a", "href"), ["/events?q=gui", "/events?type=document.released", "/events"]);
    }

    async fn a_resource_is_found_among_very_many_events(app: TestApp) {
        app.publish(r#"{"resource_id":1042,"resource_title":"Guide"}"#).await;
        app.publish(r#"{"resource_id":7,"resource_title":"1042 pages"}"#).await;
        fill::deliveries(&app, 50_300, &[app.app.ids.make()], app.clock.now()).await;
        app.sql("update events set id = 'evt_0000' || substr(id, 9) where title in ('Guide', '1042 pages')").await;
        let admin = app.admin().await;
        let titles = async |query: &str| admin.get(&format!("/events?{query}")).await.texts("tbody th .under");
        assert_eq!(titles("q=1042").await, ["Guide"]);
        assert_eq!(titles("q=1042&type=document.released&source=content").await, ["Guide"]);
        assert_eq!(titles("q=1042&type=assignment.created").await, Vec::<String>::new());
    }

    async fn the_list_tells_what_it_is_sorted_by(app: TestApp) {
        app.publish(r#"{"resource_id":1}"#).await;
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let earlier = r#"{"type":"document.released","data":{"resource_id":2},"occurred_at":"2026-11-20T08:30:00Z"}"#;
        assert_eq!(program.post("/api/v1/events", earlier).await.status(), 202);
        let page = app.admin().await.get("/events").await;
        let clean = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let times: Vec<String> = page.texts("td[data-label=Received]").iter().map(clean).collect();
        assert_eq!(times, [
            "2026-11-24 10:00 UTC happened 2026-11-20 08:30 UTC",
            "2026-11-24 10:00 UTC",
        ]);
    }

    async fn pages_go_both_ways_and_double_nothing(app: TestApp) {
        for number in 0..60 {
            app.publish(&format!(r#"{{"resource_id":{number}}}"#)).await;
        }
        let admin = app.admin().await;
        let more = async || {
            app.publish(r#"{"resource_id":1000}"#).await;
        };
        let pages = admin.walk("/events", more).await;
        let mut seen: Vec<String> = pages.iter().flat_map(|page| page.attributes("tbody a.name", "href")).collect();
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len()), (60, 60));
        let newer = pages.last().unwrap().attributes("a[rel=prev]", "href").remove(0);
        assert_eq!(admin.get(&newer).await.texts("tbody th").len(), 25);
    }

    async fn a_verdict_claims_nothing_that_did_not_happen(app: TestApp) {
        let held = app.add_webhook("https://ci.example.com/", &[("name", "Switched off while held")]).await;
        let paused = "paused_at = '2026-11-24 09:00:00', paused_by = 'Ada'";
        fill::change(&app, held, paused, postrider::webhooks::WebhookChanged::Edited).await;
        let again = app.add_webhook("https://ci.example.com/", &[("name", "Disabled again")]).await;
        let before = "disabled_at = '2026-11-24 08:00:00', disabled_reason = '410'";
        fill::change(&app, again, before, postrider::webhooks::WebhookChanged::Edited).await;
        let event = app.publish(r#"{"resource_id":1}"#).await;
        fill::change(&app, held, "active = false, paused_at = null", postrider::webhooks::WebhookChanged::Deactivated).await;
        let after = "disabled_at = '2026-11-24 12:00:00', disabled_reason = '410'";
        fill::change(&app, again, after, postrider::webhooks::WebhookChanged::Edited).await;
        let mut found = verdicts(&app, event.as_str()).await;
        found.sort();
        assert_eq!(found, [
            pair("Disabled again", "disabled then"),
            pair("Switched off while held", "cancelled before it was sent"),
        ]);
        assert!(app.admin().await.get(&format!("/events/{event}")).await.has("It was sent to nobody."));
    }

    async fn beyond_the_newest_page_are_the_newest(app: TestApp) {
        for number in 0..3 {
            app.publish(&format!(r#"{{"resource_id":{number}}}"#)).await;
        }
        let admin = app.admin().await;
        let newest = admin.get("/events").await.attributes("tbody a.name", "href").remove(0);
        let page = admin.get(&format!("/events?cursor=n{}", newest.trim_start_matches("/events/"))).await;
        assert_eq!(page.texts("tbody th").len(), 3);
        let trail = admin.get("/settings/audit?cursor=n100000").await;
        assert!(!trail.texts("tbody th").is_empty() && trail.attributes("a[rel=prev]", "href").is_empty());
    }
}
