//! The list of deliveries: each filter finds what it names and nothing else, and no page doubles a row.

use std::time::Duration;

use postrider::delivery::{Kind, Outcome, State};
use postrider::events::EventId;
use postrider::webhooks::WebhookChanged;

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};
use crate::support::fill::{self, Delivery};

fn titles(answer: &Answer) -> Vec<String> {
    answer.texts("table.rows tbody tr .under bdi")
}

async fn found(browser: &Browser, query: &str) -> String {
    let answer = browser.get(&format!("/deliveries?{query}")).await;
    assert_eq!(answer.status(), 200, "{query}: {}", answer.text());
    titles(&answer).join(" ")
}

/// One delivery of every kind, oldest first, an hour apart; the title says what it is.
pub(super) async fn one_of_each(app: &TestApp) -> EventId {
    let ci = fill::webhook(app, "CI", "https://ci.example.com/hook").await;
    let gone = fill::webhook(app, "Gone away", "https://gone.example.com/hook").await;
    let event: EventId = app.app.ids.make();
    let base = || Delivery::delivered(app, "delivered", ci);
    let of = |title: &str| Delivery { title: title.to_owned(), ..base() };
    let rows = [
        Delivery { event_id: Some(event), ..base() },
        of("failed").ended(State::Failed, 10, Some(Outcome::Status), Some(503)),
        of("silent").ended(State::Failed, 10, Some(Outcome::Timeout), None),
        of("cancelled").ended(State::Cancelled, 0, None, None),
        of("queued").ended(State::Queued, 0, None, None),
        of("retrying").ended(State::Queued, 2, Some(Outcome::Status), Some(404)),
        Delivery { webhook_id: Some(gone), ..of("held").ended(State::Queued, 1, Some(Outcome::Status), Some(410)) },
        of("sending").ended(State::Sending, 1, Some(Outcome::Sending), None),
        Delivery {
            kind: Kind::Test,
            webhook_id: None,
            target_name: "Draft",
            event_type: "publication.published",
            ..of("test")
        },
        Delivery { target_name: "50%_off\\'", ..of("odd") },
    ];
    for row in rows {
        app.advance(Duration::from_secs(3600));
        Delivery { created_at: app.clock.now(), ..row }.add(app).await;
    }
    fill::change(app, gone, "disabled_at = created_at, disabled_reason = 'It is gone.'", WebhookChanged::Edited).await;
    event
}

both! {
    async fn every_filter_finds_what_it_names(app: TestApp) {
        let event = one_of_each(&app).await;
        app.sql("update deliveries set environment = 'test' where title = 'odd'").await;
        let browser = app.admin().await;
        let all = "odd test sending held retrying queued cancelled silent failed delivered";
        let webhooks = browser.get("/deliveries").await.attributes("#webhook option", "value");
        let (ci, gone) = (&webhooks[1], &webhooks[2]);
        for (query, expected) in [
            ("", all),
            ("state=queued", "queued"),
            ("state=retrying", "retrying"),
            ("state=held", "held"),
            ("state=sending", "sending"),
            ("state=delivered", "odd test delivered"),
            ("state=failed", "silent failed"),
            ("state=cancelled", "cancelled"),
            (&format!("webhook={ci}"), "odd sending retrying queued cancelled silent failed delivered"),
            (&format!("webhook={gone}"), "held"),
            (&format!("webhook={ci}&state=held"), ""),
            (&format!("webhook={gone}&state=retrying"), ""),
            ("type=publication.published", "test"),
            ("type=no.such_type", ""),
            ("type=publication.published&state=delivered", "test"),
            ("status=2xx", "odd test delivered"),
            ("status=4xx", "held retrying"),
            ("status=404", "retrying"),
            ("status=5xx", "failed"),
            ("status=none", "silent"),
            ("test=true", "test"),
            ("environment=test", "odd"),
            ("environment=production&state=delivered", "test delivered"),
            ("environment=test&state=failed", ""),
            ("from=2026-11-24T19:00", "odd test"),
            ("to=2026-11-24T12:00", "failed delivered"),
            ("from=2026-11-24T12:00Z&to=2026-11-24+12:00:00", "failed"),
            ("from=2026-11-25", ""),
            ("to=2026-11-24", all),
            ("from=24h&state=failed", "silent failed"),
            (&format!("q={event}"), "delivered"),
            (&format!("q={gone}"), "held"),
            ("q=SilENT", "silent"),
            ("q=draft", "test"),
            ("q=%25", "odd"),
            ("q=_", "odd"),
            ("q=%5C", "odd"),
            ("q=%27", "odd"),
            ("q=50%25_off", "odd"),
            ("q=d_livered", ""),
            ("state=failed&q=sil&status=none&type=document.released", "silent"),
        ] {
            assert_eq!(found(&browser, query).await, expected, "{query}");
        }
        let one = browser.get("/deliveries?q=silent").await.attributes("table.rows a.name", "href").remove(0);
        let id = one.strip_prefix("/deliveries/").unwrap();
        assert_eq!(found(&browser, &format!("q={id}")).await, "silent");
    }

    async fn a_resource_is_found_by_its_id_alone_and_beside_titles(app: TestApp) {
        let ci = app.add_webhook("https://ci.example.com/hook", &[]).await;
        for data in [
            r#"{"resource_id":1042,"resource_title":"Guide"}"#,
            r#"{"resource_id":"10420","resource_title":"Longer"}"#,
            r#"{"resource_id":7,"resource_title":"ISO 1042"}"#,
            r#"{"resource_title":"No id"}"#,
        ] {
            app.publish(data).await;
        }
        Delivery::delivered(&app, "Of before", ci).add(&app).await;
        let browser = app.admin().await;
        assert_eq!(found(&browser, "q=1042").await, "ISO 1042 Guide");
        assert_eq!(found(&browser, "q=10420").await, "Longer");
        assert_eq!(found(&browser, "q=104").await, "ISO 1042", "an id is whole or nothing");
        assert_eq!(found(&browser, "q=7&state=failed").await, "");
        // Among very many the id alone is looked for, through its index, with every other filter.
        fill::deliveries(&app, 50_300, &[ci], app.clock.now()).await;
        app.sql("update deliveries set id = 'dlv_0000' || substr(id, 9) where title in ('Guide', 'No id')").await;
        assert_eq!(found(&browser, "q=1042").await, "Guide");
        assert_eq!(found(&browser, &format!("q=1042&webhook={ci}&type=document.released")).await, "Guide");
        assert_eq!(found(&browser, "q=1042&type=assignment.created").await, "");
        assert_eq!(found(&browser, "q=1042&environment=test").await, "");
        assert_eq!(found(&browser, "q=1042&state=cancelled").await, "");
        assert_eq!(found(&browser, "q=no+id").await, "", "a title that stands far back is looked for in stretches");
    }

    async fn what_is_not_understood_is_refused_with_a_way_back(app: TestApp) {
        let browser = app.admin().await;
        let long = format!("q={}", "x".repeat(10 * 1024));
        for query in [
            "state=lost", "webhook=1+or+1%3D1", "type=%27", "status=6xx", "from=x", "to=2026-02-30", "test=1", "environment=x", "limit=0",
            "limit=-1", "limit=9e9", "limit=abc", "cursor=abc", "cursor=", "q=a%00b", "state=failed&state=queued", &long,
        ] {
            let answer = browser.get(&format!("/deliveries?{query}")).await;
            if query == "cursor=" {
                assert_eq!(answer.status(), 200);
                continue;
            }
            assert_eq!(answer.status(), 400, "{query}");
            assert!(answer.has("href=\"/deliveries\""), "{query}");
        }
        assert_eq!(browser.get("/deliveries?limit=100000").await.status(), 200);
    }

    async fn filters_stand_in_the_address_and_come_off_one_by_one(app: TestApp) {
        one_of_each(&app).await;
        let browser = app.admin().await;
        let page = browser.get("/deliveries?state=failed&status=5xx&from=24h&limit=50&test=true").await;
        assert_eq!(page.texts(".chips b"), ["Failed", "5xx", "24 hours ago", "only"]);
        let removals = page.attributes(".chips a:not(.clear)", "href");
        assert_eq!(removals[0], "/deliveries?status=5xx&from=24h&test=true&limit=50");
        assert_eq!(page.attributes(".chips a.clear", "href"), ["/deliveries"]);
        assert_eq!(page.attributes("#state option[selected]", "value"), ["failed"]);
        assert_eq!(page.attributes("input[type=hidden][name=test]", "value"), ["true"]);
        assert_eq!(page.attributes("#from", "value"), ["2026-11-23T20:00"]);
        let views = browser.get("/deliveries?from=24h").await;
        assert_eq!(views.texts(".views a"), ["All", "Failed", "Retrying", "Tests", "Last 24 h"]);
        assert_eq!(views.texts(".views a[aria-current]"), ["Last 24 h"]);
        let shown = browser.get("/deliveries").await;
        assert!(shown.has("10 shown, newest first"));
        assert_eq!(shown.texts(".pager p"), ["2026-11-24, 11:00 to 20:00 UTC."]);
    }

    async fn nothing_yet_and_nothing_found_say_so(app: TestApp) {
        let browser = app.admin().await;
        assert!(browser.get("/deliveries").await.has("Nothing was sent yet"));
        let none = browser.get("/deliveries?q=no-such-delivery").await;
        assert!(none.has("No delivery matches") && none.has("Clear filters"));
    }

    async fn pages_go_both_ways_and_double_nothing_while_rows_arrive(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        let browser = app.admin().await;
        let add = async |number: usize| {
            Delivery::delivered(&app, &number.to_string(), ci).add(&app).await;
        };
        for number in 0..60 {
            add(number).await;
        }
        let numbers = |range: std::ops::Range<usize>| range.rev().map(|number| number.to_string()).collect::<Vec<_>>();
        let link = |page: &Answer, rel: &str| page.attributes(&format!(".pager a[rel={rel}]"), "href").pop();

        let first = browser.get("/deliveries?limit=25").await;
        assert_eq!((titles(&first), link(&first, "prev")), (numbers(35..60), None));
        add(60).await;
        let second = browser.get(&link(&first, "next").unwrap()).await;
        assert_eq!(titles(&second), numbers(10..35));
        add(61).await;
        let third = browser.get(&link(&second, "next").unwrap()).await;
        assert_eq!((titles(&third), link(&third, "next")), (numbers(0..10), None));

        let second = browser.get(&link(&third, "prev").unwrap()).await;
        assert_eq!(titles(&second), numbers(10..35));
        let first = browser.get(&link(&second, "prev").unwrap()).await;
        assert_eq!(titles(&first), numbers(35..60));
        let newest = browser.get(&link(&first, "prev").unwrap()).await;
        assert_eq!((titles(&newest), link(&newest, "prev")), (numbers(60..62), None));
        let again = browser.get(&link(&newest, "next").unwrap()).await;
        assert_eq!(titles(&again), numbers(35..60));
    }

    async fn a_filter_stays_while_its_pages_are_turned(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        for number in 0..80 {
            let state = if number % 2 == 0 { State::Failed } else { State::Delivered };
            let row = Delivery::delivered(&app, &number.to_string(), ci);
            row.ended(state, 1, Some(Outcome::Status), Some(500)).add(&app).await;
        }
        let browser = app.admin().await;
        let odd = |range: std::ops::Range<i32>| {
            range.rev().filter(|number| number % 2 == 1).map(|number| number.to_string()).collect::<Vec<_>>()
        };
        for filter in ["state=delivered", "state=delivered&status=5xx", &format!("webhook={ci}&state=delivered")] {
            let first = browser.get(&format!("/deliveries?{filter}")).await;
            assert_eq!(titles(&first), odd(30..80), "{filter}");
            let older = first.attributes(".pager a[rel=next]", "href").remove(0);
            let second = browser.get(&older).await;
            assert_eq!(titles(&second), odd(0..30), "{filter}");
            let newer = second.attributes(".pager a[rel=prev]", "href").remove(0);
            assert_eq!(titles(&browser.get(&newer).await), odd(30..80), "{filter}");
        }
    }

    async fn a_search_that_stops_early_says_how_far_it_came_and_goes_on(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        Delivery::delivered(&app, "Needle", ci).add(&app).await;
        fill::deliveries(&app, 50_300, &[ci], app.clock.now()).await;
        let browser = app.admin().await;
        for filter in ["", &format!("&webhook={ci}"), "&state=delivered"] {
            let nothing = browser.get(&format!("/deliveries?q=needle{filter}")).await;
            if filter == "&state=delivered" {
                assert_eq!(titles(&nothing), ["Needle"], "fewer rows of that state than a search looks at");
                continue;
            }
            assert!(nothing.has("No delivery matches") && nothing.has("Searched back to"), "{}", nothing.text());
            let older = nothing.attributes(".pager a[rel=next]", "href").remove(0);
            let page = browser.get(&older).await;
            assert_eq!(titles(&page), ["Needle"]);
            assert!(!page.has("Searched") && page.attributes(".pager a[rel=next]", "href").is_empty());
            let newer = page.attributes(".pager a[rel=prev]", "href").remove(0);
            assert!(browser.get(&newer).await.has("Searched up to"));
        }
    }
}
