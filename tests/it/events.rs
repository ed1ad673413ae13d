//! The API that other systems post events to: what is taken, what is refused in which words, and once for each key.

use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use postrider::api_keys::Scope;
use postrider::schema::events;

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Program};
use crate::support::receiver::{self, Behaviour, Receiver};

const ADDRESS: &str = "/api/v1/events";
const EVENT: &str =
    r#"{"type":"document.released","data":{"resource_id":1042,"resource_title":"Safety guide","ratio":1.50}}"#;

async fn count(app: &TestApp) -> i64 {
    app.read(|conn| Ok(events::table.count().get_result(conn)?)).await
}

async fn writer(app: &TestApp) -> Program {
    app.api_key(&[Scope::EventsWrite]).await
}

/// Posts under an idempotency key.
async fn post_once(program: &Program, key: &str, body: &str) -> Answer {
    let request = TestRequest::post().uri(ADDRESS).insert_header((CONTENT_TYPE, "application/json"));
    program.send(request.insert_header(("idempotency-key", key)).set_payload(body.to_owned())).await
}

fn problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status(), answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    for field in ["type", "title", "detail", "request_id"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {body}");
    }
    assert_eq!(body["status"], status);
}

both! {
    async fn data_may_hold_what_no_column_of_text_holds(app: TestApp) {
        let program = writer(&app).await;
        let event = r#"{"type":"note.updated","data":{"name":"a\u0000b","resource_id":"\u0000"}}"#;
        let answer = program.post(ADDRESS, event).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
        let title: String = app.read(|conn| Ok(events::table.select(events::title).first(conn)?)).await;
        assert_eq!(title, "a b");
    }

    async fn an_event_is_taken_and_its_bytes_reach_the_webhook(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        let answer = writer(&app).await.post(ADDRESS, EVENT).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
        app.drain().await;
        let [request] = receiver.requests().try_into().expect("one request");
        assert_eq!(request.header("webhook-id"), answer.json()["id"].as_str());
        assert!(String::from_utf8(request.body).unwrap().contains(r#""ratio":1.50"#));
    }

    async fn an_array_is_taken_whole_in_its_order_or_not_at_all(app: TestApp) {
        let program = writer(&app).await;
        let events: Vec<String> =
            (0..1000).map(|id| format!(r#"{{"type":"document.released","data":{{"resource_id":{id}}}}}"#)).collect();
        let answer = program.post(ADDRESS, &format!("[{}]", events.join(","))).await;
        assert_eq!(answer.status(), 202);
        let ids: Vec<String> = serde_json::from_value(answer.json()["ids"].clone()).unwrap();
        assert_eq!((ids.len(), count(&app).await), (1000, 1000));
        assert!(ids.is_sorted());
        let broken = format!(r#"[{EVENT},{{"type":"document.released","data":1}},{{"type":"nothing","data":{{}}}}]"#);
        let answer = program.post(ADDRESS, &broken).await;
        problem(&answer, 422, "invalid_event");
        let errors = answer.json()["errors"].clone();
        assert_eq!((errors[0]["path"].as_str(), errors[1]["path"].as_str()), (Some("/1/data"), Some("/2/type")));
        assert_eq!(count(&app).await, 1000);
    }

    async fn a_repeated_request_is_answered_again_and_stored_once(app: TestApp) {
        let (program, other) = (writer(&app).await, writer(&app).await);
        let first = post_once(&program, "build-1042", EVENT).await;
        let again = post_once(&program, "build-1042", EVENT).await;
        assert_eq!((first.status(), again.status()), (202, 200));
        assert_eq!(first.json(), again.json());
        assert_eq!(count(&app).await, 1);
        problem(&post_once(&program, "build-1042", &EVENT.replace("1042", "1043")).await, 409, "idempotency_conflict");
        assert_eq!(post_once(&other, "build-1042", EVENT).await.status(), 202, "a key is its sender's own");
        app.advance(Duration::from_hours(24) + Duration::from_secs(1));
        assert_eq!(post_once(&program, "build-1042", EVENT).await.status(), 202, "forgotten after a day");
        for unsound in ["", "two words", &"k".repeat(256)] {
            problem(&post_once(&program, unsound, EVENT).await, 400, "invalid_event");
        }
        assert_eq!(count(&app).await, 3);
    }

    async fn what_cannot_be_taken_is_refused_with_a_stable_code(app: TestApp) {
        let program = writer(&app).await;
        let large = |bytes: usize| format!(r#"{{"type":"document.released","data":{{"x":"{}"}}}}"#, "x".repeat(bytes));
        for (body, status, code) in [
            ("", 400, "invalid_json"),
            ("{\"type\":\"document.released\",\"type\":\"document.released\",\"data\":{}}", 400, "invalid_json"),
            ("\u{feff}{}", 400, "invalid_json"),
            (r#"{"type":"document.released","data":{},"admin":true}"#, 400, "unknown_field"),
            ("[]", 422, "invalid_event"),
            ("null", 422, "invalid_event"),
            (r#"{"type":"document.released","data":{},"occurred_at":"1960-01-01T00:00:00Z"}"#, 422, "invalid_event"),
            (r#"{"type":"a..b","data":{}}"#, 422, "unknown_type"),
            (&large(256 * 1024), 413, "too_large"),
            (&format!("[{}]", vec![large(200_000); 22].join(",")), 413, "too_large"),
        ] {
            problem(&program.post(ADDRESS, body).await, status, code);
        }
        assert_eq!(count(&app).await, 0);
    }

    async fn another_type_or_encoding_of_content_is_not_taken(app: TestApp) {
        let program = writer(&app).await;
        for (name, value) in [
            ("content-type", "text/plain"),
            ("content-type", "application/json; charset=latin1"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
        ] {
            let request = TestRequest::post().uri(ADDRESS).insert_header((CONTENT_TYPE, "application/json"));
            let answer = program.send(request.insert_header((name, value)).set_payload(EVENT)).await;
            problem(&answer, 415, "unsupported_media_type");
        }
        let none = program.send(TestRequest::post().uri(ADDRESS).set_payload(EVENT)).await;
        problem(&none, 415, "unsupported_media_type");
        assert_eq!(count(&app).await, 0);
    }

    async fn who_may_not_post_is_told_the_same_whatever_is_wrong(app: TestApp) {
        let program = writer(&app).await;
        assert_eq!(program.post(ADDRESS, EVENT).await.status(), 202);
        let mut bodies = Vec::new();
        for token in ["", "Bearer", "Bearer prk_12345678_", "Bearer prk_12345678_abcdefghijklmnopqrstuvwxyz012345", "Basic YTpi"] {
            let request = TestRequest::post().uri(ADDRESS).insert_header((CONTENT_TYPE, "application/json"));
            let request = request.insert_header(("authorization", token)).set_payload(EVENT);
            let answer = app.anonymous().send(request).await;
            problem(&answer, 401, "unauthorized");
            let mut body = answer.json();
            body["request_id"] = "".into();
            bodies.push(body);
        }
        bodies.dedup();
        assert_eq!((bodies.len(), count(&app).await), (1, 1));
        problem(&app.api_key(&[Scope::EventsRead]).await.post(ADDRESS, EVENT).await, 403, "forbidden");
    }
}

/// Another program holds the embedded database for longer than we wait.
#[actix_web::test]
async fn a_database_that_cannot_be_written_is_said_and_nothing_is_acknowledged() {
    let app = TestApp::sqlite().await;
    let program = writer(&app).await;
    let file = app.data_dir().join("postrider.db");
    let mut other = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    other.batch_execute("begin immediate").unwrap();
    let answer = program.post(ADDRESS, EVENT).await;
    problem(&answer, 503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    other.batch_execute("rollback").unwrap();
    assert_eq!(count(&app).await, 0);
    assert_eq!(program.post(ADDRESS, EVENT).await.status(), 202, "it goes on without a new start");
}
