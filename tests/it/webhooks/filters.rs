//! Filters: typed, tried on what came in, and judged for every event, with a verdict that tells what was found.

use std::time::Duration;

use super::*;
use crate::support::app::both;

const TRY: &str = "/settings/webhooks/filters";

/// The fields of rows of filters.
fn rules<'a>(mode: &'a str, rows: &[(&'a str, &'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let parts = |row: &(&'a str, &'a str, &'a str)| {
        [("filter_path", row.0), ("filter_operator", row.1), ("filter_value", row.2)]
    };
    std::iter::once(("filter_mode", mode)).chain(rows.iter().flat_map(parts)).collect()
}

/// The verdict of an event for its one webhook.
async fn verdict(admin: &Browser, event: &str) -> String {
    admin
        .get(&format!("/events/{event}"))
        .await
        .texts("main")
        .remove(0)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

async fn deliveries(admin: &Browser) -> usize {
    admin.get("/deliveries").await.texts("table.rows tbody tr").len()
}

both! {
    async fn what_was_typed_is_kept_shown_and_on_record(app: TestApp) {
        let admin = app.admin().await;
        let rows = rules("any", &[("status", "equals", "<b>\"x\""), ("", "equals", ""), ("/user/groups/0", "exists", "")]);
        let page = added(&admin, &[&rows[..], &[("workflow", "7")]].concat()).await;
        let dialog = admin.get(&format!("{page}/edit")).await;
        assert_eq!(dialog.attributes("[name=filter_path]", "value"), ["status", "/user/groups/0", "", "", ""]);
        assert_eq!(dialog.attributes("[name=filter_value]", "value"), ["<b>\"x\"", "", "", "", ""]);
        assert_eq!(dialog.attributes(".filter-row option[selected]", "value")[..2], ["equals", "exists"]);
        assert_eq!(dialog.attributes("[name=filter_mode] option[selected]", "value"), ["any"]);
        assert_eq!(dialog.attributes("[name=workflow]", "value"), ["7"]);
        admin.get(&page).await;
        let settings = admin.get(&format!("{page}?tab=settings")).await;
        for line in ["Workflow equals 7", "status equals &#60;b&#62;", "/user/groups/0 exists", "Any must hold:"] {
            assert!(settings.has(line), "{line}");
        }
        assert!(admin.get("/settings/audit").await.has("any of: Workflow equals 7; status equals"));
        let same = edit(&admin, &page, &[&rows[..], &[("workflow", "7")]].concat()).await;
        assert_eq!(same.status(), 303);
        assert!(admin.get(LIST).await.has("Nothing was changed."));
    }

    async fn wrong_filters_come_back_with_what_to_do(app: TestApp) {
        let admin = app.admin().await;
        for (path, operator, value, told) in [
            ("a..b", "equals", "x", "Filter 1: Take out the dot"),
            ("", "equals", "x", "Filter 1: Enter the path"),
            ("a", "like", "x", "Filter 1: Choose one of the operators."),
            ("a", "matches", "(", "Filter 1: This is no regular expression"),
            ("a", "matches", "((a{100}){100}){100}", "Filter 1: Make the expression smaller"),
            ("a", "greater", "", "Filter 1: Enter the value."),
        ] {
            for address in [LIST, TRY] {
                let answer = admin.post(address, &fields(&rules("all", &[(path, operator, value)]))).await;
                assert_eq!(answer.status(), 422, "{address} {path} {operator} {value}");
                assert!(error(&answer, "filters").starts_with(told), "{}", error(&answer, "filters"));
                assert_eq!(answer.attributes("[name=filter_value]", "value")[0], value);
                assert_eq!(answer.attributes("details.advanced[open]", "class").len(), 1);
            }
        }
        let many = rules("all", &[("a", "exists", ""); 21]);
        assert!(error(&add(&admin, &many).await, "filters").contains("20 are the most"));
        assert!(error(&add(&admin, &[("filter_mode", "some")]).await, "filter_mode").starts_with("Choose"));
        assert_eq!(count(&app).await, 0);
    }

    async fn an_event_that_fails_is_not_sent_and_says_why(app: TestApp) {
        let admin = app.admin().await;
        let page = added(&admin, &rules("all", &[("kind", "exists", ""), ("status", "equals", "released")])).await;
        app.publish(r#"{"kind":"a","status":"released"}"#).await;
        let draft = app.publish(r#"{"kind":"a","status":"<i>draft"}"#).await;
        let empty = app.publish("{}").await;
        assert_eq!(deliveries(&admin).await, 1);
        let told = verdict(&admin, draft.as_str()).await;
        assert!(told.contains("filter 2 false: status is <i>draft, wanted released"), "{told}");
        assert!(told.contains("It was sent to nobody."));
        assert!(verdict(&admin, empty.as_str()).await.contains("filter 1 false: kind is not there"));
        app.advance(Duration::from_secs(60));
        let paused = admin.post(&format!("{page}/pause"), &[]).await;
        assert_eq!(paused.status(), 303);
        assert!(verdict(&admin, draft.as_str()).await.contains("status is <i>draft"), "a pause changes no filter");
        let other = rules("any", &[("kind", "equals", "z"), ("status", "equals", "y")]);
        assert_eq!(edit(&admin, &page, &other).await.status(), 303);
        let told = verdict(&admin, draft.as_str()).await;
        assert!(told.contains("filter 2 was false") && !told.contains("wanted y"), "{told}");
        let third = app.publish(r#"{"kind":"a"}"#).await;
        let told = verdict(&admin, third.as_str()).await;
        assert!(told.contains("none of 2 filters true; the first: kind is a, wanted z"), "{told}");
        app.publish(r#"{"kind":"z"}"#).await;
        assert_eq!(deliveries(&admin).await, 2, "what is paused is filtered too");
        assert_eq!(admin.post(&format!("{page}/delete"), &[]).await.status(), 303);
        assert!(verdict(&admin, third.as_str()).await.contains("filter 1 was false"));
    }

    async fn filters_are_tried_on_the_newest_events_and_nothing_is_sent(app: TestApp) {
        let admin = app.admin().await;
        let rows = rules("all", &[("n", "greater", "11")]);
        let tried = async |changes: &[(&str, &str)]| {
            let answer = admin.post(TRY, &fields(&[&rows[..], changes].concat())).await;
            assert_eq!(answer.status(), 200);
            answer
        };
        let none = tried(&[]).await;
        assert!(none.texts("#tried b")[0].starts_with("There is no such event yet"));
        assert!(tried(&[("events", "")]).await.texts("#tried b")[0].starts_with("Tick an event"));
        let mut last = String::new();
        for number in 0..60 {
            let title = if number == 30 { "new <est>" } else { "old" };
            let n = if number <= 30 { 5 } else { 100 };
            let event = app.publish(&format!(r#"{{"resource_title":"{title}","n":{n}}}"#)).await;
            if number == 30 {
                last = event.to_string();
            }
        }
        app.publish_in(postrider::events::Environment::Test, r#"{"n":1}"#).await;
        let before = app.audit_actions().await.len();
        let answer = tried(&[]).await;
        assert_eq!(answer.texts("#tried b"), ["29 match, 21 not."]);
        assert_eq!(answer.attributes("#tried a", "href"), [format!("/events/{last}")]);
        assert!(answer.has("Filter 1 false: n is 5, wanted more than 11.") && answer.has("new &#60;est&#62;"));
        assert_eq!(answer.attributes("#f-name", "value"), ["Build server"], "the form is as it was");
        assert_eq!(answer.attributes("details.advanced[open]", "class").len(), 1);
        let unfinished = tried(&[("url", "ftp://"), ("name", "")]).await;
        assert_eq!(unfinished.texts("#tried b"), ["29 match, 21 not."], "other fields may be unfinished");
        assert_eq!(tried(&[("environment", "test")]).await.texts("#tried b"), ["0 match, 1 not."]);
        let both = tried(&[("events", "document.released"), ("events", "publication.published")]).await;
        assert_eq!(both.texts("#tried b"), ["29 match, 21 not."]);
        assert_eq!(tried(&[("events", "assignment.created")]).await.texts("#tried b").len(), 1);
        assert_eq!((deliveries(&admin).await, app.audit_actions().await.len()), (0, before));
        app.sql("update events set data = null").await;
        assert!(tried(&[]).await.texts("#tried b")[0].starts_with("There is no such event yet"));
    }

    async fn a_copy_keeps_the_filters(app: TestApp) {
        let admin = app.admin().await;
        let page = added(&admin, &rules("all", &[("status", "equals", "released")])).await;
        let copy = admin.post(&format!("{page}/duplicate"), &[]).await;
        let dialog = admin.get(copy.header("location")).await;
        assert_eq!(dialog.attributes("[name=filter_path]", "value")[0], "status");
    }
}
