//! What a receiver sees.

use std::process::Command;

use super::*;
use crate::support::app::both;

both! {
    async fn a_published_event_arrives_with_its_exact_body_and_headers(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/in"), &[]).await;
        let event = app.publish(DATA).await;
        app.drain().await;

        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in"));
        let body = format!(r#"{{"event":"STATUS_SET_TO_RELEASED_EVENT","data":{DATA},"webhook_name":"CI"}}"#);
        assert_eq!(String::from_utf8(request.body.clone()).unwrap(), body);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("webhook-id"), Some(event.as_str()));
        assert_eq!(request.header("x-webhook-attempt"), Some("1"));
        assert_eq!(request.header("x-webhook-test"), None);
        let agent = format!("Postrider/{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(agent.as_str()));
        assert_eq!(states(&app).await, [State::Delivered]);
        assert_eq!(outcomes(&app).await, [(1, Outcome::Ok, Reason::Schedule)]);
    }

    async fn numbers_in_data_leave_as_they_came(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        let data = r#"{"n": 90071992547409930, "z":-0,  "f":1.0, "u":"é"}"#;
        app.publish(data).await;
        app.drain().await;
        let body = String::from_utf8(receiver.requests()[0].body.clone()).unwrap();
        assert!(body.contains(data), "{body}");
    }

    async fn each_login_is_written_as_its_receiver_reads_it(app: TestApp) {
        let receiver = answering(200).await;
        let url = receiver.url("/");
        app.add_webhook(&url, &[("auth", "oauth"), ("token", "tok-1"), ("method", "PUT")]).await;
        app.add_webhook(&url, &[("auth", "basic"), ("username", "ada"), ("password", "pass:word")]).await;
        app.add_webhook(&url, &[("auth", "api_key"), ("api_key_header", "X-Key"), ("api_key", "k-1")]).await;
        app.publish(DATA).await;
        app.drain().await;
        let requests = receiver.requests();
        let mut seen: Vec<_> = requests
            .iter()
            .map(|request| (request.method.as_str(), request.header("authorization"), request.header("x-key")))
            .collect();
        seen.sort_unstable();
        assert_eq!(
            seen,
            [
                ("POST", None, Some("k-1")),
                ("POST", Some("Basic YWRhOnBhc3M6d29yZA=="), None),
                ("PUT", Some("Bearer tok-1"), None),
            ]
        );
    }

    async fn a_received_request_verifies_with_the_library_of_the_standard(app: TestApp) {
        let receiver = answering(200).await;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        app.add_webhook(&receiver.url("/"), &[("signing_secret", secret)]).await;
        // The library refuses what is older than five minutes by its own clock.
        app.advance(now().since(app.clock.now()));
        app.publish(DATA).await;
        app.drain().await;
        let request = &receiver.requests()[0];
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert!(verifies(secret, request, &body), "the signature of what arrived");
        assert!(!verifies(secret, request, &format!("{body} ")), "another body is refused");
    }
}

fn now() -> postrider::clock::Time {
    postrider::clock::Clock::system().now()
}

/// Asks the published library for npm, which `tests/run` installs.
fn verifies(secret: &str, request: &crate::support::receiver::Received, body: &str) -> bool {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/node_modules/standardwebhooks");
    assert!(
        std::path::Path::new(library).exists(),
        "{library} is missing: run the tests with tests/run, which installs it"
    );
    let headers: serde_json::Map<String, serde_json::Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let script = "const [library, secret, headers, body] = process.argv.slice(1); \
                  const { Webhook } = require(library); \
                  new Webhook(secret).verify(body, JSON.parse(headers));";
    let headers = serde_json::Value::Object(headers).to_string();
    let ran = Command::new("node").args(["-e", script, "--", library, secret, &headers, body]).output();
    ran.expect("node runs: tests/run installs it").status.success()
}
