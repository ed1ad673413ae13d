//! Filters: tried in the dialog on what was there, then judged for each event.

use anyhow::Result;
use postrider_e2e::{
    browser::Scripts,
    find, steps,
    walk::{Walk, twice},
};
use serde_json::json;

const DESK: &str = "Filtered desk";

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_tried_in_the_dialog_and_an_event_that_fails_says_which_rule_and_what_was_found() -> Result<()> {
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        let released = async |id: i64, title: &str, status: &str| {
            let data = json!({"resource_id": id, "resource_title": title, "status": status});
            portal.publish(&key, "document.released", data).await
        };
        released(1042, "Safety guide", "final").await?;
        released(1043, "Draft of a guide", "draft").await?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, DESK, "/filtered", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
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
