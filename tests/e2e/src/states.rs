//! The states that a page can be in and that no address alone brings about: one list for the eye and for the checker.

mod catalogue;
mod events;
mod logins;

use anyhow::{Context, Result};
use thirtyfour::Key;

use crate::{browser::Browser, find, portal::Portal, steps};

const LIST: &str = "/settings/webhooks";
const DESK: &str = "Translation desk";
const FLAKY: &str = "Warehouse, flaky";
const SLOW: &str = "Legal review, slow to answer";
const PRINTER: &str = "Print shop";

/// What a form holds beside the name and the URL.
type Fields = &'static [(&'static str, &'static str)];

/// A webhook of each state, and those that a layout must bear; the path is the receiver's.
const WEBHOOKS: [(&str, &str, Fields); 8] = [
    ("Build server, staging", "/staging", &[("environment", "test"), ("active", "true")]),
    ("Newsletter", "/newsletter", &[]),
    (
        PRINTER,
        "/print",
        &[("auth", "basic"), ("username", "printer"), ("password", "a password of theirs"), ("active", "true")],
    ),
    ("Mirror, given up", "/status/410", &[("events", RELEASED), ("active", "true")]),
    ("Not connected to any event yet", "/nothing", &[("active", "true")]),
    (SLOW, "/slow", &[("events", RELEASED), ("timeout", "1"), ("active", "true")]),
    (FLAKY, "/status/500", &[("events", RELEASED), ("retry", "list"), ("delays", "1s, 1h"), ("active", "true")]),
    (
        "Regional distribution of released documents to the partners in Austria, Switzerland and Liechtenstein",
        "/partners/austria-switzerland-liechtenstein/documents/released/with/all/included/components/and/their/translations\
         ?tenant=0f3c8a52-9d41-4b7e-8a66-1c2d3e4f5a6b&region=alpine&format=notification&reply-to=documents@postrider.example",
        &[("events", RELEASED), ("events", "publication.published"), ("active", "true")],
    ),
];
const RELEASED: &str = "document.released";

/// What pages show before anything was sent.
pub async fn fresh(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    browser.visit(&portal.link).await?;
    for (name, path) in
        [("deliveries-empty", "/deliveries"), ("api-keys-empty", "/settings/api-keys"), ("overview-empty", "/")]
    {
        show(browser, portal, path).await?;
        look(name).await?;
    }
    Ok(())
}

/// Every other state, in a portal that [`steps::stock`] has stocked. The last ones leave it broken.
pub async fn walk(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    stock(browser, portal).await?;
    lists(browser, portal, look).await?;
    dialogs(browser, portal, look).await?;
    logins::walk(browser, portal, look).await?;
    events::walk(browser, portal, look).await?;
    catalogue::walk(browser, portal, look).await?;
    tests(browser, portal, look).await?;
    webhook(browser, portal, look).await?;
    deliveries(browser, portal, look).await?;
    content(browser, portal, look).await?;
    records(browser, portal, look).await?;
    focus(browser, portal, look).await?;
    emptied(browser, portal, look).await?;
    refusals(browser, portal, look).await
}

/// The states that a person without script meets, in a browser of that kind, after [`walk`] has stocked the portal.
pub async fn without_script(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    browser.visit(&portal.link).await?;
    show(browser, portal, &format!("{LIST}?disabled=true&limit=25")).await?;
    look("without-script-list").await?;
    browser.open_row_menu(DESK).await?;
    look("without-script-row-menu").await?;
    browser.click("Test").await?;
    browser.click("Test webhook").await?;
    browser.text_of(find::TEST_RESULT).await?;
    look("without-script-test").await?;
    show(browser, portal, &format!("{LIST}/new")).await?;
    look("without-script-dialog").await?;
    browser.click("Add webhook").await?;
    browser.text_of("//dialog//*[@aria-invalid='true']").await?;
    look("without-script-dialog-errors").await?;
    show(browser, portal, "/deliveries?state=failed").await?;
    look("without-script-deliveries").await
}

async fn show(browser: &Browser, portal: &Portal, path: &str) -> Result<()> {
    browser.visit(&format!("{}{path}", portal.url)).await
}

/// Adds the webhooks, pauses one, and releases a document, so that each has its history.
async fn stock(browser: &Browser, portal: &Portal) -> Result<()> {
    for (name, path, more) in WEBHOOKS {
        let url = format!("{}{path}", portal.receiver);
        let fields = [&[("name", name), ("url", url.as_str())], more].concat();
        steps::post(browser, LIST, &fields).await.with_context(|| format!("{name} was not added"))?;
    }
    let printer = steps::webhook_id(browser, PRINTER).await?;
    steps::post(browser, &format!("{LIST}/{printer}/pause"), &[]).await?;
    show(browser, portal, "/").await?;
    steps::release_a_document(browser, "Safety guide, fourth edition").await?;
    // A page that is still on its way would take the place of the next one.
    browser.sees("Released by").await?;
    show(browser, portal, "/deliveries").await?;
    browser.reloads_until(&find::row(&[FLAKY, "2 of 3"])).await?;
    browser.reloads_until(&find::row(&[SLOW, "timed out"])).await
}

async fn lists(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, &format!("{LIST}?disabled=true&limit=25")).await?;
    look("list-full").await?;
    browser.open_row_menu(DESK).await?;
    look("row-menu").await?;
    browser.open_account_menu().await?;
    look("account-menu").await?;
    show(browser, portal, &format!("{LIST}?q=no+such+webhook&state=paused")).await?;
    look("list-no-match").await
}

async fn dialogs(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, LIST).await?;
    browser.click("Add webhook").await?;
    browser.text_of("//dialog[@open]").await?;
    look("dialog-add").await?;
    steps::unfold(browser, "Advanced").await?;
    browser.toggle("Status set to Released").await?;
    steps::unfold(browser, "Payloads").await?;
    browser.sees("STATUS_SET_TO_RELEASED_EVENT").await?;
    look("dialog-unfolded").await?;
    browser.driver().active_element().await?.send_keys(Key::Escape).await?;
    browser.text_of(&find::clickable("Keep editing")).await?;
    look("dialog-unsaved").await?;
    browser.click("Discard changes").await?;
    browser.loses("//dialog[@open]").await?;
    browser.click("Add webhook").await?;
    browser.fill("Webhook name", "Inside").await?;
    browser.fill("Code", "translation_desk").await?;
    browser.fill("Webhook URL", "http://10.0.0.1/hooks").await?;
    browser.choose("Authentication", "OAuth").await?;
    browser.click("Add webhook").await?;
    browser.text_of("//dialog//*[@aria-invalid='true']").await?;
    look("dialog-errors").await?;
    browser.fill("Webhook URL", "https://ci.example.com/hooks").await?;
    browser.fill("Token", "token-of-theirs").await?;
    browser.click("Add webhook").await?;
    browser.text_of("//input[@id='f-code'][@aria-invalid='true']").await?;
    look("dialog-code-taken").await?;
    show(browser, portal, LIST).await?;
    browser.open_row_menu(DESK).await?;
    browser.click("Delete").await?;
    browser.text_of("//dialog[@open]").await?;
    look("delete-confirm").await
}

async fn tests(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, LIST).await?;
    steps::begin_a_webhook(browser, portal, "Build server", "/builds", "Status set to Released").await?;
    browser.click("Test webhook").await?;
    browser.text_of(find::TEST_RESULT).await?;
    look("test-delivered").await?;
    browser.click("Add webhook").await?;
    browser.sees("whsec_").await?;
    look("secret-shown-once").await?;
    show(browser, portal, LIST).await?;
    browser.open_row_menu(SLOW).await?;
    browser.click("Test").await?;
    browser.click("Test webhook").await?;
    browser.text_of(find::TEST_RESULT).await?;
    look("test-timed-out").await?;
    show(browser, portal, LIST).await?;
    steps::begin_a_webhook(browser, portal, "Not reachable", "/status/503", "Status set to Released").await?;
    browser.click("Test webhook").await?;
    browser.text_of(find::TEST_RESULT).await?;
    look("test-answered-503").await
}

async fn webhook(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    let id = steps::webhook_id(browser, FLAKY).await?;
    let at = |rest: &str| format!("{LIST}/{id}{rest}");
    show(browser, portal, &at("")).await?;
    look("webhook-overview").await?;
    show(browser, portal, &at("?tab=log")).await?;
    browser.press("(//a[starts-with(normalize-space(.), 'Logs')])[1]", "Logs").await?;
    browser.text_of("//dialog[@open]").await?;
    look("webhook-log-dialog").await?;
    show(browser, portal, &at("/secret")).await?;
    look("secret-masked").await?;
    browser.fill("Your password", &portal.password).await?;
    browser.click("Reveal").await?;
    browser.text_of("//code[@id='secret'][starts-with(., 'whsec_')]").await?;
    look("secret-revealed").await?;
    browser.click("Rotate").await?;
    browser.text_of("//dialog[@open]").await?;
    look("secret-rotate").await
}

async fn deliveries(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, &format!("/deliveries?state=retrying&type={RELEASED}&from=24h&limit=25")).await?;
    look("deliveries-filtered").await?;
    browser.press(&find::delivery(&[FLAKY]), "the delivery").await?;
    browser.fill("Why", "They restarted it.").await?;
    browser.click("Resend").await?;
    browser.reloads_until(&find::text("Attempt 3")).await?;
    browser.loses("//div[@data-live]//*[normalize-space(.)='sending']").await?;
    look("delivery-three-attempts").await?;
    show(browser, portal, "/deliveries").await?;
    browser.press("//button[@data-live-switch]", "Live").await?;
    browser.sees("Live: on").await?;
    look("deliveries-live").await?;
    show(browser, portal, "/deliveries?state=retrying").await?;
    browser.click("Resend retrying…").await?;
    browser.text_of("//dialog[@open]").await?;
    look("resend-confirm").await?;
    show(browser, portal, "/deliveries?test=true").await?;
    browser.press(&find::delivery(&["Build server"]), "the test").await?;
    look("delivery-of-a-test").await
}

/// A status that tells webhooks, and a decision that came too late.
async fn content(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, "/content/documents").await?;
    browser.open_row_menu("Replacing the seal").await?;
    browser.click("Change status").await?;
    browser.text_of("//dialog[@open]").await?;
    look("document-status").await?;
    show(browser, portal, "/content/assignments").await?;
    browser.press("(//tbody//a[contains(@class, 'name')])[1]", "the newest assignment").await?;
    browser.text_of(&find::clickable("Approve")).await?;
    portal.tamper("update assignments set version = version + 1")?;
    browser.press("(//button[normalize-space(.)='Approve'][not(@disabled)])[1]", "Approve").await?;
    browser.sees("so nothing was recorded").await?;
    look("assignment-decision-late").await
}

async fn records(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, "/settings/audit").await?;
    browser.press("(//tbody//summary)[1]", "the differences").await?;
    look("audit").await?;
    show(browser, portal, "/settings/api-keys/new").await?;
    browser.fill("Name", "Warehouse").await?;
    browser.click("Create API key").await?;
    browser.sees("prk_").await?;
    look("api-key-shown-once").await
}

/// Five of the stops that the keyboard makes in the list.
async fn focus(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, LIST).await?;
    for (name, stop) in [
        ("focus-skip-link", "Skip to content"),
        ("focus-navigation", "Deliveries"),
        ("focus-tab", "API keys"),
        ("focus-search", "Search name, code or URL"),
        ("focus-row-menu", "Actions for"),
    ] {
        steps::tab_to(browser, stop).await?;
        look(name).await?;
    }
    Ok(())
}

async fn emptied(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    for id in steps::webhook_ids(browser).await? {
        steps::post(browser, &format!("{LIST}/{id}/delete"), &[]).await?;
    }
    show(browser, portal, LIST).await?;
    look("list-empty").await
}

/// What cannot be had: the page that is not there, the one that is not for everybody, and the one that broke.
async fn refusals(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, "/settings/webhooks/whk_nobody").await?;
    look("not-found").await?;
    portal.tamper("update users set role = 'member'")?;
    show(browser, portal, LIST).await?;
    look("forbidden").await?;
    portal.tamper("update users set role = 'administrator'; drop table audit")?;
    show(browser, portal, "/settings/audit").await?;
    look(BROKEN).await
}

/// The one state whose page answers 500, of which the browser's console tells.
pub const BROKEN: &str = "server-error";
