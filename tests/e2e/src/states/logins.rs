//! What dialogs show of logins: each kind in a webhook and in a credential, and what keeps a credential.

use anyhow::Result;

use super::{DESK, LIST, PRINTER, show};
use crate::{browser::Browser, find, portal::Portal, steps};

const CREDENTIALS: &str = "/settings/credentials";
const SHARED: &str = "Shared login";

pub(super) async fn walk(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    stock(browser, portal).await?;
    of_webhooks(browser, portal, look).await?;
    of_credentials(browser, portal, look).await?;
    cleared_and_tested(browser, portal, look).await
}

/// A login for the receiver that fetches tokens there, and one of the test environment.
async fn stock(browser: &Browser, portal: &Portal) -> Result<()> {
    let (base, token) = (format!("{}/", portal.receiver), format!("{}/token", portal.receiver));
    let login = [("auth", "oauth2_client"), ("client_id", "desk"), ("client_secret", "a secret of theirs")];
    let place = [("base_url", base.as_str()), ("token_url", token.as_str())];
    steps::post(browser, CREDENTIALS, &[&[("name", SHARED)][..], &login, &place].concat()).await?;
    let test = [("name", "Staging login"), ("environment", "test"), ("base_url", base.as_str()), ("auth", "none")];
    steps::post(browser, CREDENTIALS, &test).await
}

async fn of_webhooks(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    for (kind, name) in [
        ("Basic", "dialog-login-basic"),
        ("OAuth", "dialog-login-oauth"),
        ("API key", "dialog-login-api-key"),
        ("OAuth 2 client credentials", "dialog-login-oauth2-client"),
        ("Credential", "dialog-login-credential"),
    ] {
        show(browser, portal, &format!("{LIST}/new")).await?;
        browser.choose("Authentication", kind).await?;
        look(name).await?;
    }
    show(browser, portal, LIST).await?;
    browser.open_row_menu(PRINTER).await?;
    browser.click("Edit").await?;
    browser.text_of("//dialog[@open]").await?;
    look("dialog-edit-stored-login").await
}

async fn of_credentials(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    for (kind, name) in [
        ("Headers", "credential-headers"),
        ("Basic", "credential-basic"),
        ("Token", "credential-token"),
        ("API key", "credential-api-key"),
        ("HMAC-SHA256", "credential-hmac"),
        ("OAuth 2 client credentials", "credential-oauth2-client"),
    ] {
        show(browser, portal, &format!("{CREDENTIALS}/new")).await?;
        browser.choose("Authentication", kind).await?;
        look(name).await?;
    }
    browser.click("Add credential").await?;
    browser.text_of("//dialog//*[@aria-invalid='true']").await?;
    look("credential-errors").await
}

/// A webhook that uses the shared login: its test with the token request, its refused one, the credential that stays.
async fn cleared_and_tested(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    show(browser, portal, &format!("{LIST}/new")).await?;
    browser.fill("Webhook name", "Shares a login").await?;
    browser.fill("Webhook URL", "/shared").await?;
    browser.choose("Authentication", "Credential").await?;
    browser.choose("Credential", SHARED).await?;
    steps::test_webhook(browser).await?;
    look("test-with-token").await?;
    steps::unfold(browser, "Advanced").await?;
    browser.toggle("Test environment").await?;
    browser.sees("was cleared: it is for the production environment").await?;
    look("dialog-credential-cleared").await?;
    browser.toggle("Test environment").await?;
    browser.choose("Credential", SHARED).await?;
    steps::finish_a_webhook(browser).await?;
    show(browser, portal, CREDENTIALS).await?;
    browser.press("//summary[normalize-space(.)='Used by 1 webhook']", "Used by").await?;
    look("credentials-in-use").await?;
    browser.open_row_menu(SHARED).await?;
    browser.click("Delete").await?;
    browser.sees("cannot be removed while webhooks use it").await?;
    look("credential-delete-refused").await?;
    show(browser, portal, CREDENTIALS).await?;
    browser.open_row_menu("Staging login").await?;
    browser.click("Delete").await?;
    browser.sees("No webhook uses it.").await?;
    look("credential-delete-confirm").await?;

    show(browser, portal, &format!("{LIST}/new")).await?;
    browser.fill("Webhook name", "No token").await?;
    browser.fill("Webhook URL", &format!("{}/shared", portal.receiver)).await?;
    browser.choose("Authentication", "OAuth 2 client credentials").await?;
    browser.fill("Token URL", &format!("{}/status/401", portal.receiver)).await?;
    browser.fill("Client ID", "desk").await?;
    browser.fill("Client secret", "a secret of theirs").await?;
    steps::test_webhook(browser).await?;
    look("test-token-refused").await?;
    browser.text_of(&format!("{}//li[contains(., 'Not sent.')]", find::TESTED)).await?;
    show(browser, portal, LIST).await?;
    browser.text_of(&find::row(&[DESK])).await.map(drop)
}
