//! Everything around the main job, as an administrator walks through it: with scripts and without, in light and dark.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts, Theme},
    find, journal,
    portal::Portal,
    steps,
};
use serde_json::json;

const DESK: &str = "Translation desk";
const PASSWORD: &str = "a long enough password";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_walks_the_portal_with_scripts_in_light() -> Result<()> {
    walk(Scripts::On, Theme::Light).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_walks_the_portal_without_scripts_in_dark() -> Result<()> {
    walk(Scripts::Off, Theme::Dark).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_walks_the_portal_with_scripts_in_dark() -> Result<()> {
    walk(Scripts::On, Theme::Dark).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_walks_the_portal_without_scripts_in_light() -> Result<()> {
    walk(Scripts::Off, Theme::Light).await
}

async fn walk(scripts: Scripts, theme: Theme) -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(scripts).await?;
    browser.wear(theme).await?;
    steps::stock(&browser, &portal).await?;
    webhooks(&browser).await?;
    payloads(&browser, scripts).await?;
    webhook_page(&browser, &portal).await?;
    keys_and_integrations(&browser, &portal).await?;
    overview_and_events(&browser).await?;
    deliveries(&browser, &portal, scripts).await?;
    audit_and_account(&browser, &portal).await?;
    let complaints = journal::complaints(&browser, &portal.url).await?;
    ensure!(complaints.is_empty(), "the browser complains:\n{}", complaints.join("\n"));
    browser.quit().await?;
    portal.stop().await
}

/// Pause and Resume, Duplicate, Test environment, own headers, another format, several at once.
async fn webhooks(browser: &Browser) -> Result<()> {
    browser.click("Settings").await?;
    // The last delivery and how the day went, the trigger, the identifier, and where the list goes on.
    browser.text_of(&find::row(&[DESK, "200", "100 %", "Status set to Released", "Identifier whk_"])).await?;
    browser.text_of(&find::row(&["Archive, often busy", "failing", "503", "0 %"])).await?;
    browser.sees("1 - 3 of 3").await?;
    browser.open_row_menu(DESK).await?;
    browser.click("Pause").await?;
    browser.text_of(&find::row(&[DESK, "paused"])).await?;
    browser.open_row_menu(DESK).await?;
    browser.click("Resume").await?;
    browser.text_of(&find::row(&[DESK, "active"])).await?;
    browser.open_row_menu(DESK).await?;
    browser.click("Duplicate").await?;
    browser.sees("The copy is inactive").await?;
    steps::unfold(browser, "Advanced").await?;
    browser.choose("Payload format", "Envelope").await?;
    browser.type_at("(//input[@name='header_name'])[1]", "X-Team").await?;
    browser.type_at("(//input[@name='header_value'])[1]", "docs").await?;
    browser.toggle("Test environment").await?;
    browser.click("Edit webhook").await?;
    browser.sees("1 inactive webhook is not shown.").await?;
    browser.click("Show disabled webhooks").await?;
    browser.text_of(&find::row(&["Translation desk (copy)", "inactive", "test"])).await?;
    browser.press(&find::tick("Translation desk (copy)"), "the box of the copy").await?;
    browser.click("Activate selected").await?;
    browser.sees("Webhook “Translation desk (copy)” was activated.").await?;
    browser.press(&find::tick("Translation desk (copy)"), "the box of the copy").await?;
    browser.click("Deactivate selected").await?;
    browser.sees("Deactivate 1 webhook?").await?;
    browser.click("Deactivate").await?;
    browser.sees("Webhook “Translation desk (copy)” was deactivated.").await
}

/// The exact requests, live in the dialog and on a page of their own.
async fn payloads(browser: &Browser, scripts: Scripts) -> Result<()> {
    browser.click("Add webhook").await?;
    browser.fill("Webhook name", "Preview").await?;
    browser.toggle("Assignment created").await?;
    steps::unfold(browser, "Payloads").await?;
    if scripts == Scripts::Off {
        browser.click("Show payloads").await?;
    }
    browser.sees("assignment_link").await?;
    browser.click("All formats").await?;
    browser.sees("archive_link").await?;
    browser.choose("Payload format", "Standard Webhooks").await?;
    browser.click("Show").await?;
    browser.sees("2025").await
}

/// Health, log, settings, and a new secret.
async fn webhook_page(browser: &Browser, portal: &Portal) -> Result<()> {
    browser.click("Settings").await?;
    browser.click("Archive, often busy").await?;
    browser.sees("Failing: none of").await?;
    browser.sees("Answer time: half within").await?;
    browser.click("Log").await?;
    browser.sees("FAILED").await?;
    browser.press("(//a[starts-with(normalize-space(.), 'Logs')])[1]", "Logs").await?;
    browser.sees("Trigger").await?;
    browser.sees("Response").await?;
    browser.text_of("//dialog[@open]//pre[@id='trigger-body'][contains(., 'PUBLISHED_EVENT')]").await?;
    browser.click("Close").await?;
    browser.press("//main//nav[@aria-label='Webhook']//a[normalize-space(.)='Settings']", "the tab Settings").await?;
    browser.sees("Payload format").await?;
    browser.click("Secret").await?;
    browser.fill("Your password", &portal.password).await?;
    browser.click("Reveal").await?;
    browser.text_of("//code[@id='secret'][starts-with(., 'whsec_')]").await?;
    browser.click("Rotate").await?;
    browser.click("Rotate").await?;
    browser.sees("whsec_").await?;
    browser.sees("The key before it signs too until").await?;
    browser.click("Done").await
}

async fn keys_and_integrations(browser: &Browser, portal: &Portal) -> Result<()> {
    browser.click("Integrations").await?;
    browser.sees("What comes in").await?;
    browser.sees("1 key, 1 active").await?;
    let token = steps::create_key(browser, "Release robot", true).await?;
    browser.text_of(&find::row(&["Release robot", "test", "post events"])).await?;
    let posted = json!({"resource_id": 1042, "resource_title": "Posted by a program"});
    portal.publish(&token, "document.released", posted).await?;
    browser.reloads_until(&format!("{}//td[@data-label='Last used']//time", find::row(&["Release robot"]))).await?;
    let revoke = "//a[starts-with(normalize-space(.), 'Revoke')]";
    browser.press(&format!("{}{revoke}", find::row(&["Build server"])), "Revoke").await?;
    browser.click("Revoke").await?;
    browser.text_of(&find::row(&["Build server", "revoked"])).await.map(drop)
}

async fn overview_and_events(browser: &Browser) -> Result<()> {
    browser.click("Overview").await?;
    browser.sees("attempts succeeded in the last 24 hours").await?;
    browser.sees("What comes next").await?;
    browser.click("Events").await?;
    browser.press("(//tbody//a[normalize-space(.)='Publication published'])[1]", "the event").await?;
    browser.text_of(&find::row(&[DESK, "not ticked"])).await?;
    browser.text_of(&find::row(&["Archive, often busy", "sent"])).await.map(drop)
}

/// Many at once, the command line, and the list that follows what happens.
async fn deliveries(browser: &Browser, portal: &Portal, scripts: Scripts) -> Result<()> {
    browser.click("Deliveries").await?;
    browser.press(&format!("({}//input[@name='ids'])[1]", find::row(&["delivered"])), "the box of a delivery").await?;
    browser.click("Resend selected").await?;
    browser.sees("Resend 1 delivery?").await?;
    browser.click("Resend").await?;
    browser.sees("1 delivery is sent again").await?;
    browser
        .press(&format!("({}//a[contains(@class, 'name')])[1]", find::row(&["Archive, often busy"])), "the delivery")
        .await?;
    browser.click("Copy as cURL").await?;
    browser.sees("curl -X POST").await?;
    if scripts == Scripts::On {
        browser.click("Deliveries").await?;
        browser.press("//button[@data-live-switch]", "Live").await?;
        browser.sees("Live: on").await?;
        let other = Browser::start(Scripts::On).await?;
        other.visit(&portal.link).await?;
        steps::release_a_document(&other, "Seen live").await?;
        other.quit().await?;
        browser.text_of(&find::row(&["Seen live"])).await?;
        browser.press("//button[@data-live-switch]", "Live").await?;
        browser.sees("Live: off").await?;
    }
    Ok(())
}

async fn audit_and_account(browser: &Browser, portal: &Portal) -> Result<()> {
    browser.click("Settings").await?;
    browser.click("Audit").await?;
    browser.sees("rotated a signing secret").await?;
    browser.choose("What", "Paused a webhook").await?;
    browser.click("Filter").await?;
    browser.sees("paused a webhook").await?;
    browser.choose("What", "Changed a webhook").await?;
    browser.click("Filter").await?;
    browser.press("(//tbody//summary)[1]", "the differences").await?;
    browser.text_of("(//dl[@class='diff']//ins)[1]").await?;
    browser.open_account_menu().await?;
    browser.click("Dark").await?;
    browser.text_of("//html[@data-theme='dark']//h1").await?;
    browser.open_account_menu().await?;
    browser.click("My account").await?;
    browser.fill("Name", "Dana D. Demo").await?;
    browser.click("Save name").await?;
    browser.sees("Your name was changed.").await?;
    browser.sees("this one").await?;
    let other = Browser::start(Scripts::Off).await?;
    other.visit(&portal.link).await?;
    other.quit().await?;
    browser.driver().refresh().await?;
    browser.click("Sign out everywhere else").await?;
    browser.sees("ended.").await
}

/// What asks for the password: the secret, and a new password.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_opens_the_secret_and_can_be_changed() -> Result<()> {
    let portal = Portal::start_empty().await?;
    let browser = Browser::start(Scripts::Off).await?;
    browser.open(&portal.link).await?;
    browser.fill("Name", "Ada Berg").await?;
    browser.fill("E-mail", "ada@postrider.example").await?;
    browser.fill("Password", PASSWORD).await?;
    browser.click("Create administrator").await?;
    browser.click("Settings").await?;
    browser.click("Add webhook").await?;
    browser.fill("Webhook name", "CI").await?;
    browser.fill("Webhook URL", "https://ci.example.com/hooks").await?;
    steps::finish_a_webhook(&browser).await?;
    browser.click("CI").await?;
    browser.click("Secret").await?;
    browser.fill("Your password", "not my password").await?;
    browser.click("Reveal").await?;
    browser.sees("This is not your password.").await?;
    browser.fill("Your password", PASSWORD).await?;
    browser.click("Reveal").await?;
    browser.text_of("//code[@id='secret'][starts-with(., 'whsec_')]").await?;
    browser.open_account_menu().await?;
    browser.click("My account").await?;
    browser.fill("Current password", PASSWORD).await?;
    browser.fill("New password", "another long password").await?;
    browser.click("Change password").await?;
    browser.sees("Your password was changed.").await?;
    browser.open_account_menu().await?;
    browser.click("Sign out").await?;
    browser.fill("E-mail", "ada@postrider.example").await?;
    browser.fill("Password", "another long password").await?;
    browser.click("Sign in").await?;
    browser.sees("Overview").await?;
    browser.quit().await
}
