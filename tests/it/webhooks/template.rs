//! Templates: begun with a preset, tried, judged on save, sent, and a verdict instead of a delivery where one fails.

use postrider::api_keys::Scope;
use serde_json::{Value, json};

use super::*;
use crate::support::app::both;
use crate::support::contract::expect_described;
use crate::support::receiver::{self, Behaviour, Receiver};

const TEMPLATE: &str = "/settings/webhooks/template";

const LOOP: &str = r#"{"text": "{{ event.label }} by {{ webhook.name }}", "items": [{% for item in data.items|default([]) %}"{{ item }}"{{ "," if not loop.last }}{% endfor %}], "title": "{{ data.resource_title }}"}"#;

fn with<'a>(template: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("format", "template"), ("template", template)], more].concat()
}

async fn typed(admin: &Browser, changes: &[(&str, &str)]) -> Answer {
    admin.post(TEMPLATE, &fields(changes)).await
}

both! {
    async fn a_template_makes_the_body_that_is_sent(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        app.add_webhook(&receiver.url("/"), &with(LOOP, &[("name", "CI")])).await;
        app.publish(r#"{"resource_title":"Say \"hi\" \\ <b>","items":["a","b\n"],"n":1}"#).await;
        app.drain().await;
        let request = receiver.requests().remove(0);
        assert_eq!(
            std::str::from_utf8(&request.body).unwrap(),
            r#"{"text": "Status set to Released by CI", "items": ["a","b\n"], "title": "Say \"hi\" \\ <b>"}"#
        );
        assert_eq!(request.header("content-type"), Some("application/json"));
    }

    async fn an_event_for_which_it_fails_is_not_sent_and_says_why(app: TestApp) {
        let admin = app.admin().await;
        app.add_webhook("https://ci.example.com/", &with(LOOP, &[])).await;
        let id = app.publish(r#"{"items":[1]}"#).await;
        let page = admin.get(&format!("/events/{id}")).await;
        assert!(page.has("template error: line 1: data.resource_title is not there"), "{}", page.text());
        assert!(page.has("It was sent to nobody."));
        assert_eq!(admin.get("/deliveries").await.texts("table.rows tbody tr").len(), 0, "no delivery, so no retry");
    }

    async fn what_is_wrong_is_told_on_save_and_what_is_right_is_kept(app: TestApp) {
        let admin = app.admin().await;
        for (template, told) in [
            ("", "Write the template"),
            ("{{ data.", "Line 1: "),
            ("{\n\"a\": \"{{ data.titel }}\"}", "With the example of Status set to Released, line 2: data.titel is not there."),
            ("{{ event.id }}", "With the example of Status set to Released, what comes out is no JSON"),
            ("{% for a in range(100000) %}1{% endfor %}", "With the example"),
        ] {
            for address in [LIST, "/settings/webhooks/test"] {
                let answer = admin.post(address, &fields(&with(template, &[]))).await;
                assert_eq!(answer.status(), 422, "{template}");
                assert!(error(&answer, "template").starts_with(told), "{}", error(&answer, "template"));
                assert_eq!(answer.attributes("details.advanced[open]", "class").len(), 1);
                assert_eq!(answer.texts("#f-template")[0].trim_start_matches('\n'), template, "it comes back");
            }
        }
        assert_eq!(count(&app).await, 0);
        let page = added(&admin, &with(LOOP, &[])).await;
        assert_eq!(admin.get(&format!("{page}/edit")).await.texts("#f-template")[0].trim(), LOOP);
        admin.get(&page).await;
        assert!(admin.get(&format!("{page}?tab=settings")).await.texts("pre.code").contains(&LOOP.to_owned()));
        assert_eq!(edit(&admin, &page, &with(LOOP, &[])).await.status(), 303);
        assert!(admin.get(LIST).await.has("Nothing was changed."));
        assert_eq!(edit(&admin, &page, &[("template", LOOP)]).await.status(), 303);
        let other = admin.get(&format!("{page}/edit")).await;
        assert_eq!(other.texts("#f-template")[0].trim(), "", "kept with its format alone");
        assert!(admin.get("/settings/audit").await.has("data.resource_title"));
    }

    async fn a_template_is_judged_as_that_of_its_own_webhook(app: TestApp) {
        let admin = app.admin().await;
        let told = "With the example of Status set to Released, line 1: data.nope is not there.";
        for (condition, field) in [
            (r#"webhook.name == "W2""#, ("active", "true")),
            (r#"webhook.code == "w2""#, ("active", "true")),
            (r#"webhook.code == "own""#, ("code", "own")),
            (r#"event.environment == "test""#, ("environment", "test")),
        ] {
            let template = format!("{{% if {condition} %}}{{{{ data.nope }}}}{{% endif %}}1");
            for address in [LIST, "/settings/webhooks/test"] {
                let answer = admin.post(address, &fields(&with(&template, &[("name", "W2"), field]))).await;
                assert_eq!((answer.status(), error(&answer, "template")), (422, told.to_owned()), "{address} {template}");
            }
            let other = added(&admin, &with(&template, &[("name", "Another")])).await;
            let renamed = edit(&admin, &other, &with(&template, &[("name", "W2"), ("environment", "test")])).await;
            let stays = condition.contains("code");
            assert_eq!(renamed.status(), if stays { 303 } else { 422 }, "a code stays what it was: {template}");
        }
    }

    async fn a_test_of_a_template_that_fails_is_told_beside_it(app: TestApp) {
        let admin = app.admin().await;
        let template = r#"{% if event.id != "evt_example" %}{{ data.nope }}{% endif %}1"#;
        let told = "With the example of Status set to Released, line 1: data.nope is not there.";
        let typed = admin.post("/settings/webhooks/test", &fields(&with(template, &[("name", "W2")]))).await;
        assert_eq!((typed.status(), error(&typed, "template")), (422, told.to_owned()));
        assert_eq!(typed.attributes("#f-name", "value"), ["W2"]);
        assert_eq!(typed.texts("#f-template")[0].trim(), template);
        let page = added(&admin, &with(template, &[])).await;
        let saved = admin.post(&format!("{page}/test"), &[("test_event", "document.released")]).await;
        assert_eq!(saved.status(), 422);
        assert_eq!(saved.texts("#problem p"), [format!("The template fails. {told}")]);
        assert_eq!(saved.attributes("#f-test_event option[selected]", "value"), ["document.released"]);
        let program = app.api_key(&[Scope::WebhooksWrite]).await;
        let id = page.rsplit('/').next().unwrap();
        let refused = program.post(&format!("/api/v1/webhooks/{id}/test"), "{}").await;
        expect_described("post", "/api/v1/webhooks/{id}/test", &refused);
        let fault = &refused.json()["errors"][0];
        assert_eq!((refused.status(), &refused.json()["code"]), (422, &json!("invalid_webhook")));
        assert_eq!((&fault["path"], &fault["message"]), (&json!("/type"), &json!(told)));
        assert_eq!(admin.get("/deliveries?test=true").await.texts("tbody th").len(), 0, "nothing was sent");
    }

    async fn presets_begin_a_template_and_never_take_the_place_of_own_work(app: TestApp) {
        let admin = app.admin().await;
        for preset in ["plain", "slack", "teams", "jira_rest", "jira_automation"] {
            let dialog = typed(&admin, &[("preset", preset)]).await;
            assert_eq!(dialog.status(), 200);
            let text = dialog.texts("#f-template")[0].clone();
            assert!(text.contains("{{ event."), "{preset}: {text}");
            assert_eq!(dialog.attributes("#f-format option[selected]", "value"), ["template"]);
            let next = typed(&admin, &[("preset", "plain"), ("template", text.trim_start_matches('\n'))]).await;
            assert_eq!(next.status(), 200, "another preset in place of an untouched one");
            added(&admin, &with(text.trim_start_matches('\n'), &[])).await;
        }
        let kept = typed(&admin, &[("preset", "slack"), ("template", "{\"own\":1}")]).await;
        assert_eq!(kept.status(), 422);
        assert!(error(&kept, "template").starts_with("Empty the template first"));
        assert_eq!(kept.texts("#f-template")[0].trim(), "{\"own\":1}");
        assert_eq!(typed(&admin, &[("preset", "moon")]).await.status(), 422);
    }

    async fn a_template_is_tried_on_the_example_and_on_real_events_and_nothing_is_sent(app: TestApp) {
        let admin = app.admin().await;
        app.publish(r#"{"resource_title":"<b>real"}"#).await;
        app.publish(r#"{"items":["no title"]}"#).await;
        let before = app.audit_actions().await.len();
        let tried = typed(&admin, &with(LOOP, &[("url", ""), ("name", "Half <done>")])).await;
        assert_eq!(tried.status(), 200, "other fields may be unfinished");
        assert_eq!(tried.texts("#template-tried .result-head b"), ["It makes a body of 2 of 3."]);
        let bodies = tried.texts("#template-tried pre");
        assert!(bodies[0].contains("Safety guide") && bodies[1].contains("<b>real"), "{bodies:?}");
        assert!(bodies[0].contains("by Half <done>"));
        assert!(tried.texts("#template-tried p.wrap")[0].contains("Line 1: data.resource_title is not there."));
        assert_eq!(typed(&admin, &with("{{ data.", &[])).await.status(), 422);
        assert_eq!(app.audit_actions().await.len(), before);
        let places = tried.attributes("[data-insert]", "data-insert");
        assert!(places.contains(&"{{ data.resource_id }}".to_owned()) && places.contains(&"{{ portal_url }}".to_owned()));
    }

    async fn a_request_whose_templates_make_too_much_is_refused_and_fewer_events_are_taken(app: TestApp) {
        let template = format!(r#""{{% for a in range(25) %}}{}{{% endfor %}}""#, "x".repeat(19_000));
        app.add_webhook("https://ci.example.com/", &with(&template, &[])).await;
        let program = app.api_key(&[Scope::EventsWrite, Scope::EventsRead]).await;
        let post = async |events: usize| {
            let event = r#"{"type":"document.released","data":{}}"#;
            program.post("/api/v1/events", &format!("[{}]", vec![event; events].join(","))).await
        };
        let refused = post(150).await;
        expect_described("post", "/api/v1/events", &refused);
        assert_eq!((refused.status(), &refused.json()["code"]), (413, &json!("too_large")));
        assert!(refused.json()["detail"].as_str().unwrap().ends_with("Nothing was stored. Post fewer events at once."));
        let admin = app.admin().await;
        assert_eq!(admin.get("/events").await.texts("tbody th").len(), 0, "all or none");
        assert_eq!(post(3).await.status(), 202);
        assert_eq!(admin.get("/events").await.texts("tbody th").len(), 3);
        assert_eq!(admin.get("/deliveries").await.texts("tbody th").len(), 3, "each with its body");
    }

    async fn payloads_show_the_body_or_what_is_wrong(app: TestApp) {
        let admin = app.admin().await;
        let shown = admin.post("/settings/webhooks/payloads", &fields(&with(LOOP, &[("name", "CI")]))).await;
        assert!(shown.texts("#payloads pre").iter().any(|text| text.contains("Status set to Released by CI")));
        let wrong = admin.post("/settings/webhooks/payloads", &fields(&with("{{ data.x }}", &[]))).await;
        assert_eq!(wrong.status(), 200);
        assert!(wrong.texts("#payloads")[0].contains("The template fails: line 1: data.x is not there."));
        let unread = admin.post("/settings/webhooks/payloads", &fields(&with("{{ data.", &[]))).await;
        assert!(unread.texts("#payloads")[0].contains("The template fails: line 1: "), "{:?}", unread.texts("#payloads"));
        assert_eq!(admin.get("/settings/webhooks/payloads?format=template").await.status(), 200);
    }

    async fn a_program_sets_and_reads_a_template(app: TestApp) {
        let program = app.api_key(&[Scope::WebhooksRead, Scope::WebhooksWrite]).await;
        let body = |template: &str| {
            json!({"name": "CI", "url": "https://ci.example.com/", "format": "template", "template": template,
                   "events": ["document.released"]}).to_string()
        };
        let made = program.post("/api/v1/webhooks", &body(LOOP)).await;
        expect_described("post", "/api/v1/webhooks", &made);
        assert_eq!((made.status(), &made.json()["template"]), (201, &Value::from(LOOP)));
        let wrong = program.post("/api/v1/webhooks", &body("{{ data.x }}")).await;
        expect_described("post", "/api/v1/webhooks", &wrong);
        assert_eq!((wrong.status(), &wrong.json()["errors"][0]["path"]), (422, &Value::from("/template")));
    }
}
