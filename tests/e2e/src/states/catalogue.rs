//! The catalogue of events: the dialogs that declare types, what keeps one, and what everybody reads of it.

use anyhow::Result;

use super::{LIST, show};
use crate::{browser::Browser, portal::Portal, steps};

const TYPES: &str = "/event-types";

pub(super) async fn walk(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    show(browser, portal, &format!("{TYPES}?q=no-such-event")).await?;
    look("event-types-no-match").await?;
    show(browser, portal, TYPES).await?;
    browser.click("Add event type").await?;
    browser.text_of("//dialog[@open]").await?;
    look("event-type-add").await?;
    browser.fill("Name", "Order").await?;
    browser.fill("Example", r#"{"id": "seven"}"#).await?;
    browser.click("Add event type").await?;
    browser.sees("It does not fit the schema").await?;
    look("event-type-errors").await?;

    show(browser, portal, &format!("{TYPES}/order.shipped")).await?;
    steps::unfold(browser, "Python").await?;
    look("event-type-declared").await?;
    browser.click("Delete").await?;
    browser.sees("No webhook is sent it.").await?;
    look("event-type-delete").await?;
    let url = format!("{}/orders", portal.receiver);
    steps::post(browser, LIST, &[("name", "Orders"), ("url", &url), ("events", "order.shipped")]).await?;
    show(browser, portal, &format!("{TYPES}/order.shipped/delete")).await?;
    look("event-type-in-use").await?;

    show(browser, portal, TYPES).await?;
    browser.click("Make public").await?;
    browser.sees("Everybody who has the address can read these pages now.").await?;
    look("event-types-public").await?;
    browser.driver().delete_all_cookies().await?;
    for (path, name) in [("", "event-types-for-everybody"), ("/order.shipped", "event-type-for-everybody")] {
        show(browser, portal, &format!("{TYPES}{path}")).await?;
        look(name).await?;
    }
    browser.visit(&portal.link).await
}
