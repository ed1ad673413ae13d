//! What a receiver sees of each kind of credential.

use std::process::Command;

use super::*;
use crate::support::app::both;
use crate::support::receiver::Received;

const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide"}"#;

/// The one request of a webhook that logs in so.
async fn sent(app: &TestApp, fields: &[(&str, &str)]) -> Received {
    let (admin, receiver) = (app.admin().await, taking().await);
    let base = receiver.url("/in");
    let mut all = vec![("base_url", base.as_str())];
    all.extend(fields);
    let id = credential(&admin, &all).await;
    webhook(&admin, "/hook", &id, &[]).await;
    app.publish(DATA).await;
    app.drain().await;
    let [request] = receiver.requests().try_into().expect("one request");
    assert_eq!(request.path, "/in/hook");
    request
}

both! {
    async fn headers_alone_log_in(app: TestApp) {
        let request = sent(&app, &[("auth", "headers"), ("header_name", "X-Login"), ("header_value", "let me in")]).await;
        assert_eq!((request.header("x-login"), request.header("authorization")), (Some("let me in"), None));
        assert!(request.header("webhook-signature").is_some(), "it is signed besides");
    }

    async fn basic_token_and_api_key_are_written_as_their_receivers_read_them(app: TestApp) {
        let request = sent(&app, &[("name", "A"), ("auth", "basic"), ("username", "ada"), ("password", "pass:word")]).await;
        assert_eq!(request.header("authorization"), Some("Basic YWRhOnBhc3M6d29yZA=="));
        app.sql("update webhooks set active = false").await;
        app.sql("update counters set value = value + 1 where name = 'webhooks'").await;
        let request = sent(&app, &[("name", "B"), ("auth", "token"), ("token_key", "Token"), ("token", "t-1")]).await;
        assert_eq!(request.header("authorization"), Some("Token t-1"));
        app.sql("update webhooks set active = false").await;
        app.sql("update counters set value = value + 1 where name = 'webhooks'").await;
        let request = sent(&app, &[("name", "C"), ("auth", "api_key"), ("api_key_header", "X-Key"), ("api_key", "k-1")]).await;
        assert_eq!((request.header("x-key"), request.header("authorization")), (Some("k-1"), None));
    }

    async fn hmac_signs_timestamp_and_body(app: TestApp) {
        let request = sent(&app, &[("auth", "hmac"), ("client_id", "desk 1"), ("client_secret", SECRET)]).await;
        assert_eq!(request.header("x-client-id"), Some("desk 1"));
        let timestamp = request.header("x-timestamp").unwrap();
        assert_eq!(timestamp, app.clock.now().seconds().to_string());
        let body = String::from_utf8(request.body.clone()).unwrap();
        let script = "import hashlib, hmac, sys; print(hmac.new(sys.argv[1].encode(), (sys.argv[2] + '.' + sys.argv[3]).encode(), hashlib.sha256).hexdigest())";
        let other = Command::new("python3").args(["-c", script, SECRET, timestamp, &body]).output().expect("python3 runs: tests/run installs it");
        let expected = format!("sha256={}", String::from_utf8(other.stdout).unwrap().trim());
        assert_eq!(request.header("x-signature"), Some(expected.as_str()));
    }

    async fn form_urlencoded_carries_the_json_in_payload(app: TestApp) {
        let request = sent(&app, &[("content_type", "form"), ("auth", "hmac"), ("client_id", "c"), ("client_secret", SECRET)]).await;
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let json = format!(r#"{{"event":"STATUS_SET_TO_RELEASED_EVENT","data":{DATA},"webhook_name":"CI"}}"#);
        assert_eq!(fields, [("payload".to_owned(), json)]);
    }

    async fn an_edit_is_used_by_the_next_request(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let base = receiver.url("");
        let login = [("base_url", base.as_str()), ("auth", "token"), ("token_key", "Bearer")];
        let id = credential(&admin, &[&login[..], &[("token", "first")]].concat()).await;
        webhook(&admin, "/", &id, &[("header_name", "X-Own"), ("header_value", "own")]).await;
        app.publish(DATA).await;
        app.drain().await;
        let change = [&login[..], &[("name", "Desk"), ("content_type", "json"), ("token", "second"), ("version", "1")]].concat();
        assert_eq!(admin.post(&format!("{LIST}/{id}"), &change).await.status(), 303);
        app.publish(DATA).await;
        app.drain().await;
        let requests = receiver.requests();
        let seen: Vec<_> = requests.iter().map(|request| (request.header("authorization"), request.header("x-own"))).collect();
        assert_eq!(seen, [(Some("Bearer first"), Some("own")), (Some("Bearer second"), Some("own"))]);
    }
}
