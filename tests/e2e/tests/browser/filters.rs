//! Filters: tried in the dialog on what was there, then judged for each event.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find, steps,
    walk::{Walk, twice},
};
use serde_json::json;

const DESK: &str = "Filtered desk";
/// Each operator with a path and a value that tell the two events apart, and what is said of the one that does not pass.
const OPERATORS: [(&str, &str, &str, &str); 7] = [
    ("equals", "status", "final", "status is draft, wanted final."),
    ("not equals", "status", "final", "status is final, wanted anything else."),
    ("contains", "resource_title", "Draft", "resource_title is Safety guide, wanted one that contains Draft."),
    ("exists", "reviewer", "", "reviewer is not there."),
    (">", "resource_id", "1042", "resource_id is 1042, wanted more than 1042."),
    ("<", "resource_id", "1043", "resource_id is 1043, wanted less than 1043."),
    ("matches", "resource_title", "^Safety", "resource_title is Draft of a guide, wanted a match of ^Safety."),
];

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_tried_in_the_dialog_and_an_event_that_fails_says_which_rule_and_what_was_found() -> Result<()> {
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        let released = async |id: i64, title: &str, status: &str| {
            let data = json!({"resource_id": id, "resource_title": title, "status": status});
            portal.publish(&key, "document.released", data).await
        };
        let reviewed =
            json!({"resource_id": 1042, "resource_title": "Safety guide", "status": "final", "reviewer": "Ada"});
        portal.publish(&key, "document.released", reviewed).await?;
        released(1043, "Draft of a guide", "draft").await?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, DESK, "/filtered", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        // Without scripts each try is a page of its own, and the same.
        try_each(browser, if *scripts == Scripts::On { &OPERATORS } else { &OPERATORS[6..] }).await?;
        browser.choose("Operator of filter 1", "equals").await?;
        browser.fill("Path of filter 1", "status").await?;
        browser.fill("Value of filter 1", "final").await?;
        browser.fill("Path of filter 2", "resource_id").await?;
        browser.choose("Operator of filter 2", ">").await?;
        browser.fill("Value of filter 2", "1000").await?;
        if *scripts == Scripts::On {
            browser.click("Add filter").await?;
            browser.fill("Path of filter 4", "resource_title").await?;
            browser.choose("Operator of filter 4", "exists").await?;
        }
        browser.click("Try filters").await?;
        browser.text_of(&find::part("tried", &["1 match, 1 not.", "The newest that does not:"])).await?;
        browser
            .text_of(&find::part("tried", &["Draft of a guide", "Filter 1 false: status is draft, wanted final."]))
            .await?;
        browser.choose("Send when", "Any of these holds").await?;
        browser.click("Try filters").await?;
        browser.text_of(&find::part("tried", &["2 match, 0 not."])).await?;
        browser.choose("Send when", "All of these hold").await?;
        browser.fill("Path of filter 2", "a..b").await?;
        browser.click("Try filters").await?;
        browser.sees("Filter 2: Take out the dot").await?;
        browser.fill("Path of filter 2", "resource_id").await?;
        steps::finish_a_webhook(browser).await?;

        released(1044, "Second edition", "final").await?;
        released(1045, "Half a page", "draft").await?;
        released(7, "Too old", "final").await?;
        steps::open_delivery(browser, &[DESK, "Second edition", "delivered"]).await?;
        for (title, why) in [
            ("Half a page", "filter 1 false: status is draft, wanted final"),
            ("Too old", "filter 2 false: resource_id is 7, wanted more than 1000"),
        ] {
            steps::open_event(browser, title).await?;
            browser.text_of(&find::row(&[DESK, why, "not sent"])).await?;
            browser.text_of(&find::row(&["Demo receiver", "sent"])).await?;
        }
        browser.click(DESK).await?;
        browser.press("//main//nav[@aria-label='Webhook']//a[normalize-space(.)='Settings']", "the tab").await?;
        browser.sees("status equals final").await
    })
    .await
}

/// Tries one filter with each of these operators; the list offers all of them and no others.
async fn try_each(browser: &Browser, operators: &[(&str, &str, &str, &str)]) -> Result<()> {
    let offered = browser.text_of(&find::field("Operator of filter 1")).await?;
    let offered: Vec<&str> = offered.lines().map(str::trim).collect();
    ensure!(offered == OPERATORS.map(|(operator, ..)| operator), "the operators are {offered:?}");
    for (operator, path, value, miss) in operators {
        browser.fill("Path of filter 1", path).await?;
        browser.choose("Operator of filter 1", operator).await?;
        browser.fill("Value of filter 1", value).await?;
        browser.click("Try filters").await?;
        browser.text_of(&find::part("tried", &["1 match, 1 not.", &format!("Filter 1 false: {miss}")])).await?;
    }
    Ok(())
}
