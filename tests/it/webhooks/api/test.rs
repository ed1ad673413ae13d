//! The API of Test webhook: sent as the page sends it, told as the history tells it.

use super::*;

async fn test(program: &Program, id: &str, body: Option<&Value>) -> Answer {
    call(program, "post", &format!("{ONE}/test"), &format!("{ALL}/{id}/test"), body).await
}

async fn answering(answer: receiver::Answer) -> Receiver {
    Receiver::open(Behaviour::Answer(answer)).await
}

/// A webhook with a login that is switched off, to that address.
async fn webhook(program: &Program, url: &str) -> String {
    let mut wish = full();
    wish["url"] = json!(url);
    id(&add(program, &wish).await)
}

both! {
    async fn a_test_is_sent_and_told_as_the_history_tells_it(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let receiver = answering(receiver::Answer::status(201).body("thanks")).await;
        let webhook = webhook(&program, &receiver.url("/in")).await;
        let answer = test(&program, &webhook, None).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/in"));
        assert_eq!(request.header("x-webhook-test"), Some("true"));
        assert_eq!(request.header("authorization"), Some("Basic Y2k6aHVzaC1wYXNzLTk="));
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert!(body.starts_with(r#"{"type":"document.released""#), "the first ticked one of the catalogue: {body}");
        let told = answer.json();
        assert_eq!((&told["webhook_id"], &told["test"], &told["state"]), (&json!(webhook), &json!(true), &json!("delivered")));
        assert_eq!((&told["event_type"], &told["body"]["data"]), (&json!("document.released"), &json!(body)));
        let attempt = &told["attempts"][0];
        assert_eq!((&attempt["outcome"], &attempt["cause"], &attempt["reason"]), (&json!("ok"), &json!(null), &json!("test")));
        assert_eq!((&attempt["response"]["status"], &attempt["response"]["body"]["data"]), (&json!(201), &json!("thanks")));
        assert!(attempt["timing"]["total_us"].as_i64().is_some_and(|time| time > 0), "{attempt}");
        assert!(!answer.has("hush-") && !answer.has("Y2k6"), "{}", answer.text());
        let reader = app.api_key(&[Scope::DeliveriesRead]).await;
        let kept = reader.get(&format!("/api/v1/deliveries/{}", told["id"].as_str().unwrap())).await;
        assert_eq!(kept.json(), told);
        assert!(app.audit_actions().await.contains(&"webhook.tested".to_owned()));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1, "a test is never repeated");
    }

    async fn a_refusal_of_the_receiver_is_a_finding(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let receiver = answering(receiver::Answer::status(503)).await;
        let busy = webhook(&program, &receiver.url("/")).await;
        let answer = test(&program, &busy, Some(&json!({ "type": "assignment.created" }))).await;
        let told = answer.json();
        assert_eq!((answer.status(), &told["state"], &told["event_type"]), (200, &json!("failed"), &json!("assignment.created")));
        assert_eq!((&told["last_status"], &told["next_attempt_at"]), (&json!(503), &json!(null)));
        let attempt = &told["attempts"][0];
        assert!(attempt["cause"].as_str().unwrap().contains("503") && attempt["remedy"].is_string(), "{attempt}");
        let closed = webhook(&program, "http://127.0.0.9:1/").await;
        let told = test(&program, &closed, Some(&json!({}))).await.json();
        assert_eq!((&told["last_outcome"], &told["attempts"][0]["response"]), (&json!("refused"), &json!(null)));
    }

    async fn what_cannot_be_tested_with_is_told_and_nothing_is_sent(app: TestApp) {
        let program = app.api_key(SCOPES).await;
        let receiver = answering(receiver::Answer::status(200)).await;
        let webhook = webhook(&program, &receiver.url("/")).await;
        for (body, status, code, path) in [
            (r#"{"type":"no.such"}"#, 422, "unknown_type", "/type"),
            (r#"{"type":7}"#, 422, "unknown_type", "/type"),
            (r#"{"type":null}"#, 422, "unknown_type", "/type"),
            (r#"{"type":""}"#, 422, "unknown_type", "/type"),
            ("[]", 422, "unknown_type", ""),
            (r#"{"a/b":1}"#, 400, "unknown_field", "/a~1b"),
            ("{", 400, "invalid_json", ""),
            (r#"{"type":"user.created","type":"user.created"}"#, 400, "invalid_json", ""),
        ] {
            let answer = program.post(&format!("{ALL}/{webhook}/test"), body).await;
            expect_described("post", &format!("{ONE}/test"), &answer);
            let told = answer.json();
            assert_eq!((answer.status(), told["code"].as_str().unwrap()), (status, code), "{body}: {told}");
            if code != "invalid_json" {
                assert_eq!(problem(&answer).2, path, "{body}");
            }
        }
        let form = TestRequest::post().uri(&format!("{ALL}/{webhook}/test"));
        let form = form.insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded")).set_payload("type=user.created");
        assert_eq!(program.send(form).await.status(), 415);
        let other = app.api_key_in(Environment::Test, SCOPES).await;
        for answer in [test(&other, &webhook, None).await, test(&program, "whk_nonsense", None).await] {
            assert_eq!(answer.status(), 404);
        }
        let template = r#"{"n":{{ data.resource_id }}}"#;
        let page = app.admin().await;
        let fields = crate::webhooks::fields(&[("name", "Own"), ("format", "template"), ("template", template)]);
        let own = page.post("/settings/webhooks", &fields).await.header("location").rsplit('/').next().unwrap().to_owned();
        let fails = test(&program, &own, Some(&json!({ "type": "user.created" }))).await;
        assert_eq!(problem(&fails), (422, "invalid_webhook".to_owned(), "/type".to_owned()), "{}", fails.text());
        assert_eq!(receiver.requests().len(), 0);
    }

    async fn ten_tests_a_minute_are_enough_for_a_key(app: TestApp) {
        let (program, other) = (app.api_key(SCOPES).await, app.api_key(SCOPES).await);
        let receiver = answering(receiver::Answer::status(200)).await;
        let webhook = webhook(&program, &receiver.url("/")).await;
        for number in 1..=11 {
            let answer = test(&program, &webhook, None).await;
            assert_eq!(answer.status(), if number <= 10 { 200 } else { 429 }, "test {number}");
            assert_eq!(answer.header("retry-after").is_empty(), number <= 10);
        }
        assert_eq!(receiver.requests().len(), 10);
        assert_eq!(test(&other, &webhook, None).await.status(), 200, "another key has tests of its own");
        app.advance(std::time::Duration::from_secs(61));
        assert_eq!(test(&program, &webhook, None).await.status(), 200);
    }
}
