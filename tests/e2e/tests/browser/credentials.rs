//! Credentials: each kind of login, the webhooks that share it, and what keeps it where it belongs.

use std::time::UNIX_EPOCH;

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find,
    portal::Portal,
    steps,
    walk::{Walk, once, twice},
};
use serde_json::json;

const WEBHOOK: &str = "Build server";

/// Labels, and what is filled in.
type Fields = &'static [(&'static str, &'static str)];

/// The kinds of login, what is filled in for each, and the headers of it that the receiver gets, by name.
const KINDS: [(&str, Fields, Fields); 7] = [
    ("None", &[], &[]),
    ("Headers", &[("Name of header 1", "X-Team"), ("Value of header 1", "docs")], &[("x-team", "docs")]),
    (
        "Basic",
        &[("Username", "printer"), ("Password", "pass word")],
        &[("authorization", "Basic cHJpbnRlcjpwYXNzIHdvcmQ=")],
    ),
    ("Token", &[("Token key", "Token"), ("Token value", "t0ken")], &[("authorization", "Token t0ken")]),
    (
        "API key",
        &[("Key", "a-key-of-theirs"), ("Name of header 1", "X-Team"), ("Value of header 1", "docs")],
        &[("x-api-key", "a-key-of-theirs"), ("x-team", "docs")],
    ),
    (
        "HMAC-SHA256",
        &[("Client ID", "desk"), ("Client secret", "s3cret")],
        &[("x-client-id", "desk"), ("x-signature", "sha256=…"), ("x-timestamp", "now")],
    ),
    (
        "OAuth 2 client credentials",
        &[("Scope", "hooks"), ("Client ID", "desk"), ("Client secret", "s3cret")],
        &[("authorization", "Bearer demo-token")],
    ),
];
/// The headers in which a login may arrive.
const LOGINS: [&str; 6] = ["authorization", "x-api-key", "x-client-id", "x-signature", "x-team", "x-timestamp"];

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_login_is_saved_once_and_reaches_the_receiver() -> Result<()> {
    once(Scripts::On, async |Walk { browser, portal, .. }: &Walk| {
        open_credentials(browser).await?;
        for (kind, fields, _) in KINDS {
            begin(browser, portal, kind, kind).await?;
            if kind.starts_with("OAuth") {
                browser.fill("Token URL", &format!("{}/token", portal.receiver)).await?;
            }
            for (label, value) in fields {
                browser.fill(label, value).await?;
            }
            browser.click("Add credential").await?;
            browser.text_of(&find::row(&[kind, "No webhook"])).await?;
        }
        browser.click("Webhooks").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", WEBHOOK).await?;
        browser.fill("Webhook URL", "/builds/1").await?;
        browser.toggle("Status set to Released").await?;
        browser.choose("Authentication", "Credential").await?;
        for (kind, _, headers) in KINDS {
            browser.choose("Credential", kind).await?;
            let told = steps::test_webhook(browser).await?;
            ensure!(told.contains("200"), "{kind}: {told}");
            let received = portal.newest().await?;
            ensure!(
                received.contains("POST /builds/1<"),
                "{kind}: not sent to the path below the base URL: {received}"
            );
            let arrived: Vec<_> = LOGINS.iter().filter_map(|name| Some((*name, header(&received, name)?))).collect();
            ensure!(arrived == headers, "{kind}: {arrived:?} arrived");
        }
        let told = browser.text_of(&format!("{}//li[contains(., 'Token request')]", find::TESTED)).await?;
        ensure!(told.contains(&format!("POST {}/token", portal.receiver)), "{told}");
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[WEBHOOK, "/builds/1"])).await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_in_use_stays_and_one_of_the_other_environment_is_cleared() -> Result<()> {
    const STAGING: &str = "Staging login";
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        open_credentials(browser).await?;
        begin(browser, portal, "Never added", "Basic").await?;
        browser.fill("Username", "nobody").await?;
        steps::cancel(browser, *scripts).await?;
        browser.click("Credentials").await?;
        browser.text_of(&find::row(&["Demo receiver"])).await?;
        let rows = browser.count_of("//tbody/tr").await?;
        ensure!(rows == 1, "{rows} credentials");
        begin(browser, portal, STAGING, "Basic").await?;
        browser.fill("Username", "printer").await?;
        browser.fill("Password", "pass word").await?;
        browser.toggle("Test credentials").await?;
        browser.click("Add credential").await?;
        browser.text_of(&find::row(&[STAGING, "test", "Basic"])).await?;
        for name in [WEBHOOK, "Mirror"] {
            browser.click("Webhooks").await?;
            browser.click("Add webhook").await?;
            browser.fill("Webhook name", name).await?;
            browser.fill("Webhook URL", "/staging").await?;
            browser.choose("Authentication", "Credential").await?;
            browser.loses(&find::option("Credential", STAGING)).await?;
            steps::unfold(browser, "Advanced").await?;
            browser.toggle("Test environment").await?;
            if *scripts == Scripts::Off {
                steps::unfold(browser, "Payloads").await?;
                browser.click("Show payloads").await?;
            }
            browser.choose("Credential", STAGING).await?;
            steps::finish_a_webhook(browser).await?;
            browser.text_of(&find::row(&[name, "test"])).await?;
        }

        browser.click("Credentials").await?;
        browser.press("//summary[normalize-space(.)='Used by 2 webhooks']", "Used by").await?;
        browser.text_of(&find::row(&[STAGING, WEBHOOK, "Mirror"])).await?;
        browser.open_row_menu(STAGING).await?;
        browser.click("Delete").await?;
        browser.sees("cannot be removed while webhooks use it").await?;
        browser.text_of(&format!("//dialog[@open]//li[normalize-space(.)='{WEBHOOK}']")).await?;
        browser.click("Close").await?;

        browser.click("Webhooks").await?;
        browser.open_row_menu(WEBHOOK).await?;
        browser.click("Edit").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.toggle("Test environment").await?;
        if *scripts == Scripts::On {
            browser.sees("“Staging login” was cleared: it is for the test environment.").await?;
        }
        browser.click("Edit webhook").await?;
        browser.text_of("//*[@id='f-credential_id'][@aria-invalid='true']").await?;
        browser.choose("Authentication", "None").await?;
        browser.fill("Webhook URL", &format!("{}/live", portal.receiver)).await?;
        browser.click("Edit webhook").await?;
        browser.text_of(&find::row(&[WEBHOOK, "/live"])).await?;
        browser.click("Credentials").await?;
        browser.text_of(&find::row(&[STAGING, "Used by 1 webhook"])).await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_urlencoded_body_arrives_in_the_field_payload() -> Result<()> {
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        open_credentials(browser).await?;
        begin(browser, portal, "Old script", "None").await?;
        browser.choose("Content type", "Form-urlencoded").await?;
        browser.click("Add credential").await?;
        browser.text_of(&find::row(&["Old script", "form-urlencoded"])).await?;
        browser.click("Webhooks").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", WEBHOOK).await?;
        browser.fill("Webhook URL", "/form").await?;
        browser.toggle("Status set to Released").await?;
        browser.choose("Authentication", "Credential").await?;
        browser.choose("Credential", "Old script").await?;
        steps::finish_a_webhook(browser).await?;
        portal.publish(&key, "document.released", json!({"resource_id": 1042, "resource_title": "Old guide"})).await?;
        steps::open_delivery(browser, &[WEBHOOK, "Old guide", "delivered"]).await?;
        let body = browser.text_of("//*[@id='request-body']").await?;
        ensure!(body.starts_with("payload=%7B%22event%22%3A%22STATUS_SET_TO_RELEASED_EVENT%22"), "{body}");
        let headers = browser.text_of("//*[@id='request-headers']").await?.to_lowercase();
        ensure!(headers.contains("content-type: application/x-www-form-urlencoded"), "{headers}");
        Ok(())
    })
    .await
}

async fn open_credentials(browser: &Browser) -> Result<()> {
    browser.click("Settings").await?;
    browser.click("Credentials").await
}

/// Opens the dialog, and fills in a credential of this kind for the demo's receiver.
async fn begin(browser: &Browser, portal: &Portal, name: &str, kind: &str) -> Result<()> {
    browser.click("Add credential").await?;
    browser.fill("Name", name).await?;
    browser.fill("Base URL", &format!("{}/", portal.receiver)).await?;
    browser.choose("Authentication", kind).await
}

/// The value of a header in a request of the receiver's page; what is another each time is told by its form.
fn header<'a>(received: &'a str, name: &str) -> Option<&'a str> {
    let (value, _) = received.split_once(&format!("<dt>{name}</dt><dd>"))?.1.split_once("</dd>")?;
    let now = UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
    let is_now = value.parse().is_ok_and(|seconds: u64| now.abs_diff(seconds) < 60);
    let is_hash = |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(match name {
        "x-timestamp" if is_now => "now",
        "x-signature" if value.strip_prefix("sha256=").is_some_and(is_hash) => "sha256=…",
        _ => value,
    })
}
