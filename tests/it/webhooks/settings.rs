//! Format, environment and headers of a webhook's own: what may be typed, what is sent, and that values stay secret.

use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};
use postrider::events::Environment;

const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide","ratio":1.50}"#;

async fn answering() -> Receiver {
    Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await
}

fn id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

both! {
    async fn each_format_leaves_byte_for_byte(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        let envelope = added(&admin, &[("url", &receiver.url("/envelope")), ("format", "envelope"), ("name", "E")]).await;
        added(&admin, &[("url", &receiver.url("/standard")), ("format", "standard")]).await;
        app.step().await;
        let event = app.publish(DATA).await;
        app.drain().await;
        for request in receiver.requests() {
            let body = String::from_utf8(request.body).unwrap();
            let expected = match request.path.as_str() {
                "/standard" => format!(r#"{{"type":"document.released","timestamp":"2026-11-24T10:00:00.000Z","data":{DATA}}}"#),
                _ => format!(
                    r#"{{"event_time":"2026-11-24T10:00:00.000Z","event_type":"document.released","current_context":{{"actor":null,"source":"content","environment":"production","webhook":{{"id":"{}","code":"e","name":"E"}},"event_id":"{event}"}},"data":{DATA}}}"#,
                    id(&envelope)
                ),
            };
            assert_eq!(body, expected);
        }
        assert_eq!(receiver.requests().len(), 2);
        assert_eq!(add(&admin, &[("format", "xml")]).await.status(), 422);
    }

    async fn a_webhook_gets_the_events_of_its_environment_alone(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        added(&admin, &[("url", &receiver.url("/test")), ("environment", "test")]).await;
        assert!(admin.get(LIST).await.texts("tbody .badge").contains(&"test".to_owned()));
        app.step().await;
        app.publish(DATA).await;
        app.drain().await;
        assert_eq!(receiver.requests().len(), 0);
        app.publish_in(Environment::Test, DATA).await;
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1);
        assert_eq!(add(&admin, &[("environment", "moon")]).await.status(), 422);
    }

    async fn own_headers_are_sent_and_never_shown_again(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        let url = receiver.url("/");
        let pairs = [("url", &*url), ("header_name", "X-Team"), ("header_value", "docs team"),
            ("header_name", ""), ("header_value", ""), ("header_name", "X-Key"), ("header_value", "hush-header-7")];
        let page = added(&admin, &pairs).await;
        app.step().await;
        app.publish(DATA).await;
        app.drain().await;
        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!((request.header("x-team"), request.header("x-key")), (Some("docs team"), Some("hush-header-7")));
        let delivery = admin.get("/deliveries").await.attributes("tbody a.name", "href").remove(0);
        for address in [LIST, &page, &format!("{page}/edit"), &format!("{page}?tab=settings"), &delivery, "/settings/audit"] {
            assert!(!admin.get(address).await.has("hush-header-7"), "{address}");
        }
        let dialog = admin.get(&format!("{page}/edit")).await;
        assert_eq!(dialog.attributes("input[name=header_name]", "value"), ["X-Team", "X-Key", "", "", ""]);
        let kept = [("url", &*url), ("header_name", "X-Key"), ("header_value", ""), ("name", "Renamed")];
        assert_eq!(edit(&admin, &page, &kept).await.status(), 303);
        app.publish(DATA).await;
        app.drain().await;
        let second = receiver.requests().pop().unwrap();
        assert_eq!((second.header("x-team"), second.header("x-key")), (None, Some("hush-header-7")));
        let moved = [("url", "https://evil.example.org/"), ("header_name", "X-Key"), ("header_value", "")];
        let refused = edit(&admin, &page, &moved).await;
        assert_eq!(refused.status(), 422);
        assert!(error(&refused, "headers").contains("again for the new address"), "{}", error(&refused, "headers"));
        let sql: Vec<Option<String>> = app.read(|conn| {
            use diesel::prelude::*;
            Ok(postrider::schema::webhooks::table.select(postrider::schema::webhooks::headers).load(conn)?)
        }).await;
        assert!(!sql[0].as_deref().unwrap().contains("hush"), "sealed in the table");
    }

    async fn a_header_that_could_do_harm_is_refused_by_name(app: TestApp) {
        let admin = app.admin().await;
        for name in ["Host", "content-length", "Transfer-Encoding", "Connection", "Cookie", "webhook-id", "X-Webhook-Test",
            "X-Forwarded-For", "Metadata-Flavor", "X-aws-ec2-metadata-token", "Proxy-Authorization", "Accept-Encoding"] {
            let answer = add(&admin, &[("header_name", name), ("header_value", "x")]).await;
            assert_eq!(answer.status(), 422, "{name}");
            assert!(error(&answer, "headers").contains(name), "{name}: {}", error(&answer, "headers"));
        }
        for (name, value) in [("X A", "x"), ("x:a", "x"), ("ünï", "x"), ("", "x"), ("X-A", ""), ("X-A", "a\r\nb"), ("X-A", "ä"),
            (&"a".repeat(257), "x"), ("X-A", &"x".repeat(8_200))] {
            assert_eq!(add(&admin, &[("header_name", name), ("header_value", value)]).await.status(), 422, "{name} {value}");
        }
        let twice = [("header_name", "X-A"), ("header_value", "1"), ("header_name", "x-a"), ("header_value", "2")];
        assert_eq!(add(&admin, &twice).await.status(), 422);
        let many: Vec<String> = (0..51).map(|number| format!("X-{number}")).collect();
        let many: Vec<(&str, &str)> = many.iter().flat_map(|name| [("header_name", name.as_str()), ("header_value", "x")]).collect();
        assert_eq!(add(&admin, &many).await.status(), 422);
        let login = [("auth", "oauth"), ("token", "t"), ("header_name", "authorization"), ("header_value", "x")];
        assert!(error(&add(&admin, &login).await, "headers").contains("authorization"));
        assert_eq!(count(&app).await, 0);
    }
}
