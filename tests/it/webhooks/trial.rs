//! Test webhook: one real request from the values as typed, told in place and kept in the history.

use super::dialog::vectors;
use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};

const TEST: &str = "/settings/webhooks/test";

async fn answering(answer: receiver::Answer) -> Receiver {
    Receiver::open(Behaviour::Answer(answer)).await
}

/// Presses Test webhook on unsaved values.
async fn test(admin: &Browser, changes: &[(&str, &str)]) -> Answer {
    admin.post(TEST, &fields(changes)).await
}

both! {
    async fn what_is_typed_is_sent_told_and_kept_as_a_test(app: TestApp) {
        let admin = app.admin().await;
        let receiver = answering(receiver::Answer::status(201).header("X-Seen", "yes").body("thanks <b>")).await;
        let typed = [("url", &*receiver.url("/in?x=1")), ("auth", "oauth"), ("token", "hush-token-2"),
            ("method", "PUT"), ("test_event", "publication.published")];
        let answer = test(&admin, &typed).await;
        assert_eq!(answer.status(), 200);
        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/in?x=1"));
        assert_eq!(request.header("authorization"), Some("Bearer hush-token-2"));
        assert_eq!(request.header("x-webhook-test"), Some("true"));
        assert!(String::from_utf8(request.body).unwrap().starts_with(r#"{"event":"PUBLISHED_EVENT""#));
        assert!(answer.has("201 Created in ") && answer.has("thanks &#60;b&#62;") && answer.has("x-seen"));
        assert!(!answer.has("hush-token-2"));
        assert_eq!(answer.attributes("#f-name", "value"), ["Build server"], "the form is as it was");
        let href = answer.attributes("#test-result a", "href").remove(0);
        let letter = admin.get(&href).await;
        assert!(letter.has("test") && letter.has("thanks") && !letter.has("hush-token-2"));
        assert_eq!(count(&app).await, 0);
        assert_eq!(admin.get("/deliveries?test=true").await.texts("tbody th").len(), 1);
        assert_eq!(app.audit_actions().await.last().unwrap(), "webhook.tested");
    }

    async fn each_failure_is_told_with_what_to_do(app: TestApp) {
        let admin = app.admin().await;
        for (status, words) in [(404, "404"), (500, "500"), (302, "302")] {
            let receiver = answering(receiver::Answer::status(status).header("Location", "http://127.0.0.1:1/")).await;
            let answer = test(&admin, &[("url", &receiver.url("/"))]).await;
            let told = answer.texts("#test-result .result").remove(0);
            assert!(told.contains(words) && answer.attributes("#test-result .bad", "class").len() == 1, "{told}");
            assert_eq!(receiver.requests().len(), 1);
        }
        let closed = test(&admin, &[("url", "http://127.0.0.9:1/")]).await;
        assert!(closed.has("refused"), "{:?}", closed.texts("#test-result"));
    }

    async fn a_stored_login_is_not_sent_to_a_new_address_by_a_test(app: TestApp) {
        let admin = app.admin().await;
        let receiver = answering(receiver::Answer::status(200)).await;
        let page = added(&admin, &[("auth", "oauth"), ("token", "hush-token-3")]).await;
        let id = page.rsplit('/').next().unwrap();
        let answer = test(&admin, &[("id", id), ("auth", "oauth"), ("url", &receiver.url("/"))]).await;
        assert_eq!(answer.status(), 422);
        assert!(error(&answer, "token").starts_with("Enter the credentials again"));
        assert_eq!(receiver.requests().len(), 0);
    }

    async fn every_refused_address_is_refused_by_a_test_in_the_same_words(app: TestApp) {
        let admin = app.admin().await;
        let mut refused = 0;
        for (_, url) in vectors().filter(|(verdict, url)| verdict.starts_with("deny") && !url.contains('\0')) {
            let (tested, saved) = (test(&admin, &[("url", &url)]).await, add(&admin, &[("url", &url)]).await);
            assert_eq!((tested.status(), saved.status()), (422, 422), "{url:?}");
            assert_eq!(error(&tested, "url"), error(&saved, "url"), "{url:?}");
            refused += 1;
        }
        println!("{refused} addresses refused by a test");
        assert!(refused > 60);
        assert_eq!(admin.get("/deliveries?test=true").await.texts("tbody th").len(), 0, "nothing was sent");
    }

    async fn ten_tests_a_minute_are_enough(app: TestApp) {
        let admin = app.admin().await;
        let receiver = answering(receiver::Answer::status(200)).await;
        for number in 1..=11 {
            let answer = test(&admin, &[("url", &receiver.url("/"))]).await;
            assert_eq!(answer.status(), if number <= 10 { 200 } else { 429 }, "test {number}");
        }
        assert_eq!(receiver.requests().len(), 10);
        app.advance(std::time::Duration::from_secs(61));
        assert_eq!(test(&admin, &[("url", &receiver.url("/"))]).await.status(), 200);
    }

    async fn a_saved_webhook_is_tested_from_its_row(app: TestApp) {
        let admin = app.admin().await;
        let receiver = answering(receiver::Answer::status(200)).await;
        let page = added(&admin, &[("url", &receiver.url("/")), ("events", "assignment.created")]).await;
        let dialog = admin.get(&format!("{page}/test")).await;
        assert_eq!(dialog.attributes("#f-test_event option[selected]", "value"), ["assignment.created"]);
        let answer = admin.post(&format!("{page}/test"), &[("test_event", "assignment.created")]).await;
        assert!(answer.has("200 OK in "));
        assert!(String::from_utf8(receiver.requests()[0].body.clone()).unwrap().contains("ASSIGNMENT_CREATED_EVENT"));
        assert_eq!(admin.post(&format!("{page}/test"), &[("test_event", "nothing")]).await.status(), 400);
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1, "a test is never repeated");
    }
}
