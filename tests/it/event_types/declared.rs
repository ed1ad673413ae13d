//! Event types that people declare: in dialogs, ticked by webhooks, sent, checked, and refused to go while they are used.

use postrider::api_keys::Scope;
use serde_json::json;

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};
use crate::support::contract::expect_described;
use crate::support::receiver::{self, Behaviour, Receiver};

const LIST: &str = "/event-types";
const SCHEMA: &str = r#"{"type":"object","required":["id"],"properties":{"id":{"type":"integer","description":"Which order."},"note":{"type":"string"}}}"#;

fn fields<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("name", "order.shipped"),
        ("label", "Order shipped"),
        ("group", "Orders"),
        ("description", "An order left the <warehouse>."),
        ("schema", SCHEMA),
        ("example", "{ \"id\": 1042 }"),
        ("checked", "true"),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    all.extend(changes);
    all
}

async fn declare(admin: &Browser, changes: &[(&str, &str)]) -> Answer {
    admin.post(LIST, &fields(changes)).await
}

fn error(answer: &Answer, field: &str) -> String {
    answer.texts(&format!("#f-{field}-error")).pop().unwrap_or_default()
}

async fn posted(app: &TestApp, data: &str) -> Answer {
    let program = app.api_key(&[Scope::EventsWrite]).await;
    program.post("/api/v1/events", &format!(r#"{{"type":"order.shipped","data":{data}}}"#)).await
}

/// What another process writes: this one has the set as it was before in memory.
async fn elsewhere(app: &TestApp, statement: &'static str) {
    app.sql(statement).await;
    app.sql("update counters set value = value + 1 where name = 'webhooks'").await;
}

both! {
    async fn a_declared_type_is_listed_ticked_posted_and_sent(app: TestApp) {
        let admin = app.admin().await;
        let added = declare(&admin, &[]).await;
        assert_eq!((added.status(), added.header("location")), (303, "/event-types/order.shipped"), "{:?}", added.texts(".error"));
        assert_eq!(app.audit_actions().await.last().unwrap(), "event_type.declared");
        let page = admin.get("/event-types/order.shipped").await;
        assert!(page.has("ORDER_SHIPPED_EVENT") && page.has("are held against the schema") && page.has("An order left the &#60;warehouse&#62;."));
        assert!(page.texts("#body-notification")[0].contains(r#""event": "ORDER_SHIPPED_EVENT""#), "{:?}", page.texts("#body-notification"));
        assert!(admin.get(LIST).await.has("36 events"));
        let dialog = admin.get("/settings/webhooks/new").await;
        assert!(dialog.attributes("input[name=events]", "value").contains(&"order.shipped".to_owned()));
        assert!(admin.get("/deliveries").await.attributes("optgroup", "label").contains(&"Orders".to_owned()));

        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let webhook = [("name", "CI"), ("url", &*receiver.url("/")), ("events", "order.shipped"), ("notification_type", "rest"),
            ("auth", "none"), ("method", "POST"), ("format", "slack"), ("timeout", "15"), ("retry", "standard"), ("active", "true")];
        assert_eq!(admin.post("/settings/webhooks", &webhook).await.status(), 303);
        assert!(admin.get("/settings/webhooks").await.has("Order shipped"));
        let taken = posted(&app, r#"{"id":7,"note":"x"}"#).await;
        assert_eq!(taken.status(), 202, "{}", taken.text());
        app.drain().await;
        let body = String::from_utf8(receiver.requests().remove(0).body).unwrap();
        assert!(body.contains("Order shipped (7)"), "{body}");
        assert!(admin.get("/events").await.has("Order shipped"));
    }

    async fn posted_events_are_held_against_the_schema(app: TestApp) {
        let admin = app.admin().await;
        assert_eq!(posted(&app, r#"{"id":7}"#).await.json()["code"], "unknown_type");
        declare(&admin, &[]).await;
        assert_eq!(posted(&app, r#"{"id":7}"#).await.status(), 202, "at once");
        let wrong = posted(&app, r#"{"id":"hush-7","note":1}"#).await;
        assert_eq!((wrong.status(), &wrong.json()["code"]), (422, &json!("schema_mismatch")));
        let paths: Vec<String> = wrong.json()["errors"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect();
        assert_eq!(paths, ["/data/id", "/data/note"]);
        assert!(!wrong.has("hush-7"));
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let two = r#"[{"type":"order.shipped","data":{"id":1}},{"type":"order.shipped","data":{}}]"#;
        let wrong = program.post("/api/v1/events", two).await;
        assert_eq!((wrong.status(), &wrong.json()["errors"][0]["path"]), (422, &json!("/1/data")));
        assert_eq!(admin.get("/events").await.texts("tbody th").len(), 1, "all or none");
        let free = [("checked", ""), ("version", "1")];
        assert_eq!(admin.post("/event-types/order.shipped", &fields(&free)).await.status(), 303);
        assert_eq!(posted(&app, "{}").await.status(), 202, "no longer checked");
    }

    async fn what_another_process_declares_counts_from_its_commit_on(app: TestApp) {
        declare(&app.admin().await, &[]).await;
        assert_eq!(posted(&app, r#"{"id":7}"#).await.status(), 202);
        elsewhere(&app, r#"update event_types set version = 2, schema = '{"required":["customer"]}'"#).await;
        let late = posted(&app, r#"{"id":7}"#).await;
        assert_eq!((late.status(), &late.json()["code"]), (422, &json!("schema_mismatch")), "it fits the older schema");
        assert_eq!(posted(&app, r#"{"customer":1}"#).await.status(), 202);
        elsewhere(&app, "delete from event_types").await;
        assert_eq!(posted(&app, r#"{"customer":1}"#).await.json()["code"], "unknown_type");
    }

    async fn a_database_of_before_counts_as_soon_as_it_is_there(app: TestApp) {
        declare(&app.admin().await, &[]).await;
        assert_eq!(posted(&app, r#"{"id":7}"#).await.status(), 202);
        // As a restore leaves it: other types, under a lower version than this process has in memory.
        app.sql(r#"update event_types set version = 7, schema = '{"required":["customer"]}'"#).await;
        app.sql("update counters set value = 1 where name = 'webhooks'").await;
        for _ in 0..2 {
            assert_eq!(posted(&app, r#"{"customer":1}"#).await.status(), 202);
            assert_eq!(posted(&app, r#"{"id":7}"#).await.json()["code"], "schema_mismatch");
        }
    }

    async fn a_test_knows_what_another_process_declared(app: TestApp) {
        declare(&app.admin().await, &[]).await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let program = app.api_key(&[Scope::WebhooksWrite]).await;
        let webhook = json!({ "name": "CI", "url": receiver.url("/"), "events": ["order.shipped"] });
        let added = program.post("/api/v1/webhooks", &webhook.to_string()).await;
        elsewhere(&app, r#"update event_types set version = 2, example = '{"id":4711}'"#).await;
        let test = format!("/api/v1/webhooks/{}/test", added.json()["id"].as_str().unwrap());
        assert_eq!(program.post(&test, "").await.status(), 200);
        assert!(String::from_utf8(receiver.requests().remove(0).body).unwrap().contains("4711"));
    }

    async fn a_webhook_cannot_tick_what_was_deleted_meanwhile(app: TestApp) {
        let admin = app.admin().await;
        declare(&admin, &[]).await;
        // Behind the back of what is in memory, as between the reading of a form and its commit.
        app.sql("delete from event_types").await;
        let webhook = [("name", "CI"), ("url", "https://ci.example.com/"), ("events", "order.shipped"), ("notification_type", "rest"),
            ("auth", "none"), ("method", "POST"), ("format", "notification"), ("timeout", "15"), ("retry", "standard")];
        let answer = admin.post("/settings/webhooks", &webhook).await;
        assert_eq!(answer.status(), 422);
        assert!(answer.has("The event type order.shipped was deleted meanwhile; untick it and save again."), "{}", answer.text());
        let program = app.api_key(&[Scope::WebhooksWrite]).await;
        let body = json!({ "name": "CI", "url": "https://ci.example.com/", "events": ["order.shipped"] });
        let answer = program.post("/api/v1/webhooks", &body.to_string()).await;
        assert_eq!((answer.status(), &answer.json()["errors"][0]["path"]), (409, &json!("/events")), "{}", answer.text());
    }

    async fn an_edit_of_what_was_deleted_meanwhile_keeps_what_was_typed(app: TestApp) {
        let admin = app.admin().await;
        declare(&admin, &[]).await;
        assert_eq!(admin.post("/event-types/order.shipped/delete", &[]).await.status(), 303);
        let late = admin.post("/event-types/order.shipped", &fields(&[("label", "Typed"), ("version", "1")])).await;
        assert_eq!(late.status(), 409);
        assert_eq!(late.attributes("#f-label", "value"), ["Typed"]);
        assert!(late.texts("#problem p")[0].contains("deleted meanwhile"));
    }

    async fn what_is_wrong_with_very_much_is_told_in_short(app: TestApp) {
        let admin = app.admin().await;
        let schema = r#"{"additionalProperties":{"items":{"type":"string"}}}"#;
        assert_eq!(declare(&admin, &[("schema", schema), ("example", "{}")]).await.status(), 303);
        let data = format!(r#"{{"{}":[{}]}}"#, "k".repeat(20_000), vec!["1"; 30].join(","));
        let event = format!(r#"{{"type":"order.shipped","data":{data}}}"#);
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let wrong = program.post("/api/v1/events", &format!("[{}]", vec![event; 16].join(","))).await;
        assert_eq!((wrong.status(), &wrong.json()["code"]), (422, &json!("schema_mismatch")));
        assert!(wrong.text().len() < 60_000, "{}", wrong.text().len());
        let errors = wrong.json()["errors"].as_array().unwrap().clone();
        assert_eq!((errors.len(), &errors[100]["path"]), (101, &json!("")));
        assert!(errors[100]["message"].as_str().unwrap().starts_with("There are more than these 100 faults"));
        assert!(errors[99]["path"].as_str().unwrap().starts_with("/4/data/kkk"));
        let few = posted(&app, &data).await;
        assert_eq!(few.json()["errors"].as_array().unwrap().len(), 20);
    }

    async fn more_to_check_than_a_request_may_ask_for_is_refused(app: TestApp) {
        let admin = app.admin().await;
        let schema = format!(r#"{{"additionalProperties":{{"items":{{"allOf":[{}]}}}}}}"#, vec!["{}"; 900].join(","));
        assert_eq!(declare(&admin, &[("schema", &schema), ("example", "{}")]).await.status(), 303);
        let event = |values: usize| format!(r#"{{"type":"order.shipped","data":{{"l":[{}]}}}}"#, vec!["1"; values].join(","));
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let large = program.post("/api/v1/events", &event(120_000)).await;
        expect_described("post", "/api/v1/events", &large);
        assert_eq!((large.status(), &large.json()["code"], &large.json()["errors"][0]["path"]), (413, &json!("too_large"), &json!("/data")));
        let many = program.post("/api/v1/events", &format!("[{0},{0},{0}]", event(50_000))).await;
        assert_eq!((many.status(), &many.json()["errors"][0]["path"]), (413, &json!("/2/data")), "all together");
        assert_eq!(program.post("/api/v1/events", &event(50_000)).await.status(), 202);
        let too_long = declare(&admin, &[("name", "other.type"), ("schema", &schema), ("example", &event(15_000))]).await;
        assert_eq!(error(&too_long, "example"), "Shorten the example, or the schema: together they are too much to check.");
    }

    async fn what_is_wrong_comes_back_with_what_to_do(app: TestApp) {
        let admin = app.admin().await;
        for (field, value, told) in [
            ("name", "Order", "Write the name as words"),
            ("name", "order", "Write the name as words"),
            ("name", "order..shipped", "Write the name as words"),
            ("name", "document.released", "This type is built in"),
            ("name", "openapi.json", "The catalogue for programs has this address"),
            ("label", "", "Enter the label"),
            ("group", "a\u{202e}b", ""),
            ("schema", "{", "This is no JSON"),
            ("schema", r#"{"type":"objekt"}"#, ""),
            ("schema", r#"{"$ref":"https://schemas.example.com/a"}"#, ""),
            ("example", "[]", "The example is a JSON object"),
            ("example", r#"{"id":"x"}"#, "It does not fit the schema, at /id: "),
            ("example", "{}", "It does not fit the schema, "),
        ] {
            let answer = declare(&admin, &[(field, value)]).await;
            assert_eq!(answer.status(), 422, "{field} {value}");
            let error = error(&answer, field);
            assert!(!error.is_empty() && error.starts_with(told), "{field} {value}: {error}");
            assert_eq!(answer.attributes("#f-label", "value").len(), 1);
        }
        declare(&admin, &[]).await;
        assert!(error(&declare(&admin, &[]).await, "name").contains("of this name"));
        assert!(error(&declare(&admin, &[("name", "order_shipped.x")]).await, "name").is_empty());
        assert!(error(&declare(&admin, &[("name", "order.shipped_x")]).await, "name").contains("code would be that of order_shipped.x"));
    }

    async fn an_edit_keeps_the_name_and_counts_versions(app: TestApp) {
        let admin = app.admin().await;
        declare(&admin, &[]).await;
        let dialog = admin.get("/event-types/order.shipped/edit").await;
        assert_eq!(dialog.attributes("dialog input[name=version]", "value"), ["1"]);
        let page = "/event-types/order.shipped";
        assert_eq!(admin.post(page, &fields(&[("version", "1")])).await.status(), 303);
        assert!(admin.get(page).await.has("Nothing was changed."));
        let edit = [("name", "other.name"), ("label", "Shipped"), ("version", "1")];
        assert_eq!(admin.post(page, &fields(&edit)).await.header("location"), page);
        let shown = admin.get(page).await;
        assert!(shown.has("Shipped") && shown.texts("dd").contains(&"2".to_owned()), "{:?}", shown.texts("dd"));
        let stale = admin.post(page, &fields(&edit)).await;
        assert_eq!(stale.status(), 409);
        assert!(stale.texts("#problem p")[0].contains("Somebody saved this event type"));
        assert_eq!(admin.get("/event-types/document.released/edit").await.status(), 404, "built in");
        assert_eq!(admin.post("/event-types/document.released", &fields(&[])).await.status(), 422);
        assert_eq!(admin.get("/event-types/document.released/delete").await.status(), 404);
    }

    async fn a_type_that_webhooks_are_sent_stays(app: TestApp) {
        let admin = app.admin().await;
        declare(&admin, &[]).await;
        let webhook = [("name", "CI <b>"), ("url", "https://ci.example.com/"), ("events", "order.shipped"), ("notification_type", "rest"),
            ("auth", "none"), ("method", "POST"), ("format", "notification"), ("timeout", "15"), ("retry", "standard")];
        let page = admin.post("/settings/webhooks", &webhook).await.header("location").to_owned();
        let delete = "/event-types/order.shipped/delete";
        let refused = admin.post(delete, &[]).await;
        assert_eq!(refused.status(), 409);
        assert!(refused.texts("dialog li a")[0].contains("CI <b>") && refused.has("This event type is in use"));
        assert_eq!(admin.post(&format!("{page}/delete"), &[]).await.status(), 303);
        let id = { posted(&app, r#"{"id":7}"#).await.json()["id"].as_str().unwrap().to_owned() };
        assert!(admin.get(delete).await.has("No webhook is sent it."));
        assert_eq!(admin.post(delete, &[]).await.status(), 303);
        assert_eq!(admin.post(delete, &[]).await.status(), 303, "twice is no fault");
        assert_eq!(admin.get("/event-types/order.shipped").await.status(), 404);
        assert!(admin.get(&format!("/events/{id}")).await.has("order.shipped"), "its events stay");
        assert_eq!(posted(&app, r#"{"id":7}"#).await.json()["code"], "unknown_type");
        assert_eq!(app.audit_actions().await.iter().filter(|one| *one == "event_type.deleted").count(), 1);
    }
}
