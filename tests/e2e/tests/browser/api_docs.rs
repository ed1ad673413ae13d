//! The description of the API in the browser: Swagger UI from the binary, without another host.

use anyhow::{Result, ensure};
use postrider_e2e::{
    axe::Axe,
    browser::{Browser, Scripts, Theme},
    journal,
    portal::Portal,
};

/// Swagger UI's own markup, which no setting and no style of ours can change: the head of an operation is a button that
/// has a link in it, and the groups are third-level headings right below the first-level one.
const NOT_OURS: [(&str, &str); 2] =
    [("nested-interactive", ".opblock-summary-control"), ("heading-order", "h3.opblock-tag")];
const OPERATIONS: &str = "document.querySelectorAll('.opblock').length";

#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_api_opens_unfolds_and_asks_no_other_host() -> Result<()> {
    let axe = Axe::load()?;
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    browser.visit(&format!("{}/api/docs", portal.url)).await?;
    browser.sees("The webhook desk").await?;
    browser.sees("/api/v1/deliveries/{id}/resend").await?;
    let operations = browser.number(OPERATIONS).await?;
    ensure!(operations >= 5, "{operations} operations are listed");
    let mut faults = Vec::new();
    inspect(&browser, &axe, "folded", &mut faults).await?;
    browser
        .press(
            "//*[contains(@class, 'opblock-post')][.//*[@data-path='/api/v1/events']]//button[contains(@class, 'opblock-summary-control')]",
            "the operation",
        )
        .await?;
    browser.sees("Idempotency-Key").await?;
    browser.sees("Try it out").await?;
    inspect(&browser, &axe, "unfolded", &mut faults).await?;
    faults.extend(journal::complaints(&browser, &portal.url).await?);
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_description_leads_to_the_document() -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::Off).await?;
    browser.visit(&format!("{}/api/docs", portal.url)).await?;
    browser.sees("This page needs JavaScript.").await?;
    browser.click("the OpenAPI document").await?;
    browser.sees("\"openapi\"").await?;
    browser.quit().await
}

async fn inspect(browser: &Browser, axe: &Axe, state: &str, faults: &mut Vec<String>) -> Result<()> {
    for theme in [Theme::Light, Theme::Dark] {
        browser.wear(theme).await?;
        let found = axe.faults_but(browser, &NOT_OURS).await?;
        faults.extend(found.into_iter().map(|fault| format!("{state}, {}: {fault}", theme.name())));
    }
    Ok(())
}
