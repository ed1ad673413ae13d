//! The API of credentials: as it is described, of one environment, and without secrets.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use postrider::api_keys::{Environment, Scope};
use serde_json::{Value, json};

use super::*;
use crate::support::app::both;
use crate::support::browser::Program;
use crate::support::contract::expect_described;

const ALL: &str = "/api/v1/credentials";
const ONE: &str = "/api/v1/credentials/{id}";

async fn call(program: &Program, method: Method, path: &str, body: &Value) -> Answer {
    let described = if path == ALL { ALL } else { ONE };
    let request =
        TestRequest::default().method(method.clone()).uri(path).insert_header(("content-type", "application/json"));
    let answer = program.send(request.set_payload(body.to_string())).await;
    if answer.status() != 204 {
        expect_described(&method.as_str().to_lowercase(), described, &answer);
    }
    answer
}

fn basic() -> Value {
    json!({ "name": "Desk", "base_url": "https://api.example.com/v1", "auth": "basic", "username": "ada", "password": SECRET,
        "headers": [{ "name": "X-Tenant", "value": "hush-header" }] })
}

fn paths(answer: &Answer) -> Vec<String> {
    answer.json()["errors"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect()
}

both! {
    async fn a_program_adds_reads_changes_and_deletes(app: TestApp) {
        let program = app.api_key(&[Scope::CredentialsRead, Scope::CredentialsWrite]).await;
        let added = call(&program, Method::POST, ALL, &basic()).await;
        assert_eq!(added.status(), 201, "{}", added.text());
        let one = format!("{ALL}/{}", added.json()["id"].as_str().unwrap());
        let read = call(&program, Method::GET, &one, &Value::Null).await;
        assert_eq!(read.json(), added.json());
        assert_eq!(read.json()["headers"], json!(["X-Tenant"]));
        assert_eq!((&read.json()["environment"], &read.json()["username"]), (&json!("production"), &json!("ada")));
        let list = call(&program, Method::GET, ALL, &Value::Null).await;
        assert_eq!(list.json()["data"], json!([read.json()]));
        let mut change = basic();
        change["username"] = json!("bea");
        change["password"] = Value::Null;
        change["headers"][0]["value"] = json!("");
        let changed = call(&program, Method::PUT, &one, &change).await;
        assert_eq!((changed.status(), &changed.json()["username"], &changed.json()["version"]), (200, &json!("bea"), &json!(2)));
        for answer in [&added, &read, &list, &changed] {
            assert!(!answer.has(SECRET) && !answer.has("hush-header"));
        }
        assert_eq!(call(&program, Method::DELETE, &one, &Value::Null).await.status(), 204);
        assert_eq!(call(&program, Method::DELETE, &one, &Value::Null).await.status(), 404);
        let actions = app.audit_actions().await;
        assert_eq!(actions[actions.len() - 3..], ["credential.created", "credential.changed", "credential.deleted"]);
    }

    async fn what_is_wrong_is_told_with_its_path(app: TestApp) {
        let program = app.api_key(&[Scope::CredentialsRead, Scope::CredentialsWrite]).await;
        let wrong = json!({ "name": "", "auth": "oauth2_client", "token_url": "http://127.0.0.1/", "content_type": 3 });
        let answer = call(&program, Method::POST, ALL, &wrong).await;
        assert_eq!((answer.status(), answer.json()["code"].as_str()), (422, Some("invalid_credential")));
        assert_eq!(paths(&answer), ["/content_type"]);
        let wrong = json!({ "name": "", "auth": "oauth2_client", "token_url": "http://127.0.0.1/" });
        let answer = call(&program, Method::POST, ALL, &wrong).await;
        assert_eq!(paths(&answer), ["/name", "/token_url", "/client_id", "/client_secret"]);
        let unknown = call(&program, Method::POST, ALL, &json!({ "name": "X", "environment": "test" })).await;
        assert_eq!((unknown.status(), unknown.json()["code"].as_str()), (400, Some("unknown_field")));
        for body in [json!({ "headers": [{ "name": "A", "colour": "red" }] }), json!({ "a/b": 1 })] {
            assert_eq!(call(&program, Method::POST, ALL, &body).await.status(), 400);
        }
        for body in [json!([]), json!("x"), json!({ "headers": [1] }), json!({ "headers": {} })] {
            assert_eq!(call(&program, Method::POST, ALL, &body).await.status(), 422, "{body}");
        }
        for body in ["", "{", r#"{"name":"a","name":"b"}"#] {
            let answer = program.post(ALL, body).await;
            assert_eq!((answer.status(), answer.json()["code"].as_str()), (400, Some("invalid_json")), "{body}");
        }
        assert_eq!(call(&program, Method::POST, ALL, &basic()).await.status(), 201);
        assert_eq!(paths(&call(&program, Method::POST, ALL, &basic()).await), ["/name"]);
    }

    async fn a_key_sees_its_own_environment_alone(app: TestApp) {
        let scopes = [Scope::CredentialsRead, Scope::CredentialsWrite];
        let (real, trial) = (app.api_key(&scopes).await, app.api_key_in(Environment::Test, &scopes).await);
        let added = call(&real, Method::POST, ALL, &basic()).await;
        let one = format!("{ALL}/{}", added.json()["id"].as_str().unwrap());
        assert_eq!(call(&trial, Method::GET, ALL, &Value::Null).await.json()["data"], json!([]));
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert_eq!(call(&trial, method, &one, &basic()).await.status(), 404);
        }
        assert_eq!(call(&trial, Method::POST, ALL, &basic()).await.json()["environment"], "test");
        assert_eq!(call(&real, Method::GET, &one, &Value::Null).await.status(), 200);
        assert_eq!(call(&real, Method::GET, &format!("{ALL}/crd_1"), &Value::Null).await.status(), 404);
    }

    async fn what_webhooks_use_is_not_deleted(app: TestApp) {
        let (admin, program) = (app.admin().await, app.api_key(&[Scope::CredentialsRead, Scope::CredentialsWrite]).await);
        let added = call(&program, Method::POST, ALL, &basic()).await;
        let id = added.json()["id"].as_str().unwrap().to_owned();
        let one = format!("{ALL}/{id}");
        let page = webhook(&admin, "/hook", &id, &[]).await;
        assert_eq!(call(&program, Method::GET, &one, &Value::Null).await.json()["used_by"], json!([page.rsplit('/').next().unwrap()]));
        let refused = call(&program, Method::DELETE, &one, &Value::Null).await;
        assert_eq!((refused.status(), refused.json()["code"].as_str()), (409, Some("conflict")));
        assert!(refused.json()["detail"].as_str().unwrap().contains("“CI”"));
        let mut moved = basic();
        moved["base_url"] = Value::Null;
        moved["headers"][0]["value"] = json!("again");
        assert_eq!(paths(&call(&program, Method::PUT, &one, &moved).await), ["/base_url"]);
        let kept = call(&program, Method::PUT, &one, &json!({ "name": "Desk", "auth": "basic", "username": "ada" })).await;
        assert_eq!(paths(&kept), ["/password"], "a base URL that is taken away asks for the secret again");
    }
}
