//! What a receiver sees.

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
}
