//! The main job from the sign-in link to the deleted webhook, with scripts and without.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find, journal,
    portal::Portal,
    steps,
};

const MOST_ACTIONS: usize = 12;
const MOST_TIME: Duration = Duration::from_secs(20);
const WEBHOOK: &str = "Build server";
const RENAMED: &str = "Build server 2";
const DOCUMENT: &str = "Release checklist";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_does_the_main_job_with_scripts() -> Result<()> {
    main_job(Scripts::On).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_does_the_main_job_without_scripts() -> Result<()> {
    main_job(Scripts::Off).await
}

async fn main_job(scripts: Scripts) -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(scripts).await?;

    let begun = Instant::now();
    from_the_link_to_a_delivered_test(&browser, &portal).await?;
    let (actions, time) = (browser.actions(), begun.elapsed());
    println!("from the sign-in link to a delivered test, scripts {scripts:?}:");
    println!(
        "  {actions} actions (limit {MOST_ACTIONS}), {:.1} s (limit {} s)",
        time.as_secs_f64(),
        MOST_TIME.as_secs()
    );
    ensure!(actions <= MOST_ACTIONS, "{actions} actions, {MOST_ACTIONS} at most");
    ensure!(time <= MOST_TIME, "{time:?}, {MOST_TIME:?} at most");

    add_and_edit(&browser).await?;
    steps::release_a_document(&browser, DOCUMENT).await?;
    see_it_delivered_and_resend(&browser).await?;
    delete(&browser).await?;

    let complaints = journal::complaints(&browser, &portal.url).await?;
    ensure!(complaints.is_empty(), "the browser complains:\n{}", complaints.join("\n"));

    browser.visit(&portal.receiver).await?;
    browser.sees("/browser-test").await?;
    browser.quit().await?;
    portal.stop().await
}

async fn from_the_link_to_a_delivered_test(browser: &Browser, portal: &Portal) -> Result<()> {
    browser.open(&portal.link).await?;
    steps::open_settings(browser).await?;
    steps::begin_a_webhook(browser, portal, WEBHOOK, "/browser-test", "Status set to Released").await?;
    browser.click("Test webhook").await?;
    let result = browser.text_of(find::TEST_RESULT).await?;
    ensure!(result.contains("200"), "the test was not delivered: {result}");
    Ok(())
}

async fn add_and_edit(browser: &Browser) -> Result<()> {
    steps::finish_a_webhook(browser).await?;
    browser.open_row_menu(WEBHOOK).await?;
    browser.click("Edit").await?;
    browser.fill("Webhook name", RENAMED).await?;
    browser.click("Edit webhook").await?;
    browser.text_of(&find::row(&[RENAMED])).await.map(drop)
}

async fn see_it_delivered_and_resend(browser: &Browser) -> Result<()> {
    browser.click("Deliveries").await?;
    let delivery = find::row(&[RENAMED, DOCUMENT, "delivered"]);
    browser.reloads_until(&delivery).await?;
    browser.press(&format!("{delivery}//a"), "the delivery").await?;
    browser.sees("STATUS_SET_TO_RELEASED_EVENT").await?;
    browser.click("Resend").await?;
    browser.reloads_until(&find::text("Attempt 2")).await
}

async fn delete(browser: &Browser) -> Result<()> {
    browser.click("Settings").await?;
    browser.open_row_menu(RENAMED).await?;
    browser.click("Delete").await?;
    browser.click("Delete").await?;
    browser.loses("//dialog[@open]").await?;
    browser.loses(&find::row(&[RENAMED])).await
}
