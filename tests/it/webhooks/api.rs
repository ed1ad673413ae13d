//! The API of webhooks: one set of rules with the form, no secret twice, and each key in its own world.

mod test;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use postrider::api_keys::Scope;
use postrider::events::Environment;
use serde_json::{Value, json};

use super::count;
use crate::support::app::both;
use crate::support::browser::{Answer, Program};
use crate::support::contract::expect_described;
use crate::support::receiver::{self, Behaviour, Receiver};

const ALL: &str = "/api/v1/webhooks";
const ONE: &str = "/api/v1/webhooks/{id}";
const SCOPES: &[Scope] = &[Scope::WebhooksRead, Scope::WebhooksWrite];

fn full() -> Value {
    json!({
        "name": "Build server", "url": "https://ci.example.com/hooks", "description": "Two\nlines",
        "events": ["publication.published", "document.released"], "method": "PUT", "format": "standard",
        "auth": "basic", "username": "ci", "password": "hush-pass-9",
        "headers": [{ "name": "X-Team", "value": "hush-team-9" }],
        "filters": { "mode": "any", "rules": [
            { "path": "status", "operator": "equals", "value": "released" }, { "path": "a.b", "operator": "exists" },
        ] },
        "workflow": "7", "timeout": 20, "retry": "list", "delays": [30, 300], "active": false,
    })
}

/// Asks an operation; the answer is as it is described.
async fn call(program: &Program, method: &str, operation: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = TestRequest::default().method(method.to_uppercase().parse().unwrap()).uri(path);
    let request = match body {
        Some(body) => request.insert_header((CONTENT_TYPE, "application/json")).set_payload(body.to_string()),
        None => request,
    };
    let answer = program.send(request).await;
    if answer.status() != 204 {
        expect_described(method, operation, &answer);
    }
    answer
}

async fn add(program: &Program, body: &Value) -> Answer {
    call(program, "post", ALL, ALL, Some(body)).await
}

async fn put(program: &Program, id: &str, body: &Value) -> Answer {
    call(program, "put", ONE, &format!("{ALL}/{id}"), Some(body)).await
}

async fn read(program: &Program, id: &str) -> Answer {
    call(program, "get", ONE, &format!("{ALL}/{id}"), None).await
}

async fn press(program: &Program, id: &str, button: &str) -> Answer {
    call(program, "post", &format!("{ONE}/{button}"), &format!("{ALL}/{id}/{button}"), None).await
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn problem(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let path = body["errors"][0]["path"].as_str().unwrap_or_default().to_owned();
    (answer.status(), body["code"].as_str().unwrap().to_owned(), path)
}

both! {
    async fn a_webhook_is_added_told_and_changed_without_its_secrets(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let added = add(&program, &full()).await;
        assert_eq!(added.status(), 201, "{}", added.text());
        let webhook = id(&added);
        assert_eq!(added.header("location"), format!("{ALL}/{webhook}"));
        let secret = added.json()["signing_secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_"));
        let shown = read(&program, &webhook).await;
        let told = shown.json();
        for (field, value) in full().as_object().unwrap() {
            match field.as_str() {
                "password" => assert_eq!(told[field], Value::Null),
                "headers" => assert_eq!(told[field], json!([{ "name": "X-Team" }])),
                "events" => assert_eq!(told[field], json!(["document.released", "publication.published"])),
                "filters" => {
                    assert_eq!(told[field]["rules"][1], json!({ "path": "a.b", "operator": "exists", "value": "" }));
                }
                _ => assert_eq!(&told[field], value, "{field}"),
            }
        }
        assert_eq!((&told["code"], &told["state"], &told["version"]), (&json!("build_server"), &json!("inactive"), &json!(1)));
        let list = call(&program, "get", ALL, ALL, None).await;
        assert_eq!(list.json()["data"], json!([told]));
        let again = put(&program, &webhook, &told).await;
        assert_eq!(again.json(), told, "an answer that is sent back changes nothing");
        let mut other = told.clone();
        (other["name"], other["active"], other["filters"]) = (json!("CI"), json!(true), json!(null));
        let changed = put(&program, &webhook, &other).await;
        let now = changed.json();
        assert_eq!((&now["name"], &now["version"], &now["code"]), (&json!("CI"), &json!(2), &json!("build_server")));
        assert_eq!(now["filters"], json!({ "mode": "all", "rules": [] }));
        assert_eq!(now["auth_set_at"], told["auth_set_at"], "the login stays");
        for answer in [&shown, &list, &again, &changed] {
            assert!(!answer.has("hush-") && !answer.has(&secret), "{}", answer.text());
        }
        assert_eq!(app.audit_actions().await[1..], ["webhook.created", "webhook.changed"]);
        let trail = app.admin().await.get("/settings/audit").await;
        assert!(trail.has("tests") && !trail.has("hush-") && !trail.has(&secret));
    }

    async fn what_was_kept_is_still_sent(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(204))).await;
        let mut wish = full();
        (wish["url"], wish["active"], wish["filters"]) = (json!(receiver.url("/in")), json!(true), json!(null));
        let webhook = id(&add(&program, &wish).await);
        let mut told = read(&program, &webhook).await.json();
        told["name"] = json!("Other");
        assert_eq!(put(&program, &webhook, &told).await.status(), 200);
        app.publish("{}").await;
        app.drain().await;
        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!(request.header("x-team"), Some("hush-team-9"));
        assert_eq!(request.header("authorization"), Some("Basic Y2k6aHVzaC1wYXNzLTk="));
        told["url"] = json!("https://elsewhere.example.com/");
        let moved = put(&program, &webhook, &json!({ "version": null, "name": "x", "url": told["url"], "auth": "basic",
            "username": "ci", "headers": [{ "name": "X-Team" }] })).await;
        let paths: Vec<Value> = moved.json()["errors"].as_array().unwrap().iter().map(|fault| fault["path"].clone()).collect();
        assert_eq!((moved.status(), paths), (422, vec![json!("/password"), json!("/headers")]), "secrets follow nobody");
    }

    async fn what_is_wrong_is_told_by_its_path(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let with = |field: &str, value: Value| {
            let mut wish = full();
            wish[field] = value;
            wish
        };
        for (wish, status, code, path) in [
            (json!([]), 422, "invalid_webhook", ""),
            (json!({}), 422, "invalid_webhook", "/name"),
            (with("color", json!(1)), 400, "unknown_field", "/color"),
            (with("a/b~", json!(1)), 400, "unknown_field", "/a~1b~0"),
            (with("name", json!(7)), 422, "invalid_webhook", "/name"),
            (with("active", json!("true")), 422, "invalid_webhook", "/active"),
            (with("timeout", json!(31)), 422, "invalid_webhook", "/timeout"),
            (with("timeout", json!("20")), 422, "invalid_webhook", "/timeout"),
            (with("delays", json!([30, -1])), 422, "invalid_webhook", "/delays/1"),
            (with("delays", json!([0])), 422, "invalid_webhook", "/delays"),
            (with("events", json!(["no.such"])), 422, "invalid_webhook", "/events"),
            (with("url", json!("http://169.254.169.254/")), 422, "invalid_webhook", "/url"),
            (with("environment", json!("test")), 422, "invalid_webhook", "/environment"),
            (with("headers", json!([{ "name": "Host", "value": "x" }])), 422, "invalid_webhook", "/headers"),
            (with("headers", json!([{ "name": "X-A", "colour": "x" }])), 422, "invalid_webhook", "/headers/0/colour"),
            (with("filters", json!({ "mode": "some", "rules": [] })), 422, "invalid_webhook", "/filters/mode"),
            (with("filters", json!({ "mode": "all", "rules": [{ "path": "", "operator": "equals", "value": "x" }] })), 422, "invalid_webhook", "/filters"),
            (with("signing_secret", json!("whsec_short")), 422, "invalid_webhook", "/signing_secret"),
            (with("code", json!("Not A Code")), 422, "invalid_webhook", "/code"),
        ] {
            let answer = add(&program, &wish).await;
            assert_eq!(problem(&answer), (status, code.to_owned(), path.to_owned()), "{}", answer.text());
            assert!(!answer.has("hush-"), "{}", answer.text());
        }
        for body in ["", "{", "{\"name\":\"a\",\"name\":\"b\"}", "\u{feff}{}", "nul"] {
            let answer = program.post(ALL, body).await;
            expect_described("post", ALL, &answer);
            assert_eq!((answer.status(), answer.json()["code"].as_str().unwrap()), (400, "invalid_json"), "{body}");
        }
        let form = TestRequest::post().uri(ALL).insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"));
        assert_eq!(program.send(form.set_payload("name=x")).await.status(), 415);
        assert_eq!(program.post(ALL, &format!("{{\"name\":\"{}\"}}", "x".repeat(300_000))).await.status(), 413);
        assert_eq!(count(&app).await, 0);
    }

    async fn an_older_version_and_a_taken_code_are_conflicts(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let mut wish = full();
        wish["code"] = json!("mine");
        let webhook = id(&add(&program, &wish).await);
        assert_eq!(problem(&add(&program, &wish).await), (409, "conflict".to_owned(), "/code".to_owned()));
        let told = read(&program, &webhook).await.json();
        let mut first = told.clone();
        first["name"] = json!("First");
        assert_eq!(put(&program, &webhook, &first).await.status(), 200);
        let mut second = told.clone();
        second["name"] = json!("Second");
        assert_eq!(problem(&put(&program, &webhook, &second).await), (409, "conflict".to_owned(), "/version".to_owned()));
        assert_eq!(read(&program, &webhook).await.json()["name"], "First");
        second["version"] = json!(null);
        assert_eq!(put(&program, &webhook, &second).await.json()["name"], "Second", "without a version the last one wins");
        second["code"] = json!("other");
        assert_eq!(problem(&put(&program, &webhook, &second).await).2, "/code", "a code is fixed");
    }

    async fn buttons_do_what_they_do_in_the_portal(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let webhook = id(&add(&program, &full()).await);
        let mut states = Vec::new();
        for button in ["activate", "activate", "pause", "pause", "resume", "deactivate", "deactivate"] {
            let answer = press(&program, &webhook, button).await;
            assert_eq!(answer.status(), 200, "{}", answer.text());
            states.push(answer.json()["state"].as_str().unwrap().to_owned());
        }
        assert_eq!(states, ["active", "active", "paused", "paused", "active", "inactive", "inactive"]);
        let gone = call(&program, "delete", ONE, &format!("{ALL}/{webhook}"), None).await;
        assert_eq!((gone.status(), gone.text()), (204, ""));
        for answer in [read(&program, &webhook).await, press(&program, &webhook, "pause").await,
            put(&program, &webhook, &full()).await, call(&program, "delete", ONE, &format!("{ALL}/{webhook}"), None).await] {
            assert_eq!((answer.status(), answer.json()["code"].as_str().unwrap()), (404, "not_found"));
        }
        assert_eq!(app.audit_actions().await[1..], [
            "webhook.created", "webhook.activated", "webhook.paused", "webhook.resumed", "webhook.deactivated", "webhook.deleted",
        ]);
    }

    async fn a_key_reaches_its_own_world_and_its_scopes_alone(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let webhook = id(&add(&program, &full()).await);
        let other = app.api_key_in(Environment::Test, SCOPES).await;
        assert_eq!(call(&other, "get", ALL, ALL, None).await.json()["data"], json!([]));
        for answer in [read(&other, &webhook).await, put(&other, &webhook, &full()).await,
            press(&other, &webhook, "activate").await, call(&other, "delete", ONE, &format!("{ALL}/{webhook}"), None).await] {
            assert_eq!(answer.status(), 404, "{}", answer.text());
        }
        assert_eq!(read(&program, &webhook).await.json()["state"], "inactive");
        let mut theirs = full();
        theirs["environment"] = json!("test");
        assert_eq!(add(&other, &theirs).await.json()["environment"], "test");
        let reader = app.api_key(&[Scope::WebhooksRead]).await;
        assert_eq!(add(&reader, &full()).await.status(), 403);
        let writer = app.api_key(&[Scope::WebhooksWrite]).await;
        assert_eq!(read(&writer, &webhook).await.status(), 403);
        for path in ["whk_nonsense", "evt_00000000000000000000000001"] {
            assert_eq!(read(&program, path).await.status(), 404);
        }
    }
}
