//! What an administrator does in the portal, step by step.

use anyhow::Result;

use crate::{browser::Browser, find, portal::Portal};

/// Opens Settings by way of the avatar.
pub async fn open_settings(browser: &Browser) -> Result<()> {
    browser.open_account_menu().await?;
    browser.click("Settings").await
}

/// Opens the dialog, and fills in a webhook that goes to this path of the demo's receiver.
pub async fn begin_a_webhook(browser: &Browser, portal: &Portal, name: &str, path: &str, event: &str) -> Result<()> {
    browser.click("Add webhook").await?;
    browser.fill("Webhook name", name).await?;
    browser.fill("Webhook URL", &format!("{}{path}", portal.receiver)).await?;
    browser.toggle(event).await
}

/// Sends the open dialog, and takes note of the secret that is shown once.
pub async fn finish_a_webhook(browser: &Browser) -> Result<()> {
    browser.click("Add webhook").await?;
    browser.sees("whsec_").await?;
    browser.click("Done").await
}

/// Adds a document of this title and releases it.
pub async fn release_a_document(browser: &Browser, title: &str) -> Result<()> {
    browser.click("Content").await?;
    browser.click("Add document").await?;
    browser.fill("Title", title).await?;
    browser.fill("Language", "en").await?;
    browser.click("Add document").await?;
    browser.click("Content").await?;
    browser.open_row_menu(title).await?;
    browser.click("Change status").await?;
    browser.choose("New status", "Released").await?;
    browser.fill("Comment", "Checked by two people.").await?;
    browser.click("Change status").await
}

/// Publishes the document of this title and keeps the output.
pub async fn publish(browser: &Browser, title: &str) -> Result<()> {
    browser.click("Content").await?;
    browser.open_row_menu(title).await?;
    browser.click("Publish").await?;
    browser.toggle("Save the output").await?;
    browser.click("Publish").await?;
    browser.click("Content").await?;
    browser.click("Publications").await?;
    browser.reloads_until(&find::row(&[title, "done"])).await
}

/// Creates an API key of this name, and takes note of the token that is shown once.
pub async fn create_key(browser: &Browser, name: &str) -> Result<()> {
    open_settings(browser).await?;
    browser.click("API keys").await?;
    browser.click("Create API key").await?;
    browser.fill("Name", name).await?;
    browser.click("Create API key").await?;
    browser.sees("prk_").await?;
    browser.click("Done").await
}

/// Signs in and brings about every state that a page can show: delivered, retried, a test, a saved output.
pub async fn stock(browser: &Browser, portal: &Portal) -> Result<()> {
    browser.visit(&portal.link).await?;
    open_settings(browser).await?;
    begin_a_webhook(browser, portal, "Translation desk", "/translations", "Status set to Released").await?;
    browser.click("Test webhook").await?;
    browser.text_of(find::TEST_RESULT).await?;
    finish_a_webhook(browser).await?;
    begin_a_webhook(browser, portal, "Archive, often busy", "/status/503", "Publication published").await?;
    finish_a_webhook(browser).await?;
    release_a_document(browser, "Release checklist").await?;
    publish(browser, "Release checklist").await?;
    create_key(browser, "Build server").await?;
    browser.click("Deliveries").await?;
    browser.reloads_until(&find::row(&["Translation desk", "Release checklist", "delivered"])).await?;
    browser.reloads_until(&find::row(&["Archive, often busy", "503"])).await
}
