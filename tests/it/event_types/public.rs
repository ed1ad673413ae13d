//! The catalogue for everybody: who may read it, what it then shows, and the same as OpenAPI 3.1 `webhooks`.

use actix_web::test::TestRequest;
use postrider::event_types::BUILT_IN;
use serde_json::{Value, json};

use crate::support::app::{TestApp, both};

const DOCUMENT: &str = "/event-types/openapi.json";
const SCHEMA: &str = r##"{"type":"object","required":["id"],"properties":{"id":{"$ref":"#/$defs/number"}},"$defs":{"number":{"type":"integer"}}}"##;

async fn declare(app: &TestApp) {
    declare_with(app, SCHEMA, r#"{"id":1042}"#).await;
}

async fn declare_with(app: &TestApp, schema: &str, example: &str) {
    let fields = [
        ("name", "order.shipped"),
        ("label", "Order <b>shipped</b>"),
        ("group", "Orders"),
        ("schema", schema),
        ("example", example),
        ("checked", "true"),
    ];
    assert_eq!(app.admin().await.post("/event-types", &fields).await.status(), 303);
}

/// Holds the bodies of an operation against their own schemas.
fn expect_sound(document: &Value, name: &str) {
    let content = &document["webhooks"][name]["post"]["requestBody"]["content"];
    let check = |schema: &Value, body: &Value| {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let faults: Vec<String> = validator.iter_errors(body).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}\n{body}");
        assert!(!validator.is_valid(&json!({})), "{name}: asks for nothing");
    };
    let json = &content["application/json"];
    let schemas = json["schema"]["anyOf"].as_array().unwrap();
    let examples = json["examples"].as_object().unwrap();
    assert_eq!((schemas.len(), examples.len()), (7, 7), "{name}");
    for schema in schemas {
        let format = schema["allOf"][0]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        check(schema, &examples[format]["value"]);
    }
    let cloudevents = &content["application/cloudevents+json"];
    check(&cloudevents["schema"], &cloudevents["example"]);
}

both! {
    async fn only_an_administrator_makes_it_public_and_that_is_on_record(app: TestApp) {
        let (admin, nobody) = (app.admin().await, app.anonymous());
        assert!(admin.get("/event-types").await.has("Only administrators can read these pages"));
        assert_eq!(nobody.post("/event-types/public", &[("public", "true")]).await.status(), 303);
        assert_eq!(nobody.get("/event-types").await.status(), 303, "still closed");
        for (wish, action) in [("true", "catalogue.made_public"), ("false", "catalogue.made_private")] {
            for _ in 0..2 {
                assert_eq!(admin.post("/event-types/public", &[("public", wish)]).await.header("location"), "/event-types");
            }
            let actions = app.audit_actions().await;
            assert_eq!(actions.last().unwrap(), action);
            assert_eq!(actions.iter().filter(|one| *one == action).count(), 1, "the second time changes nothing");
            assert_eq!(nobody.get("/event-types").await.status(), if wish == "true" { 200 } else { 303 });
        }
    }

    async fn everybody_reads_the_types_and_sees_nothing_to_change(app: TestApp) {
        declare(&app).await;
        let admin = app.admin().await;
        admin.post("/event-types/public", &[("public", "true")]).await;
        let nobody = app.anonymous();
        let list = nobody.get("/event-types?q=order").await;
        assert!(list.has("Order &#60;b&#62;shipped&#60;/b&#62;") && list.has("1 of 36 events"));
        let page = nobody.get("/event-types/order.shipped").await;
        assert!(page.texts("#body-notification")[0].contains("ORDER_SHIPPED_EVENT"));
        for shown in [&list, &page] {
            assert_eq!(shown.attributes("header a.button", "href"), ["/sign-in"]);
            for hidden in ["Add event type", "Make p", "/edit", "/delete", "/settings", "administrators", "Sign out"] {
                assert!(!shown.has(hidden), "{hidden}");
            }
        }
        assert!(admin.get("/event-types/order.shipped").await.has("/settings/webhooks/payloads"));
    }

    async fn the_same_is_told_as_openapi_webhooks(app: TestApp) {
        declare(&app).await;
        let admin = app.admin().await;
        let answer = admin.get(DOCUMENT).await;
        assert_eq!(answer.header("content-type"), "application/json");
        let document = answer.json();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["webhooks"].as_object().unwrap().len(), BUILT_IN.len() + 1);
        for name in BUILT_IN.iter().map(|kind| &*kind.name).chain(["order.shipped"]) {
            expect_sound(&document, name);
        }
        let notification = &document["webhooks"]["order.shipped"]["post"]["requestBody"]["content"]["application/json"]["examples"]["notification"];
        assert_eq!(notification["value"]["event"], "ORDER_SHIPPED_EVENT");
        assert_eq!(document["webhooks"]["order.shipped"]["post"]["tags"], json!(["Orders"]));
        assert!(document["webhooks"]["order.shipped"]["post"]["requestBody"]["description"].is_null());
        app.advance(std::time::Duration::from_secs(3600));
        assert_eq!(admin.get(DOCUMENT).await.json(), document, "it changes with the types alone");
    }

    async fn the_document_is_made_once_and_sent_only_where_it_changed(app: TestApp) {
        declare(&app).await;
        let (admin, nobody) = (app.admin().await, app.anonymous());
        admin.post("/event-types/public", &[("public", "true")]).await;
        let first = nobody.get(DOCUMENT).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() > 40, "{etag}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let asked = |tags: &str| nobody.send(TestRequest::get().uri(DOCUMENT).insert_header(("if-none-match", tags)));
        for tags in [etag.clone(), format!("\"other\", W/{etag}")] {
            let same = asked(&tags).await;
            assert_eq!((same.status(), same.text().len(), same.header("etag")), (304, 0, &*etag));
        }
        assert_eq!(asked("\"other\"").await.status(), 200);
        let before = app.app.webhooks.catalogue_seen();
        app.add_webhook("https://ci.example.com/", &[]).await;
        app.publish("{}").await;
        nobody.get(DOCUMENT).await;
        assert!(std::sync::Arc::ptr_eq(&before, &app.app.webhooks.catalogue_seen()), "a webhook changes no type");
        let edit = [("label", "Other"), ("group", "Orders"), ("schema", SCHEMA), ("example", r#"{"id":1}"#), ("version", "1")];
        assert_eq!(admin.post("/event-types/order.shipped", &edit).await.status(), 303);
        let changed = asked(&etag).await;
        assert_eq!(changed.status(), 200);
        assert_eq!(changed.json()["webhooks"]["order.shipped"]["post"]["summary"], "Other");
        admin.post("/event-types/public", &[("public", "false")]).await;
        assert_eq!(asked(changed.header("etag")).await.status(), 303, "closed again");
    }

    async fn an_example_that_is_too_large_or_too_deep_costs_its_bodies_alone(app: TestApp) {
        declare_with(&app, "{}", &format!(r#"{{"text":"{}"}}"#, "x".repeat(5000))).await;
        let admin = app.admin().await;
        let large = admin.get(DOCUMENT).await.json()["webhooks"]["order.shipped"]["post"]["requestBody"].clone();
        assert!(large["description"].as_str().unwrap().contains("too large to be shown"));
        assert_eq!(large["content"]["application/json"]["examples"], json!({}));
        assert_eq!(large["content"]["application/json"]["schema"]["anyOf"].as_array().unwrap().len(), 7);
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(126), "]".repeat(126));
        let edit = [("label", "Deep"), ("group", "Orders"), ("schema", "{}"), ("example", &*deep), ("version", "1")];
        assert_eq!(admin.post("/event-types/order.shipped", &edit).await.status(), 303);
        let document = admin.get(DOCUMENT).await;
        assert_eq!(document.status(), 200, "{}", document.text());
        let examples = &document.json()["webhooks"]["order.shipped"]["post"]["requestBody"]["content"]["application/json"]["examples"];
        assert!(examples["slack"].is_object() && examples["notification"].is_null(), "{examples}");
        let page = admin.get("/event-types/order.shipped").await;
        assert_eq!((page.status(), page.texts("#body-notification").len()), (200, 1));
    }
}
