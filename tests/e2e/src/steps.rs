//! What an administrator does in the portal, step by step.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use thirtyfour::Key;

use crate::{
    browser::{Browser, Scripts},
    find,
    portal::Portal,
};

/// Posts a form from the open page; an answer that is no success is a fault.
const POST: &str = "const [path, fields, done] = arguments;
fetch(path, {method: 'POST', body: new URLSearchParams(fields)})
  .then(answer => done(answer.ok ? '' : `${path} answered ${answer.status}`), error => done(String(error)));";
/// The names and ids of all webhooks.
const WEBHOOKS: &str = "const done = arguments[0];
fetch('/settings/webhooks?disabled=true&limit=100').then(async answer => {
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  done([...page.querySelectorAll('tbody tr')].map(row => [row.querySelector('.name').textContent, row.id]));
}, () => done([]));";
/// The name of what has the focus, as it is read out.
const FOCUSED: &str = "const one = document.activeElement;
return one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent;";
/// What is known of the orders that [`stock`] declares: an object in it, and a list of objects.
const ORDER: &str = r##"{"type": "object", "required": ["id"], "properties": {
  "id": {"type": "integer", "description": "The number of the order."},
  "to": {"$ref": "#/$defs/address", "description": "Where it goes."},
  "lines": {"type": "array", "description": "What is in it.", "items": {"type": "object", "required": ["sku"], "properties": {
    "sku": {"type": "string", "description": "The article."},
    "count": {"type": "integer"}
  }}}
}, "$defs": {"address": {"type": "object", "properties": {"city": {"type": "string"}, "country": {"enum": ["AT", "CH", "LI"]}}}}}"##;
/// So many stops are tried.
const STOPS: usize = 60;

/// Sends a form to the portal without opening its page, to stock it quickly.
pub async fn post(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Result<()> {
    let answer = browser.driver().execute_async(POST, vec![json!(path), json!(fields)]).await?;
    let fault = answer.json().as_str().unwrap_or("no answer");
    ensure!(fault.is_empty(), "{fault}");
    Ok(())
}

/// The id of the webhook with this name.
pub async fn webhook_id(browser: &Browser, name: &str) -> Result<String> {
    let all = webhooks(browser).await?;
    let id = all.into_iter().find_map(|(known, id)| (known == name).then_some(id));
    id.with_context(|| format!("there is no webhook {name:?}"))
}

/// The ids of all webhooks.
pub async fn webhook_ids(browser: &Browser) -> Result<Vec<String>> {
    Ok(webhooks(browser).await?.into_iter().map(|(_, id)| id).collect())
}

async fn webhooks(browser: &Browser) -> Result<Vec<(String, String)>> {
    let answer = browser.driver().execute_async(WEBHOOKS, vec![]).await?;
    serde_json::from_value(answer.json().clone()).context("the list of webhooks could not be read")
}

/// Goes on with the tabulator until what has the focus is called so, or its name begins so.
pub async fn tab_to(browser: &Browser, name: &str) -> Result<()> {
    for _ in 0..STOPS {
        browser.driver().active_element().await?.send_keys(Key::Tab).await?;
        if focused(browser).await?.starts_with(name) {
            return Ok(());
        }
    }
    anyhow::bail!("the tabulator never came to {name:?}")
}

/// What has the focus, as it is read out.
pub async fn focused(browser: &Browser) -> Result<String> {
    let focused = browser.driver().execute(FOCUSED, vec![]).await?;
    Ok(focused.json().as_str().unwrap_or_default().trim().to_owned())
}

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

/// Unfolds a part of the open dialog, such as Advanced or a group of events.
pub async fn unfold(browser: &Browser, part: &str) -> Result<()> {
    browser.press(&find::folded(part), &format!("the folded part {part:?}")).await
}

/// Tests what the open dialog holds, and gives the verdict.
pub async fn test_webhook(browser: &Browser) -> Result<String> {
    let before = browser.attribute(&format!("{}//a", find::TESTED), "href").await?.unwrap_or_default();
    browser.click("Test webhook").await?;
    browser.holds(&format!("{}//a[not(@href='{before}')]", find::TESTED)).await?;
    browser.text_of(find::TEST_RESULT).await
}

/// Leaves the open dialog by Cancel after something was typed; a script asks whether that may go.
pub async fn cancel(browser: &Browser, scripts: Scripts) -> Result<()> {
    browser.click("Cancel").await?;
    if scripts == Scripts::On {
        browser.sees("Leave without saving?").await?;
        browser.click("Discard changes").await?;
    }
    browser.loses("//dialog[@open]").await
}

/// Sends the open dialog, and takes note of the secret that is shown once.
pub async fn finish_a_webhook(browser: &Browser) -> Result<()> {
    browser.click("Add webhook").await?;
    browser.sees("whsec_").await?;
    browser.click("Done").await
}

/// Adds a document of this title.
pub async fn add_a_document(browser: &Browser, title: &str) -> Result<()> {
    browser.click("Content").await?;
    browser.click("Add document").await?;
    browser.fill("Title", title).await?;
    browser.fill("Language", "en").await?;
    browser.click("Add document").await?;
    browser.sees("The document was added.").await
}

/// Gives the document of this title another status, and waits for the answer: who leaves before it takes the form back.
pub async fn change_status(browser: &Browser, title: &str, status: &str) -> Result<()> {
    browser.click("Content").await?;
    browser.open_row_menu(title).await?;
    browser.click("Change status").await?;
    browser.choose("New status", status).await?;
    browser.fill("Comment", "Checked by two people.").await?;
    browser.click("Change status").await?;
    browser.sees(&format!("The status was set to {status}.")).await
}

/// Adds a document of this title and releases it.
pub async fn release_a_document(browser: &Browser, title: &str) -> Result<()> {
    add_a_document(browser, title).await?;
    change_status(browser, title, "Released").await
}

/// Opens the delivery in whose row all these texts stand, as soon as it is there.
pub async fn open_delivery(browser: &Browser, texts: &[&str]) -> Result<()> {
    browser.click("Deliveries").await?;
    browser.reloads_until(&find::row(texts)).await?;
    browser.press(&find::delivery(texts), "the delivery").await
}

/// Opens the page of the event whose title this is.
pub async fn open_event(browser: &Browser, title: &str) -> Result<()> {
    browser.click("Events").await?;
    browser.press(&find::delivery(&[title]), "the event").await
}

/// Publishes the document of this title and keeps the output.
pub async fn publish(browser: &Browser, title: &str) -> Result<()> {
    browser.click("Content").await?;
    browser.open_row_menu(title).await?;
    browser.click("Publish").await?;
    browser.toggle("Save the output").await?;
    browser.click("Publish").await?;
    browser.sees("The publication was started.").await?;
    browser.click("Content").await?;
    browser.click("Publications").await?;
    browser.reloads_until(&find::row(&[title, "done"])).await
}

/// Creates an API key of this name, of the test environment or of production, and gives the token that is shown once.
pub async fn create_key(browser: &Browser, name: &str, test: bool) -> Result<String> {
    open_settings(browser).await?;
    browser.click("API keys").await?;
    browser.click("Create API key").await?;
    browser.fill("Name", name).await?;
    if test {
        browser.toggle("Test environment").await?;
    }
    browser.click("Create API key").await?;
    let token = browser.text_of("//code[@id='token'][starts-with(., 'prk_')]").await?;
    browser.click("Done").await?;
    Ok(token)
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
    create_key(browser, "Build server", false).await?;
    let fields = [("name", "order.shipped"), ("label", "Order shipped"), ("group", "Orders")];
    let data = [("schema", ORDER), ("example", r#"{"id":1042}"#), ("checked", "true")];
    post(browser, "/event-types", &[fields, data].concat()).await?;
    browser.click("Deliveries").await?;
    browser.reloads_until(&find::row(&["Translation desk", "Release checklist", "delivered"])).await?;
    browser.reloads_until(&find::row(&["Archive, often busy", "503"])).await
}
