//! One delivery's page: what happened, what travelled, and that nothing a receiver answers can act in the browser.

use std::time::Duration;

use postrider::delivery::{DeliveryId, Kind, Outcome, State};
use postrider::webhooks::WebhookChanged;

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};
use crate::support::fill::{self, Delivery, TOKEN};
use crate::support::receiver::{self, Behaviour, Receiver};

const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide","ratio":1.50}"#;

/// The address of the newest delivery.
async fn newest(browser: &Browser) -> String {
    browser.get("/deliveries").await.attributes("table.rows a.name", "href").remove(0)
}

fn text(answer: &Answer, selector: &str) -> String {
    answer.texts(selector).join(" | ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A delivery whose only attempt got this answer.
async fn answered(app: &TestApp, body: &[u8]) -> DeliveryId {
    let ci = fill::webhook(app, "CI", "https://ci.example.com/hook").await;
    let failed = Delivery::delivered(app, "Guide", ci).ended(State::Failed, 1, Some(Outcome::Status), Some(500));
    let id = failed.add(app).await;
    fill::attempt(app, id, 1, Outcome::Status, Some((500, body.to_vec()))).await;
    id
}

async fn page_of(app: &TestApp, body: &[u8]) -> Answer {
    let id = answered(app, body).await;
    let page = app.admin().await.get(&format!("/deliveries/{id}")).await;
    assert_eq!(page.status(), 200, "{}", page.text());
    page
}

both! {
    async fn a_delivery_tells_its_whole_way(app: TestApp) {
        let answers = [receiver::Answer::status(503).body("busy"), receiver::Answer::status(200).body(r#"{"build":5521}"#)];
        let receiver = Receiver::open(Behaviour::Sequence(answers.into())).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let event = app.publish(DATA).await;
        app.drain().await;
        let browser = app.admin().await;
        let address = newest(&browser).await;

        let waits = browser.get(&address).await;
        assert_eq!(text(&waits, "h1"), "Status set to Released");
        assert_eq!(text(&waits, ".story"), "Not delivered yet. The receiver answered 503, so the service behind it is down or overloaded.");
        assert!(text(&waits, ".next").starts_with("The second of 10 attempts goes out at 2026-11-24 10:00:0"), "{}", text(&waits, ".next"));
        assert_eq!(waits.texts(".life li.ahead b"), ["Attempt 2"]);
        assert_eq!(text(&waits, ".attempt-head h3"), "Attempt 1: 503 Service Unavailable");
        assert!(text(&waits, ".attempt .note").ends_with("Look at the receiver's log; the message is tried again."));

        app.advance(Duration::from_secs(7));
        app.drain().await;
        let page = browser.get(&address).await;
        assert_eq!(text(&page, ".story"), "Delivered on the second attempt, 7 seconds after the event: it was answered 200 OK.");
        assert_eq!(text(&page, ".next"), "");
        assert_eq!(page.texts(".life li b"), ["Event occurred", "Delivery queued", "Attempt 1", "Attempt 2"]);
        assert!(text(&page, ".life .under").contains("2026-11-24 10:00:07.000 UTC"));
        assert_eq!(text(&page, ".attempt-result b"), "503 | 200");
        assert_eq!(text(&page, "#attempts-title .quiet"), "2 of 10");
        assert!(text(&page, ".facts").contains(event.as_str()) && text(&page, ".facts").contains("Safety guide"));
        assert_eq!(page.attributes(".facts a", "href"), [format!("/settings/webhooks/{ci}/edit"), format!("/events/{event}")]);
        assert_eq!(text(&page, ".sides section:first-child .line"), format!("POST {}", receiver.url("/hook")));
        let head = text(&page, "#request-headers");
        assert!(head.contains("authorization: ••••") && head.contains("webhook-id: ") && !page.has(TOKEN), "{head}");
        assert!(text(&page, "#request-body").contains(r#""ratio": 1.50"#), "numbers stay as they were sent");
        assert_eq!(text(&page, "#response-body"), r#"{ "build": 5521 }"#);
        assert!(text(&page, ".timing").contains("First byte"), "{}", text(&page, ".timing"));

        let first = browser.get(&format!("{address}?attempt=1")).await;
        assert_eq!(text(&first, "#response-body"), "busy");
        assert_eq!(first.texts(".attempts a[aria-current]").len(), 1);
        assert!(text(&first, ".attempt").contains("The next attempt was set for 2026-11-24 10:00:0"));
        let body = browser.get(&format!("{address}/body")).await;
        assert_eq!(body.bytes(), receiver.requests()[1].body);
    }

    async fn an_attempt_of_another_delivery_is_not_found(app: TestApp) {
        let one = answered(&app, b"no").await;
        let two = answered(&app, b"no").await;
        fill::attempt(&app, two, 2, Outcome::Ok, Some((200, b"yes".to_vec()))).await;
        let browser = app.admin().await;
        assert_eq!(browser.get(&format!("/deliveries/{two}?attempt=2")).await.status(), 200);
        for path in [
            format!("/deliveries/{one}?attempt=2"),
            format!("/deliveries/{one}?attempt=0"),
            format!("/deliveries/{one}?attempt=-1"),
            format!("/deliveries/{one}?attempt=x"),
            format!("/deliveries/{one}?attempt=99999999999"),
            format!("/deliveries/{one}/attempts/2/answer"),
            format!("/deliveries/{one}/attempts/x/answer"),
            format!("/deliveries/{}", app.app.ids.make::<DeliveryId>()),
            format!("/deliveries/{}/body", app.app.ids.make::<DeliveryId>()),
            "/deliveries/99999999999999999999".to_owned(),
            "/deliveries/1%20or%201=1".to_owned(),
            "/deliveries/%00".to_owned(),
            "/deliveries/evt_00000000000000000000000001".to_owned(),
        ] {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status(), 404, "{path}");
            assert!(answer.has("Go to Deliveries"), "{path} is answered by our page");
        }
    }

    async fn markup_of_a_receiver_is_shown_and_never_run(app: TestApp) {
        let page = page_of(&app, b"<script>alert(1)</script><img src=x onerror=alert(2)>").await;
        assert!(page.has("&#60;script&#62;alert(1)") && !page.has("<script>alert") && !page.has("<img"));
        let json = page_of(&app, br#"{"a":"<b onclick=x>","b":"\u003cscript>"}"#).await;
        assert!(!json.has("<b onclick") && text(&json, "#response-body").contains(r#""a": "<b onclick=x>""#));
        assert!(text(&json, "#response-headers").contains("set-cookie: [redacted]"));
        assert_eq!(json.headers("set-cookie").iter().filter(|cookie| cookie.contains("redacted")).count(), 0);
    }

    async fn a_title_or_name_of_markup_stays_text(app: TestApp) {
        let ci = fill::webhook(&app, "<b>CI</b>", "https://ci.example.com/hook").await;
        let row = Delivery { target_name: "<b>CI</b>", ..Delivery::delivered(&app, "<img src=x onerror=alert(1)>", ci) };
        let id = row.add(&app).await;
        let browser = app.admin().await;
        for path in ["/deliveries".to_owned(), format!("/deliveries/{id}"), format!("/deliveries?webhook={ci}&q=<img")] {
            let page = browser.get(&path.replace('<', "%3C")).await;
            assert!(page.has("&#60;img src=x") && !page.has("<img") && !page.has("<b>CI"), "{path}");
        }
    }

    async fn bytes_that_are_no_text_are_shown_as_hex(app: TestApp) {
        for body in [&[0x1f, 0x8b, 8, 0][..], b"a\xffb", b"\x00\x01"] {
            let page = page_of(&app, body).await;
            assert!(page.has("not text, shown as hex"));
            assert!(text(&page, "#response-body").starts_with("00000000"), "{}", text(&page, "#response-body"));
        }
        let coloured = page_of(&app, b"\x1b[31mred\x1b[0m").await;
        assert_eq!(text(&coloured, "#response-body"), "␛[31mred␛[0m");
    }

    async fn an_answer_is_kept_as_a_file_that_no_browser_reads(app: TestApp) {
        let body = b"<script>alert(1)</script>\xff\x00";
        let id = answered(&app, body).await;
        let browser = app.admin().await;
        let page = browser.get(&format!("/deliveries/{id}")).await;
        let address = page.attributes("a[download]", "href").pop().unwrap();
        let file = browser.get(&address).await;
        assert_eq!((file.status(), file.bytes()), (200, &body[..]));
        assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}-1-answer.txt\""));
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(app.anonymous().get(&address).await.status(), 303);
    }

    async fn a_long_answer_says_what_is_missing(app: TestApp) {
        let answer = receiver::Answer::status(500).body(vec![b'x'; 40 * 1024]);
        let receiver = Receiver::open(Behaviour::Answer(answer)).await;
        fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        app.publish(DATA).await;
        app.drain().await;
        let browser = app.admin().await;
        let page = browser.get(&newest(&browser).await).await;
        assert!(page.has("Cut here: 16.0 KiB of 40.0 KiB were kept."));
        assert_eq!(text(&page, "#response-body").len(), 16 * 1024);
    }

    async fn what_is_not_stored_is_said(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let row = Delivery { body: None, ..Delivery::delivered(&app, "Guide", ci) };
        let id = row.add(&app).await;
        fill::attempt(&app, id, 1, Outcome::Ok, Some((200, Vec::new()))).await;
        app.sql("update attempts set response_body = null").await;
        let browser = app.admin().await;
        let page = browser.get(&format!("/deliveries/{id}")).await;
        let sides = text(&page, ".sides");
        assert_eq!(sides.matches("Not stored: this body is past the time that bodies are kept.").count(), 2, "{sides}");
        assert!(page.attributes("a[download]", "href").is_empty());
        assert!(page.has("Its body is past the time that bodies are kept."), "Resend says why it is off");
    }

    async fn what_changed_since_is_marked(app: TestApp) {
        let id = answered(&app, b"no").await;
        let browser = app.admin().await;
        let address = format!("/deliveries/{id}");
        let ci = fill::webhook(&app, "Other", "https://other.example.com/").await;
        let note = async || text(&browser.get(&address).await, ".facts .warn-text");
        assert_eq!(note().await, "");
        let first = browser.get("/deliveries").await.attributes("#webhook option", "value")[1].clone();
        let mine = postrider::webhooks::WebhookId::parse(&first).unwrap();
        assert_ne!(mine, ci);
        fill::change(&app, mine, "url = 'https://new.example.com/hook', name = 'Build'", WebhookChanged::Edited).await;
        assert_eq!(note().await, "It is called Build now. Its URL was changed since; the next attempt goes to the new one.");
        assert_eq!(text(&browser.get(&address).await, ".facts .mono").split(' ').nth(1), Some("https://ci.example.com/hook"));
        fill::change(&app, mine, "deleted_at = '2026-11-24 10:00:00', active = false", WebhookChanged::Deleted).await;
        assert_eq!(note().await, "This webhook was deleted on 2026-11-24 10:00 UTC.");
        assert!(browser.get(&address).await.attributes(".facts a", "href").is_empty());
        let filtered = browser.get(&format!("/deliveries?webhook={mine}")).await;
        assert_eq!(text(&filtered, ".chips b"), "Build (deleted)");
    }

    async fn a_test_is_told_as_a_test(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let test = Delivery { kind: Kind::Test, webhook_id: None, ..Delivery::delivered(&app, "Test", ci) };
        let id = test.ended(State::Failed, 1, Some(Outcome::Refused), None).add(&app).await;
        fill::attempt(&app, id, 1, Outcome::Refused, None).await;
        let page = app.admin().await.get(&format!("/deliveries/{id}")).await;
        assert_eq!(text(&page, ".stamp span"), "test");
        assert_eq!(text(&page, ".story"), "The receiver's machine refused the connection: nothing listens on this port.");
        assert!(text(&page, ".facts").contains("It was tested before it was saved."));
        assert_eq!(text(&page, "#resend-why"), "This was a test. Test the webhook again instead.");
    }
}
