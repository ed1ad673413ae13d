//! What Content tells beside the main job: review, translation, and what assignees decide.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::Browser,
    steps,
    walk::{Walk, twice},
};

const DESK: &str = "Review desk";
const TITLE: &str = "Maintenance plan";

#[tokio::test(flavor = "multi_thread")]
async fn review_translation_and_the_decision_of_an_assignee_are_told() -> Result<()> {
    twice(async |Walk { browser, portal, .. }: &Walk| {
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, DESK, "/reviews", "Status set to In review").await?;
        for event in ["Status set to In translation", "Assignment user status changed"] {
            browser.toggle(event).await?;
        }
        steps::finish_a_webhook(browser).await?;

        steps::add_a_document(browser, TITLE).await?;
        for status in ["In review", "In translation"] {
            steps::change_status(browser, TITLE, status).await?;
        }

        browser.click("Assignments").await?;
        browser.press("(//tbody//a[contains(@class, 'name')])[1]", "the newest assignment").await?;
        decide(browser, "open", "Reject").await?;
        browser.loses(&assignee("open")).await?;
        decide(browser, "rejected", "Approve").await?;
        browser.text_of(&format!("({})[2]", assignee("approved"))).await?;

        for (label, part) in [
            ("Status set to In review", r#""event": "STATUS_SET_TO_IN_REVIEW_EVENT""#),
            ("Status set to In translation", r#""event": "STATUS_SET_TO_IN_TRANSLATION_EVENT""#),
            ("Assignment user status changed", r#""status": "approved""#),
        ] {
            steps::open_delivery(browser, &[DESK, label, "delivered"]).await?;
            let body = browser.text_of("//*[@id='request-body']").await?;
            ensure!(body.contains(part), "{label}: no {part} in {body}");
        }
        Ok(())
    })
    .await
}

/// Clicks this button beside the assignee whose decision is so.
async fn decide(browser: &Browser, status: &str, button: &str) -> Result<()> {
    browser.press(&format!("({}//button[normalize-space(.)='{button}'])[1]", assignee(status)), button).await
}

/// An assignee whose decision is so.
fn assignee(status: &str) -> String {
    format!("//main//li[.//*[contains(@class, 'badge')][normalize-space(.)='{status}']]")
}
