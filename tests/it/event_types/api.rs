//! The API of event types: as it is described, with the rules of the dialogs.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use postrider::api_keys::{Environment, Scope};
use serde_json::{Value, json};

use crate::support::app::both;
use crate::support::browser::{Answer, Program};
use crate::support::contract::expect_described;

const ALL: &str = "/api/v1/event-types";
const ONE: &str = "/api/v1/event-types/{name}";

async fn call(program: &Program, method: Method, name: &str, body: &Value) -> Answer {
    let (described, path) = if name.is_empty() { (ALL, ALL.to_owned()) } else { (ONE, format!("{ALL}/{name}")) };
    let request =
        TestRequest::default().method(method.clone()).uri(&path).insert_header(("content-type", "application/json"));
    let answer = program.send(request.set_payload(body.to_string())).await;
    if answer.status() != 204 {
        expect_described(&method.as_str().to_lowercase(), described, &answer);
    }
    answer
}

fn order() -> Value {
    json!({ "label": "Order shipped", "group": "Orders", "description": "An order left.",
        "schema": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } },
        "example": { "id": 1042 } })
}

both! {
    async fn a_program_declares_reads_changes_and_deletes(app: TestApp) {
        let program = app.api_key(&[Scope::EventsRead, Scope::EventTypesWrite]).await;
        let declared = call(&program, Method::PUT, "order.shipped", &order()).await;
        assert_eq!(declared.status(), 201, "{}", declared.text());
        assert_eq!((&declared.json()["checked"], &declared.json()["version"]), (&json!(true), &json!(1)));
        let read = call(&program, Method::GET, "order.shipped", &Value::Null).await;
        assert_eq!(read.json(), declared.json());
        let list = call(&program, Method::GET, "", &Value::Null).await;
        assert_eq!(list.json()["data"].as_array().unwrap().len(), 36);
        assert_eq!(list.json()["data"][0]["name"], "document.released");
        assert_eq!(call(&program, Method::PUT, "order.shipped", &read.json()).await.json(), read.json(), "what it told, sent back");
        let mut change = order();
        change["checked"] = json!(false);
        change["version"] = json!(1);
        let changed = call(&program, Method::PUT, "order.shipped", &change).await;
        assert_eq!((changed.status(), &changed.json()["version"]), (200, &json!(2)));
        assert_eq!(call(&program, Method::PUT, "order.shipped", &change).await.status(), 409, "made from an older version");
        assert_eq!(call(&program, Method::DELETE, "order.shipped", &Value::Null).await.status(), 204);
        assert_eq!(call(&program, Method::DELETE, "order.shipped", &Value::Null).await.status(), 404);
        assert_eq!(call(&program, Method::GET, "order.shipped", &Value::Null).await.status(), 404);
        let actions = app.audit_actions().await;
        assert_eq!(actions[actions.len() - 3..], ["event_type.declared", "event_type.changed", "event_type.deleted"]);
    }

    async fn a_key_of_the_test_environment_reads_and_changes_nothing(app: TestApp) {
        let production = app.api_key(&[Scope::EventTypesWrite]).await;
        assert_eq!(call(&production, Method::PUT, "order.shipped", &order()).await.status(), 201);
        let test = app.api_key_in(Environment::Test, &[Scope::EventsRead, Scope::EventTypesWrite]).await;
        assert_eq!(call(&test, Method::GET, "order.shipped", &Value::Null).await.status(), 200);
        for method in [Method::PUT, Method::DELETE] {
            let refused = call(&test, method, "order.shipped", &order()).await;
            assert_eq!((refused.status(), &refused.json()["code"]), (403, &json!("forbidden")));
        }
        assert_eq!(call(&test, Method::GET, "order.shipped", &Value::Null).await.status(), 200, "still there");
    }

    async fn a_name_that_no_column_holds_is_not_there(app: TestApp) {
        let program = app.api_key(&[Scope::EventsRead, Scope::EventTypesWrite]).await;
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(call(&program, method, "a%00b", &Value::Null).await.status(), 404);
        }
        assert_eq!(call(&program, Method::PUT, "a%00b", &order()).await.status(), 422);
    }

    async fn what_is_wrong_is_told_with_its_place(app: TestApp) {
        let program = app.api_key(&[Scope::EventsRead, Scope::EventTypesWrite]).await;
        for (field, value, path) in [
            ("label", json!(""), "/label"),
            ("label", json!(7), "/label"),
            ("schema", json!({ "type": "objekt" }), "/schema"),
            ("example", json!({ "id": "x" }), "/example"),
            ("example", json!([]), "/example"),
            ("version", json!("one"), "/version"),
        ] {
            let mut wrong = order();
            wrong[field] = value;
            let answer = call(&program, Method::PUT, "order.shipped", &wrong).await;
            assert_eq!((answer.status(), &answer.json()["errors"][0]["path"]), (422, &json!(path)), "{field} {}", answer.text());
        }
        assert_eq!(call(&program, Method::PUT, "Order", &order()).await.status(), 422);
        assert_eq!(call(&program, Method::PUT, "document.released", &order()).await.status(), 422, "built in");
        assert_eq!(call(&program, Method::DELETE, "document.released", &Value::Null).await.status(), 404);
        let mut unknown = order();
        unknown["colour"] = json!(1);
        let answer = call(&program, Method::PUT, "order.shipped", &unknown).await;
        assert_eq!((answer.status(), &answer.json()["code"]), (400, &json!("unknown_field")));
        assert_eq!(call(&program, Method::PUT, "order.shipped", &json!([])).await.status(), 422);
    }
}
