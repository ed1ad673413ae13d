//! Format, environment and headers of a webhook's own: what may be typed, what is sent, and that values stay secret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use postrider::event_types::built_in;
use postrider::events::{self, Draft, Environment, EventId, Person, Source};
use postrider::webhooks::Format;

use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};

const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide","ratio":1.50}"#;

async fn answering() -> Receiver {
    Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await
}

fn id(page: &str) -> &str {
    page.rsplit('/').next().unwrap()
}

/// Spaces, and numbers that a careless reader would change.
const EXACT: &str = r#"{"resource_id":12345678901234567890,"resource_title":"Prüfplan & <b>","ratio": 1.50,"parts":[{ "n":1e3 }],"issues":["TIC-7"]}"#;
/// The same without the spaces that stand between its fields and parts.
const CLOSE: &str = r#"{"resource_id":12345678901234567890,"resource_title":"Prüfplan & <b>","ratio":1.50,"parts":[{"n":1e3}],"issues":["TIC-7"]}"#;
const BEFORE: &str = r#"{"resource_id":12345678901234567890,"resource_title":"Prüfplan","ratio":2.50,"parts":[{ "n":1000 }],"issues":["TIC-7"]}"#;
/// A template works with values: numbers and texts are written as its language writes them.
const TEMPLATE: &str = r#"{"at":"{{ event.occurred_at }}","about":"{{ event.subject }}","id":{{ data.resource_id }},"ratio":{{ data.ratio|default(0) }},"title":{{ data.resource_title|tojson }}}"#;

/// A document released by a person, some time before it is published.
async fn released(app: &TestApp) -> EventId {
    let happened = app.clock.now().minus(Duration::from_millis(2_886));
    let draft = Draft {
        kind: Arc::clone(built_in("document.released").unwrap()),
        environment: Environment::Production,
        source: Source::Api,
        subject: Some("document:1042".to_owned()),
        person: Some(Person { id: "u-17".to_owned(), email: "ada@example.com".to_owned() }),
        data: EXACT.to_owned(),
        previous: Some(BEFORE.to_owned()),
        occurred_at: Some(happened),
    };
    app.write(move |tx| events::publish(tx, draft)).await
}

/// What arrives of it at a webhook of this format that has its name.
fn expected(format: Format, event: &str, webhook: &str, portal: &str) -> String {
    const AT: &str = "2026-11-24T09:59:57.114Z";
    const LINE: &str = "Status set to Released: Prüfplan & <b> (12345678901234567890)";
    let company = portal.strip_prefix("http://").unwrap();
    match format {
        Format::Notification => {
            format!(r#"{{"event":"STATUS_SET_TO_RELEASED_EVENT","data":{EXACT},"webhook_name":"notification"}}"#)
        }
        Format::Envelope => format!(
            r#"{{"event_time":"{AT}","event_type":"document.released","current_context":{{"actor":{{"id":"u-17","email":"ada@example.com"}},"source":"api","environment":"production","webhook":{{"id":"{webhook}","code":"envelope","name":"envelope"}},"event_id":"{event}"}},"data":{EXACT}}}"#
        ),
        Format::Standard => format!(r#"{{"type":"document.released","timestamp":"{AT}","data":{EXACT}}}"#),
        Format::Change => format!(
            r#"{{"company":"{company}","type":"STATUS_SET_TO_RELEASED_EVENT","extraData":{{}},"createdAt":"{AT}","data":{CLOSE},"event":"edit","diff":{{"/resource_title":{{"previous":"Prüfplan","changedTo":"Prüfplan & <b>"}},"/ratio":{{"previous":2.50,"changedTo":1.50}}}}}}"#
        ),
        Format::CloudEvents => format!(
            r#"{{"specversion":"1.0","id":"{event}","source":"{portal}","type":"document.released","subject":"document:1042","time":"{AT}","datacontenttype":"application/json","data":{EXACT}}}"#
        ),
        Format::Slack => {
            let line = LINE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            format!(r#"{{"text":"{line} {portal}/events/{event}"}}"#)
        }
        Format::Teams => format!(
            r#"{{"type":"message","attachments":[{{"contentType":"application/vnd.microsoft.card.adaptive","content":{{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{{"type":"TextBlock","text":"{LINE}","wrap":true}}],"actions":[{{"type":"Action.OpenUrl","title":"Open","url":"{portal}/events/{event}"}}]}}}}]}}"#
        ),
        Format::Jira => format!(r#"{{"issues":["TIC-7"],"data":{EXACT}}}"#),
        Format::Template => format!(
            r#"{{"at":"{AT}","about":"document:1042","id":12345678901234567890,"ratio":1.5,"title":"Prüfplan \u0026 \u003cb\u003e"}}"#
        ),
    }
}

both! {
    async fn each_format_leaves_byte_for_byte(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        let mut pages = BTreeMap::new();
        for format in Format::ALL.iter().map(|format| format.as_str()) {
            let url = receiver.url(&format!("/{format}"));
            let mut fields = vec![("url", &*url), ("name", format), ("format", format)];
            if format == "template" {
                fields.push(("template", TEMPLATE));
            }
            pages.insert(format, added(&admin, &fields).await);
        }
        app.step().await;
        let event = released(&app).await;
        app.drain().await;
        let arrived: BTreeMap<String, String> = receiver
            .requests()
            .into_iter()
            .map(|request| (request.path.trim_start_matches('/').to_owned(), String::from_utf8(request.body).unwrap()))
            .collect();
        assert_eq!(arrived.len(), Format::ALL.len());
        let portal = &app.app.settings.public_url;
        for format in Format::ALL {
            let webhook = id(&pages[format.as_str()]);
            assert_eq!(arrived[format.as_str()], expected(*format, event.as_str(), webhook, portal), "{format}");
        }
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
