//! The API of events and deliveries: what it tells, to whom, and what a key that resends leaves on record.

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use postrider::api_keys::Scope;
use postrider::delivery::{DeliveryId, Kind, Outcome, State};
use postrider::events::Environment;
use postrider::webhooks::WebhookChanged;
use serde_json::{Value, json};

use super::list::one_of_each;
use crate::support::app::both;
use crate::support::browser::{Answer, Program};
use crate::support::contract::{expect_described, expect_valid};
use crate::support::fill::{self, Delivery, TOKEN};
use crate::support::receiver::{self, Behaviour, Receiver};

const LIST: &str = "/api/v1/deliveries";
const DELIVERY: &str = "/api/v1/deliveries/{id}";
const RESEND: &str = "/api/v1/deliveries/{id}/resend";
const EVENTS: &str = "/api/v1/events";
const EVENT: &str = "/api/v1/events/{id}";
const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide","ratio":1.50}"#;

/// Asks an operation; the answer is as it is described.
async fn get(program: &Program, operation: &str, path: &str) -> Answer {
    let answer = program.get(path).await;
    expect_described("get", operation, &answer);
    answer
}

async fn list(program: &Program, query: &str) -> Value {
    let answer = get(program, LIST, &format!("{LIST}?{query}")).await;
    assert_eq!(answer.status(), 200, "{query}: {}", answer.text());
    answer.json()
}

async fn read(program: &Program, id: &str) -> Answer {
    get(program, DELIVERY, &format!("{LIST}/{id}")).await
}

async fn resend(program: &Program, id: &str) -> Answer {
    let answer = program.send(TestRequest::post().uri(&format!("{LIST}/{id}/resend"))).await;
    expect_described("post", RESEND, &answer);
    answer
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn problem(answer: &Answer) -> (u16, String) {
    (answer.status(), answer.json()["code"].as_str().unwrap().to_owned())
}

/// Walks all pages.
async fn all(program: &Program, query: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = list(program, &format!("{query}{next}")).await;
        found.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

both! {
    async fn the_filters_are_those_of_the_page(app: TestApp) {
        let event = one_of_each(&app).await;
        let (browser, program) = (app.admin().await, app.api_key(&[Scope::DeliveriesRead]).await);
        let webhooks = browser.get("/deliveries").await.attributes("#webhook option", "value");
        let mut matched = 0;
        for query in [
            "", "state=queued", "state=retrying", "state=held", "state=sending", "state=delivered", "state=failed",
            "state=cancelled", &format!("webhook={}", webhooks[1]), &format!("webhook={}&state=held", webhooks[2]),
            "type=publication.published", "type=publication.published&state=delivered", "status=2xx", "status=404",
            "status=none", "test=true", "from=2026-11-24T19:00", "to=2026-11-24T12:00", "from=24h&state=failed", "q=SilENT",
            &format!("q={event}"), &format!("q={}", webhooks[2]), "q=%25", "limit=50", "state=&limit=&cursor=",
        ] {
            let page = browser.get(&format!("/deliveries?{query}")).await.attributes("table.rows a.name", "href");
            let listed: Vec<String> = ids(&list(&program, query).await).iter().map(|id| format!("/deliveries/{id}")).collect();
            assert_eq!(listed, page, "{query}");
            matched += usize::from(!page.is_empty());
        }
        assert_eq!(matched, 25, "a filter that finds nothing proves nothing");
        let page = list(&program, "").await;
        let row = |title: &str| page["data"].as_array().unwrap().iter().find(|row| row["title"] == title).unwrap().clone();
        assert_eq!((&row("held")["state"], &row("held")["next_attempt_at"]), (&json!("held"), &Value::Null));
        assert_eq!(row("retrying")["next_attempt_at"], "2026-11-24T16:00:00.000Z");
        assert_eq!((&row("test")["test"], &row("test")["webhook_id"]), (&json!(true), &Value::Null));
        assert_eq!(row("delivered")["event_id"], event.as_str());
        for (query, code, path) in [
            ("color=red", "unknown_field", "color"), ("state=failed&attempt=1", "unknown_field", "attempt"),
            ("state=lost", "invalid_parameter", "state"), ("webhook=1", "invalid_parameter", "webhook"),
            ("type=%27", "invalid_parameter", "type"), ("status=6xx", "invalid_parameter", "status"),
            ("from=x", "invalid_parameter", "from"), ("to=2026-02-30", "invalid_parameter", "to"),
            ("test=1", "invalid_parameter", "test"), ("cursor=abc", "invalid_parameter", "cursor"),
            ("limit=0", "invalid_parameter", "limit"),
        ] {
            let refused = get(&program, LIST, &format!("{LIST}?{query}")).await;
            assert_eq!(problem(&refused), (400, code.to_owned()), "{query}");
            assert_eq!(refused.json()["errors"][0]["path"], path, "{query}");
        }
        for query in ["state=failed&state=queued", "q=a%00b", "q=%ff"] {
            let refused = get(&program, LIST, &format!("{LIST}?{query}")).await;
            assert_eq!(problem(&refused), (400, "bad_request".to_owned()), "{query}");
        }
    }

    async fn pages_tell_everything_once_while_rows_arrive(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let mut expected = BTreeSet::new();
        for number in 0..60 {
            expected.insert(Delivery::delivered(&app, &number.to_string(), ci).add(&app).await.to_string());
        }
        let program = app.api_key(&[Scope::DeliveriesRead]).await;
        for filter in ["", "&state=delivered", "&q=ci"] {
            let (mut found, mut next, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = list(&program, &format!("limit=25{filter}{next}")).await;
                found.extend(ids(&page));
                pages += 1;
                let late = Delivery::delivered(&app, "late", ci).add(&app).await.to_string();
                assert!(!found.contains(&late));
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                next = format!("&cursor={cursor}");
            }
            assert!(pages >= 3, "{filter}");
            let once: BTreeSet<String> = found.iter().cloned().collect();
            assert_eq!(once.len(), found.len(), "{filter} told one twice");
            assert!(once.is_superset(&expected), "{filter} left one out");
        }
    }

    async fn a_key_knows_nothing_of_the_other_environment(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let (real, trial) = (app.api_key(Scope::ALL).await, app.api_key_in(Environment::Test, Scope::ALL).await);
        let mut mine: [Vec<String>; 2] = [Vec::new(), Vec::new()];
        for number in 0..40 {
            let environment = if number % 2 == 0 { Environment::Production } else { Environment::Test };
            let failed = Delivery { environment, ..Delivery::delivered(&app, "Guide", ci) };
            let id = failed.ended(State::Failed, 10, Some(Outcome::Status), Some(500)).add(&app).await;
            mine[number % 2].insert(0, id.to_string());
        }
        let webhook = format!("&webhook={ci}");
        for filter in
            ["", "&state=failed", "&type=document.released", "&status=5xx", "&q=guide", &webhook, "&state=failed&type=document.released"]
        {
            assert_eq!(all(&real, &format!("limit=25{filter}")).await, mine[0], "{filter}");
            assert_eq!(all(&trial, &format!("limit=25{filter}")).await, mine[1], "{filter}");
        }
        for (program, own, other) in [(&real, &mine[0][0], &mine[1][0]), (&trial, &mine[1][0], &mine[0][0])] {
            assert_eq!(read(program, own).await.status(), 200);
            assert_eq!(problem(&read(program, other).await), (404, "not_found".to_owned()));
            assert_eq!(problem(&resend(program, other).await), (404, "not_found".to_owned()));
            assert!(ids(&list(program, &format!("q={other}")).await).is_empty());
        }
        assert!(!app.audit_actions().await.contains(&"delivery.resent".to_owned()));

        let (one, two) = (app.publish_in(Environment::Production, DATA).await, app.publish_in(Environment::Test, DATA).await);
        for (program, own, other) in [(&real, one, two), (&trial, two, one)] {
            assert_eq!(get(program, EVENT, &format!("/api/v1/events/{own}")).await.status(), 200);
            let missing = get(program, EVENT, &format!("/api/v1/events/{other}")).await;
            assert_eq!(problem(&missing), (404, "not_found".to_owned()));
        }
    }

    async fn the_few_of_one_environment_are_found_among_the_many_of_the_other(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let add = async |environment| {
            Delivery { environment, ..Delivery::delivered(&app, "Needle", ci) }.add(&app).await.to_string()
        };
        let (real, trial) = (add(Environment::Production).await, add(Environment::Test).await);
        fill::deliveries(&app, 50_300, &[ci], app.clock.now()).await;
        // Older than all others by their ids, so that a walk passes those first.
        app.sql("update deliveries set id = 'dlv_0000' || substr(id, 9) where title = 'Needle'").await;
        let of_test = app.api_key_in(Environment::Test, &[Scope::DeliveriesRead]).await;
        let oldest = |id: &str| format!("dlv_0000{}", &id[8..]);
        for filter in ["", "state=delivered", "type=document.released", "state=delivered&type=document.released"] {
            assert_eq!(ids(&list(&of_test, filter).await), [oldest(&trial)], "{filter}");
        }
        // And the other way round: the many are passed in stretches.
        app.sql("update deliveries set environment = case environment when 'test' then 'production' else 'test' end").await;
        let of_real = app.api_key(&[Scope::DeliveriesRead]).await;
        let first = list(&of_real, "").await;
        assert!(ids(&first).is_empty() && first["next_cursor"].is_string(), "{first}");
        assert_eq!(all(&of_real, "limit=25").await, [oldest(&trial)]);
        assert_ne!(real, trial);
    }

    async fn a_delivery_is_told_with_every_attempt_and_no_secret(app: TestApp) {
        let busy = receiver::Answer::status(503).header("set-cookie", "sid=hush-cookie").body("busy");
        let answers = [busy, receiver::Answer::status(200).body(vec![0x89, b'P', 0, 255])];
        let receiver = Receiver::open(Behaviour::Sequence(answers.into())).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let event = app.publish(DATA).await;
        app.drain().await;
        let program = app.api_key(&[Scope::DeliveriesRead, Scope::EventsRead]).await;
        let id = ids(&list(&program, &format!("q={event}")).await).remove(0);

        let waits = read(&program, &id).await.json();
        let first = &waits["attempts"][0];
        assert_eq!((&waits["state"], &waits["attempt_count"]), (&json!("retrying"), &json!(1)));
        assert_eq!(waits["next_attempt_at"], first["next_attempt_at"]);
        assert_eq!((&first["outcome"], &first["response"]["status"]), (&json!("status"), &json!(503)));
        assert_eq!(first["cause"], "The receiver answered 503, so the service behind it is down or overloaded.");
        assert_eq!(first["remedy"], "Look at the receiver's log; the message is tried again.");
        assert_eq!(first["response"]["body"], json!({ "encoding": "text", "data": "busy", "bytes": 4, "truncated": false }));

        app.advance(std::time::Duration::from_secs(7));
        app.drain().await;
        let answer = read(&program, &id).await;
        let told = answer.json();
        let second = &told["attempts"][1];
        assert_eq!((&told["state"], &told["settled_at"]), (&json!("delivered"), &json!("2026-11-24T10:00:07.000Z")));
        assert_eq!((&told["next_attempt_at"], &second["cause"], &second["remedy"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(second["response"]["body"], json!({ "encoding": "base64", "data": "iVAA/w==", "bytes": 4, "truncated": false }));
        let sent = &receiver.requests()[1];
        assert_eq!(told["body"]["data"].as_str().unwrap().as_bytes(), sent.body);
        assert_eq!((&told["webhook_id"], &told["event_id"]), (&json!(ci), &json!(event)));
        let headers = second["request"]["headers"].as_array().unwrap();
        assert!(headers.contains(&json!({ "name": "authorization", "value": "••••" })), "{headers:?}");
        assert!(headers.contains(&json!({ "name": "webhook-id", "value": event })));
        assert!(second["timing"]["total_us"].is_i64());
        let secret: String = app.read(|conn| {
            use diesel::prelude::*;
            use postrider::schema::webhooks;
            Ok(webhooks::table.select(webhooks::signing_secret).first(conn)?)
        }).await;
        for hush in [TOKEN, "hush-cookie", "whsec_", &secret] {
            assert!(!answer.has(hush) && !program.get(LIST).await.has(hush), "{hush}");
        }
    }

    async fn what_was_not_kept_is_null(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let id = Delivery { body: None, ..Delivery::delivered(&app, "Guide", ci) }.add(&app).await;
        fill::attempt(&app, id, 1, Outcome::Ok, Some((200, Vec::new()))).await;
        let event = app.publish(DATA).await;
        app.sql("update attempts set response_body = null").await;
        app.sql("update events set data = null").await;
        let program = app.api_key(Scope::ALL).await;
        let told = read(&program, id.as_str()).await.json();
        assert_eq!((&told["body"], &told["attempts"][0]["response"]["body"]), (&Value::Null, &Value::Null));
        assert_eq!(told["resend_refused"], "Its body is past the time that bodies are kept.");
        assert_eq!(get(&program, EVENT, &format!("/api/v1/events/{event}")).await.json()["data"], Value::Null);
    }

    async fn an_event_is_told_byte_for_byte(app: TestApp) {
        let program = app.api_key(&[Scope::EventsRead, Scope::EventsWrite]).await;
        let data = r#"{"n": 90071992547409930, "z":-0,  "f":1.0, "u":"\u00e9"}"#;
        let event = format!(
            r#"{{"type":"document.released","data":{data},"previous":{{"b": 1}},"subject":"document:1042","actor":{{"id":"u-17","email":"ada@example.com"}},"occurred_at":"2026-11-24T11:00:00+02:00"}}"#
        );
        let one = program.post("/api/v1/events", &event).await;
        expect_described("post", "/api/v1/events", &one);
        let many = program.post("/api/v1/events", &format!("[{event},{event}]")).await;
        expect_described("post", "/api/v1/events", &many);
        for body in [event.clone(), format!("[{event}]")] {
            let schema = json!({ "$ref": "#/components/schemas/EventsToPublish" });
            expect_valid(&schema, &serde_json::from_str(&body).unwrap());
        }
        let id = one.json()["id"].as_str().unwrap().to_owned();
        let told = get(&program, EVENT, &format!("/api/v1/events/{id}")).await;
        assert!(told.has(&format!(r#""data":{data}"#)) && told.has(r#""previous":{"b": 1}"#), "{}", told.text());
        let told = told.json();
        assert_eq!((&told["type"], &told["environment"], &told["source"]), (&json!("document.released"), &json!("production"), &json!("api")));
        assert_eq!(told["actor"], json!({ "id": "u-17", "email": "ada@example.com" }));
        assert_eq!(told["occurred_at"], "2026-11-24T09:00:00.000Z");
        assert_eq!((&told["subject"], &told["created_at"]), (&json!("document:1042"), &json!("2026-11-24T10:00:00.000Z")));
        for (body, status, code) in [
            ("{", 400, "invalid_json"),
            (r#"{"type":"document.released","data":{},"x":1}"#, 400, "unknown_field"),
            (r#"{"type":"document.released","data":{},"subject":null}"#, 422, "invalid_event"),
            (r#"{"type":"no.such","data":{}}"#, 422, "unknown_type"),
        ] {
            let refused = program.post("/api/v1/events", body).await;
            expect_described("post", "/api/v1/events", &refused);
            assert_eq!(problem(&refused), (status, code.to_owned()), "{body}");
        }
    }

    async fn a_resend_by_a_key_is_on_record_with_the_name_of_the_key(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Sequence(vec![receiver::Answer::status(200)])).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let failed = Delivery::delivered(&app, "Guide", ci).ended(State::Failed, 1, Some(Outcome::Status), Some(500));
        let id = failed.add(&app).await;
        fill::attempt(&app, id, 1, Outcome::Status, Some((500, Vec::new()))).await;
        let (writer, reader) = (app.api_key(&[Scope::DeliveriesWrite]).await, app.api_key(&[Scope::DeliveriesRead]).await);

        let asked = resend(&writer, id.as_str()).await;
        assert_eq!(asked.status(), 202);
        assert_eq!(asked.json()["id"], id.as_str());
        let waits = read(&reader, id.as_str()).await.json();
        assert_eq!((&waits["resend_requested_by"], &waits["resend_requested_at"]), (&json!("API key tests"), &json!("2026-11-24T10:00:00.000Z")));
        let again = resend(&writer, id.as_str()).await;
        assert_eq!(problem(&again), (409, "conflict".to_owned()));
        assert_eq!(again.json()["detail"], "It is about to be sent again already.");
        app.drain().await;

        let told = read(&reader, id.as_str()).await.json();
        assert_eq!((&told["state"], &told["resend_requested_by"]), (&json!("delivered"), &Value::Null));
        let second = &told["attempts"][1];
        assert_eq!((&second["reason"], &second["requested_by"]), (&json!("manual"), &json!("API key tests")));
        assert_eq!(receiver.requests()[0].header("x-webhook-attempt"), Some("2"));
        let page = app.admin().await.get(&format!("/deliveries/{id}")).await;
        assert!(page.has("resent by API key tests"));
        type By = (String, Option<String>, String, Option<String>);
        let by: By = app.read(|conn| {
            use diesel::prelude::*;
            use postrider::schema::audit;
            let row = audit::table.filter(audit::action.eq("delivery.resent"));
            Ok(row.select((audit::actor_kind, audit::actor_id, audit::actor_name, audit::object_id)).first(conn)?)
        }).await;
        assert_eq!((by.0.as_str(), by.2.as_str(), by.3.as_deref()), ("api_key", "tests", Some(id.as_str())));
        let attempted: Option<String> = app.read(move |conn| {
            use diesel::prelude::*;
            use postrider::schema::attempts;
            Ok(attempts::table.find((id, 2)).select(attempts::actor_id).first(conn)?)
        }).await;
        assert!(by.1.is_some() && by.1 == attempted, "{by:?} {attempted:?}");
    }

    async fn what_cannot_be_sent_again_is_refused_with_the_sentence_of_the_page(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let add = async |row: Delivery| row.add(&app).await;
        let of = |state| Delivery::delivered(&app, "Guide", ci).ended(state, 1, Some(Outcome::Status), Some(500));
        let program = app.api_key(Scope::ALL).await;
        let refused = async |id: DeliveryId, sentence: &str| {
            let answer = resend(&program, id.as_str()).await;
            assert_eq!((problem(&answer), answer.json()["detail"].as_str()), ((409, "conflict".to_owned()), Some(sentence)));
            assert_eq!(read(&program, id.as_str()).await.json()["resend_refused"], sentence);
        };
        refused(add(of(State::Sending)).await, "It is being sent right now. Wait for the end of this attempt.").await;
        refused(add(Delivery { kind: Kind::Test, ..of(State::Failed) }).await, "This was a test. Test the webhook again instead.").await;
        let failed = add(of(State::Failed)).await;
        fill::change(&app, ci, "active = false", WebhookChanged::Deactivated).await;
        refused(failed, "Its webhook is inactive. Tick Active in Edit webhook first.").await;
        fill::change(&app, ci, "deleted_at = updated_at", WebhookChanged::Deleted).await;
        refused(failed, "Its webhook was deleted, so there is nobody to send it to.").await;
        assert!(!app.audit_actions().await.contains(&"delivery.resent".to_owned()));
    }

    async fn every_refusal_is_a_problem(app: TestApp) {
        let nothing: DeliveryId = app.app.ids.make();
        let (none, all) = (app.api_key(&[Scope::WebhooksRead]).await, app.api_key(Scope::ALL).await);
        for (operation, path) in [
            (LIST, LIST.to_owned()), (DELIVERY, format!("{LIST}/{nothing}")), (EVENT, format!("/api/v1/events/{nothing}")),
        ] {
            let unknown = app.anonymous().get(&path).await;
            expect_described("get", operation, &unknown);
            assert_eq!((problem(&unknown), unknown.header("www-authenticate")), ((401, "unauthorized".to_owned()), "Bearer"));
            assert_eq!(problem(&get(&none, operation, &path).await), (403, "forbidden".to_owned()));
        }
        for id in [nothing.as_str(), "evt_00000000000000000000000001", "1%20or%201=1", "%00", "x"] {
            assert_eq!(problem(&read(&all, id).await), (404, "not_found".to_owned()), "{id}");
            assert_eq!(problem(&resend(&all, id).await), (404, "not_found".to_owned()), "{id}");
        }
        assert_eq!(problem(&get(&all, EVENT, &format!("/api/v1/events/{nothing}")).await), (404, "not_found".to_owned()));
        let problem_schema = json!({ "$ref": "#/components/schemas/Problem" });
        for (answer, expected) in [
            (all.get("/api/v1/nowhere").await, (404, "not_found")),
            (all.get(&format!("{LIST}/{nothing}/resend")).await, (405, "method_not_allowed")),
            (all.send(TestRequest::delete().uri(LIST)).await, (405, "method_not_allowed")),
        ] {
            assert_eq!(problem(&answer), (expected.0, expected.1.to_owned()));
            assert_eq!(answer.header("content-type"), "application/problem+json");
            expect_valid(&problem_schema, &answer.json());
        }
    }

    async fn a_key_that_was_taken_back_resends_nothing(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let id = Delivery::delivered(&app, "Guide", ci).add(&app).await;
        let program = app.api_key(&[Scope::DeliveriesRead, Scope::DeliveriesWrite]).await;
        assert_eq!(read(&program, id.as_str()).await.status(), 200);
        app.sql("update api_keys set revoked_at = created_at").await;
        assert_eq!(problem(&resend(&program, id.as_str()).await), (401, "unauthorized".to_owned()));
        assert!(!app.audit_actions().await.contains(&"delivery.resent".to_owned()));
    }

    async fn events_are_listed_with_the_filters_of_their_page(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let mut expected = Vec::new();
        for number in 0..60 {
            expected.insert(0, app.publish(&format!(r#"{{"resource_id":{number},"resource_title":"Guide {number}"}}"#)).await.to_string());
        }
        let trial = app.api_key_in(Environment::Test, &[Scope::EventsRead, Scope::EventsWrite]).await;
        let posted = trial.post("/api/v1/events", r#"{"type":"document.released","data":{"resource_title":"Trial"}}"#).await;
        let program = app.api_key(&[Scope::EventsRead]).await;
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = get(&program, EVENTS, &format!("{EVENTS}?limit=25{next}")).await.json();
            found.extend(ids(&page));
            app.publish(r#"{"resource_id":1,"resource_title":"Late"}"#).await;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!(found, expected, "each once, the newest first, and none of the other environment");
        let first = &get(&program, EVENTS, &format!("{EVENTS}?q=guide&limit=25")).await.json()["data"][0];
        assert_eq!((&first["title"], &first["type"], &first["source"]), (&json!("Guide 59"), &json!("document.released"), &json!("content")));
        assert_eq!(first["deliveries"], json!({"queued": 1}), "for {ci}, which nobody sends to yet");
        assert_eq!(ids(&get(&trial, EVENTS, EVENTS).await.json()), [posted.json()["id"].as_str().unwrap()]);
        let titles = async |query: &str| {
            let page = get(&program, EVENTS, &format!("{EVENTS}?{query}")).await.json();
            page["data"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(titles("q=late&limit=100").await.len(), 3);
        assert_eq!(titles("type=assignment.created").await, Vec::<String>::new());
        assert_eq!(titles("source=api").await, Vec::<String>::new());
        assert_eq!(titles("to=2026-11-23").await, Vec::<String>::new());
        for (query, code, path) in [
            ("color=red", "unknown_field", "color"), ("environment=test", "unknown_field", "environment"),
            ("source=moon", "invalid_parameter", "source"), ("type=%27", "invalid_parameter", "type"),
            ("from=x", "invalid_parameter", "from"), ("to=24h", "invalid_parameter", "to"),
            ("cursor=abc", "invalid_parameter", "cursor"), ("limit=0", "invalid_parameter", "limit"),
        ] {
            let refused = get(&program, EVENTS, &format!("{EVENTS}?{query}")).await;
            assert_eq!(problem(&refused), (400, code.to_owned()), "{query}");
            assert_eq!(refused.json()["errors"][0]["path"], path, "{query}");
        }
        let other = app.api_key(&[Scope::DeliveriesRead]).await;
        assert_eq!(get(&other, EVENTS, EVENTS).await.status(), 403);
    }
}
