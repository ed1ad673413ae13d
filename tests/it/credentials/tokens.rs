//! Tokens of OAuth 2 client credentials: fetched once, kept, renewed, and their faults told without a secret.

use std::time::Duration;

use diesel::prelude::*;
use postrider::delivery::Outcome;
use postrider::schema::attempts;

use super::*;
use crate::support::app::both;

const DATA: &str = "{}";

/// A credential that asks this endpoint.
async fn client(admin: &Browser, endpoint: &Receiver, receiver: &Receiver) -> String {
    let (base, url) = (receiver.url(""), endpoint.url("/token"));
    credential(
        admin,
        &[
            ("base_url", &base),
            ("auth", "oauth2_client"),
            ("token_url", &url),
            ("client_id", "desk"),
            ("client_secret", SECRET),
            ("scope", "hooks:write more"),
        ],
    )
    .await
}

async fn endpoint(behaviour: Behaviour) -> Receiver {
    Receiver::open(behaviour).await
}

/// Publishes and sends.
async fn publish(app: &TestApp) {
    app.publish(DATA).await;
    app.drain().await;
}

fn logins(receiver: &Receiver) -> Vec<String> {
    receiver.requests().iter().map(|request| request.header("authorization").unwrap_or_default().to_owned()).collect()
}

async fn ends(app: &TestApp) -> Vec<(Outcome, Option<i32>, Option<String>)> {
    app.read(|conn| {
        Ok(attempts::table
            .order((attempts::delivery_id, attempts::number))
            .select((attempts::outcome, attempts::status, attempts::detail))
            .load(conn)?)
    })
    .await
}

both! {
    async fn a_token_is_fetched_once_and_kept_until_it_expires(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let endpoint = endpoint(Behaviour::Sequence(vec![token("tok-1", 600), token("tok-2", 600)])).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        publish(&app).await;
        publish(&app).await;
        assert_eq!(logins(&receiver), ["Bearer tok-1", "Bearer tok-1"]);
        let [asked] = endpoint.requests().try_into().expect("one token request");
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/token"));
        // RFC 6749: the client's name and secret are encoded before they are Basic.
        use base64::Engine;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("desk:{SECRET}"));
        assert_eq!(asked.header("authorization"), Some(format!("Basic {pair}").as_str()));
        assert_eq!(String::from_utf8(asked.body).unwrap(), "grant_type=client_credentials&scope=hooks%3Awrite+more");
        app.advance(Duration::from_secs(571));
        publish(&app).await;
        assert_eq!(logins(&receiver).last().unwrap(), "Bearer tok-2", "half a minute before its end it is renewed");
    }

    async fn an_edit_drops_the_token(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let endpoint = endpoint(Behaviour::Sequence(vec![token("tok-1", 600), token("tok-2", 600)])).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        publish(&app).await;
        let (base, url) = (receiver.url(""), endpoint.url("/token"));
        let change = [("name", "Desk"), ("base_url", base.as_str()), ("auth", "oauth2_client"), ("token_url", &url), ("client_id", "other"),
            ("client_secret", ""), ("version", "1")];
        assert_eq!(admin.post(&format!("{LIST}/{id}"), &change).await.status(), 303);
        publish(&app).await;
        assert_eq!(logins(&receiver), ["Bearer tok-1", "Bearer tok-2"]);
    }

    async fn a_401_renews_the_token_once_within_the_attempt(app: TestApp) {
        let admin = app.admin().await;
        let refusing = receiver::Answer::status(401);
        let receiver = Receiver::open(Behaviour::Sequence(vec![receiver::Answer::status(200), refusing.clone(), receiver::Answer::status(200), refusing])).await;
        let endpoint = endpoint(Behaviour::Sequence(vec![token("tok-1", 600), token("tok-2", 600), token("tok-3", 600)])).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        publish(&app).await;
        publish(&app).await;
        assert_eq!(logins(&receiver), ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]);
        assert_eq!(ends(&app).await, [(Outcome::Ok, Some(200), None), (Outcome::Ok, Some(200), None)], "one attempt, not two");
        publish(&app).await;
        assert_eq!(logins(&receiver)[3..], ["Bearer tok-2", "Bearer tok-3"]);
        assert_eq!(ends(&app).await[2].1, Some(401), "the second refusal counts");
        assert_eq!(endpoint.requests().len(), 3);
    }

    async fn deliveries_at_once_share_one_request(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let endpoint = endpoint(Behaviour::Answer(token("tok-1", 600).after(Duration::from_millis(150)))).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/a", &id, &[]).await;
        webhook(&admin, "/b", &id, &[("name", "B")]).await;
        app.drain().await;
        for _ in 0..3 {
            app.publish(DATA).await;
        }
        app.drain().await;
        assert_eq!(receiver.requests().len(), 6);
        assert_eq!(endpoint.requests().len(), 1, "two webhooks with one credential and one token");
    }

    async fn a_failure_is_shared_told_and_masked(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let body = format!(r#"{{"error":"invalid_client","error_description":"{SECRET} is wrong <b>"}}"#);
        let refusing = receiver::Answer::status(401).header("Content-Type", "application/json").body(body).after(Duration::from_millis(150));
        let endpoint = endpoint(Behaviour::Answer(refusing)).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        app.drain().await;
        for _ in 0..3 {
            app.publish(DATA).await;
        }
        app.drain().await;
        assert_eq!((receiver.requests().len(), endpoint.requests().len()), (0, 1), "who waited shares the end");
        let ends = ends(&app).await;
        assert_eq!(ends.len(), 3);
        for (outcome, status, detail) in ends {
            assert_eq!((outcome, status), (Outcome::AuthError, None));
            assert_eq!(detail.as_deref(), Some("The token endpoint answered 401, invalid_client: •••• is wrong <b>"));
        }
        let delivery = admin.get("/deliveries").await.attributes("tbody th a", "href").remove(0);
        let letter = admin.get(&delivery).await;
        assert!(letter.has("could not be fetched") && letter.has("invalid_client") && !letter.has(SECRET));
        assert!(!rows(&app).await.contains(SECRET));
    }

    async fn an_answer_without_a_token_is_never_told(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let json = |status, body: &str| receiver::Answer::status(status).header("Content-Type", "application/json").body(body);
        let endpoint = endpoint(Behaviour::Answer(json(200, r#"{"access_token":"leaked-token"}"#))).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        for (answer, words) in [
            (json(200, r#"{"access_token":"leaked-token"}"#), "answered 200, but not with a token"),
            (json(200, r#"{"access_token":"leaked-token","token_type":"mac"}"#), "another type than Bearer"),
            (json(200, r#"{"access_token":"leaked token","token_type":"bearer"}"#), "no header can carry"),
            (receiver::Answer::status(302).header("Location", "http://127.0.0.1:1/"), "answered 302"),
            (receiver::Answer::status(500).body(format!("oops {SECRET}\n at line 3")), "answered 500: oops •••• at line 3"),
        ] {
            endpoint.behave(Behaviour::Answer(answer));
            publish(&app).await;
            let (outcome, _, detail) = ends(&app).await.pop().unwrap();
            assert_eq!(outcome, Outcome::AuthError);
            let detail = detail.unwrap();
            assert!(detail.contains(words) && !detail.contains("leaked"), "{detail}");
        }
        assert_eq!(receiver.requests().len(), 0);
    }

    async fn the_egress_guard_judges_the_token_request_too(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let closed = Receiver::answering(200).await;
        let refused = admin.post(LIST, &[("name", "X"), ("auth", "oauth2_client"), ("token_url", &closed.url("/")), ("client_id", "a"),
            ("client_secret", "b")]).await;
        assert!(error(&refused, "token_url").contains("loopback") || refused.status() == 422);
        let endpoint = endpoint(Behaviour::Answer(token("tok-1", 600))).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        // As a name that turned to another address, or a policy that was made stricter since.
        let stored = closed.url("/");
        app.write(move |tx| {
            use postrider::schema::credentials;
            diesel::update(credentials::table).set(credentials::auth_token_url.eq(stored)).execute(&mut **tx)?;
            postrider::credentials::touch(tx)
        })
        .await;
        publish(&app).await;
        let (outcome, _, detail) = ends(&app).await.pop().unwrap();
        assert_eq!((outcome, closed.connections(), receiver.requests().len()), (Outcome::AuthError, 0, 0));
        assert!(detail.unwrap().contains("blocked"));
    }

    async fn the_token_request_counts_against_the_attempts_time(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let endpoint = endpoint(Behaviour::Answer(token("tok-1", 600).after(Duration::from_secs(20)))).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[("timeout", "1")]).await;
        let started = std::time::Instant::now();
        publish(&app).await;
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(ends(&app).await[0].0, Outcome::AuthError);
    }

    async fn a_test_shows_the_token_request_as_a_step_of_its_own(app: TestApp) {
        let (admin, receiver) = (app.admin().await, taking().await);
        let endpoint = endpoint(Behaviour::Answer(token("hush-token", 600))).await;
        let (url, token_url) = (receiver.url("/hook"), endpoint.url("/token"));
        let typed = [("name", "CI"), ("url", url.as_str()), ("auth", "oauth2_client"), ("token_url", &token_url), ("client_id", "desk"),
            ("client_secret", SECRET), ("timeout", "5"), ("events", "document.released")];
        for round in 1..=2 {
            let answer = admin.post("/settings/webhooks/test", &typed).await;
            let steps = answer.texts("#test-result .step");
            assert_eq!(steps.len(), 2, "{}", answer.text());
            assert!(steps[0].contains(&token_url) && steps[0].contains("200 OK in ") && steps[1].contains("200 OK in "), "{steps:?}");
            assert!(!answer.has(SECRET) && !answer.has("hush-token") && answer.has("authorization"));
            assert_eq!(endpoint.requests().len(), round, "a test always asks");
        }
        endpoint.behave(Behaviour::Answer(receiver::Answer::status(400).header("Content-Type", "application/json").body(r#"{"error":"invalid_scope"}"#)));
        let failed = admin.post("/settings/webhooks/test", &typed).await;
        let steps = failed.texts("#test-result .step");
        assert!(steps[0].contains("invalid_scope") && steps[1].contains("Not sent"), "{steps:?}");
        assert_eq!(receiver.requests().len(), 2);
        assert!(!rows(&app).await.contains("hush-token"));
    }

    async fn nothing_secret_is_logged(app: TestApp) {
        let log = Log::default();
        let to = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || to.clone()).finish();
        let kept = tracing::subscriber::set_default(lines);
        let (admin, receiver) = (app.admin().await, taking().await);
        let refusing = receiver::Answer::status(401).header("Content-Type", "application/json").body(format!(r#"{{"error":"{SECRET}"}}"#));
        let endpoint = endpoint(Behaviour::Sequence(vec![token("hush-token", 600), refusing])).await;
        let id = client(&admin, &endpoint, &receiver).await;
        webhook(&admin, "/hook", &id, &[]).await;
        publish(&app).await;
        receiver.behave(Behaviour::Answer(receiver::Answer::status(401)));
        publish(&app).await;
        admin.post(LIST, &[("name", ""), ("auth", "token"), ("token", "hush-token")]).await;
        tracing::info!("the log is kept");
        drop(kept);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("the log is kept") && log.lines().count() > 5, "{log}");
        for secret in [SECRET, "hush-token"] {
            assert!(!log.contains(secret), "{}", log.lines().find(|line| line.contains(secret)).unwrap());
        }
        assert_eq!(ends(&app).await[1].1, Some(401), "the fault of the renewal is told beside the receiver's answer");
        assert!(ends(&app).await[1].2.as_deref().is_some_and(|detail| detail.contains("••••")));
    }
}

/// What the log would hold.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
