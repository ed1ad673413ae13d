//! What makes a webhook send: its events in groups, its method, its environment, and whether it is active.

use anyhow::Result;
use postrider_e2e::{
    browser::Scripts,
    find, steps,
    walk::{Walk, once, twice},
};
use serde_json::json;

const LIST: &str = "/settings/webhooks";

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_stands_in_groups_and_some_events_bring_a_filter_of_their_own() -> Result<()> {
    twice(async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        browser.click("Settings").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", "Task board").await?;
        browser.choose("Notification type", "REST").await?;
        browser.fill("Webhook URL", &format!("{}/board", portal.receiver)).await?;
        for (group, event) in [
            ("User", "User Logout"),
            ("Task", "Create Task"),
            ("Survey", "Remove Survey"),
            ("Element", "Edit Element"),
            ("Note", "Edit Note"),
            ("Contract", "Contract Status Change"),
            ("Project", "Workflow Status Change"),
        ] {
            steps::unfold(browser, group).await?;
            browser.text_of(&format!("//label[normalize-space(.)='{event}']")).await?;
        }
        browser.loses(&find::field("Workflow")).await?;
        browser.toggle("Remove Survey").await?;
        browser.text_of("//label[starts-with(normalize-space(.), 'Survey')]").await?;
        browser.text_of("//label[starts-with(normalize-space(.), 'Group')]").await?;
        browser.toggle("Remove Survey").await?;
        browser.loses(&find::field("Survey")).await?;
        browser.toggle("Create Task").await?;
        browser.fill("Workflow", "7").await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&["Task board", "Create Task"])).await?;
        portal.publish(&key, "task.created", json!({"id": 1, "resource_title": "Ours", "workflow": 7})).await?;
        portal.publish(&key, "task.created", json!({"id": 2, "resource_title": "Theirs", "workflow": 8})).await?;
        steps::open_delivery(browser, &["Task board", "Ours", "delivered"]).await?;
        steps::open_event(browser, "Theirs").await?;
        let verdict = find::row(&["Task board", "filter Workflow false: workflow is 8, wanted 7", "not sent"]);
        browser.text_of(&verdict).await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_what_never_fires_hides_what_is_inactive_and_pages_by_number() -> Result<()> {
    const QUIET: &str = "A quiet one";
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("webhooks:write", "production")?;
        for number in 1..=10 {
            let body = json!({"name": format!("Partner {number:02}"), "url": format!("{}/partner", portal.receiver)});
            portal.post(&key, "/api/v1/webhooks", &body).await?;
        }
        browser.click("Settings").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", QUIET).await?;
        browser.fill("Webhook URL", &format!("{}/quiet", portal.receiver)).await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[QUIET, "a_quiet_one", "Identifier whk_", "No events - never fires"])).await?;
        browser.sees("1 - 10 of 12").await?;
        browser.click("Next").await?;
        browser.sees("11 - 12 of 12").await?;
        anyhow::ensure!(browser.path().await?.ends_with("page=2"), "{} is no second page", browser.path().await?);
        browser.click("Previous").await?;
        browser.press(&find::tick(QUIET), "its box").await?;
        browser.click("Deactivate selected").await?;
        browser.click("Deactivate").await?;
        browser.text_of(&find::row(&[QUIET, "inactive"])).await?;
        browser.toggle("Show disabled webhooks").await?;
        browser.click("Filter").await?;
        browser.sees("1 inactive webhook is not shown.").await?;
        browser.loses(&find::row(&[QUIET])).await?;
        browser.click("Show disabled webhooks").await?;
        browser.text_of(&find::row(&[QUIET, "inactive"])).await?;
        browser.press(&find::tick(QUIET), "its box").await?;
        browser.click("Activate selected").await?;
        browser.text_of(&find::row(&[QUIET, "active"])).await?;
        browser.loses(&find::row(&[QUIET, "inactive"])).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_sends_by_its_method_in_its_own_environment_and_only_while_active() -> Result<()> {
    const STAGING: &str = "Staging";
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let (live, trial) = (portal.make_key("events:write", "production")?, portal.make_key("events:write", "test")?);
        let released = async |key: &str, title: &str| {
            portal.publish(key, "document.released", json!({"resource_id": 1042, "resource_title": title})).await
        };
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, STAGING, "/staging", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.choose("Method", "PUT").await?;
        browser.toggle("Test environment").await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[STAGING, "test", "PUT"])).await?;
        browser.choose("Environment", "Test").await?;
        browser.click("Filter").await?;
        browser.loses(&find::row(&["Demo receiver"])).await?;
        browser.text_of(&find::row(&[STAGING])).await?;

        released(&trial, "A trial").await?;
        released(&live, "For real").await?;
        steps::open_delivery(browser, &[STAGING, "A trial", "delivered"]).await?;
        browser.sees(&format!("PUT {}/staging", portal.receiver)).await?;
        steps::open_event(browser, "For real").await?;
        browser.text_of(&find::row(&[STAGING, "other environment"])).await?;
        browser.click("Deliveries").await?;
        browser.choose("Environment", "Test").await?;
        browser.click("Filter").await?;
        browser.text_of(&find::row(&["A trial"])).await?;
        browser.loses(&find::row(&["For real"])).await?;

        browser.visit(&format!("{}{LIST}", portal.url)).await?;
        browser.open_row_menu(STAGING).await?;
        browser.click("Edit").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.choose("Method", "PATCH").await?;
        browser.toggle("Active").await?;
        browser.click("Edit webhook").await?;
        browser.click("Show disabled webhooks").await?;
        browser.text_of(&find::row(&[STAGING, "inactive", "test", "PATCH"])).await?;
        released(&trial, "While it slept").await?;
        steps::open_event(browser, "While it slept").await?;
        browser.text_of(&find::row(&[STAGING, "inactive"])).await?;
        browser.click(STAGING).await?;
        browser.press(&find::menu_in("//*[contains(@class, 'head-action')]"), "its menu").await?;
        browser.click("Activate").await?;
        browser.sees("The webhook is active: new events are sent to it.").await?;
        released(&trial, "Awake again").await?;
        steps::open_delivery(browser, &[STAGING, "Awake again", "delivered"]).await?;
        browser.sees(&format!("PATCH {}/staging", portal.receiver)).await
    })
    .await
}
