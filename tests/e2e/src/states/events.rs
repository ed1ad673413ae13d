//! Which events a webhook wants: the groups, what narrows them down, filters that were tried, and the verdict on an event.

use anyhow::Result;
use serde_json::json;

use super::{LIST, show};
use crate::{browser::Browser, find, portal::Portal, steps};

const PICKY: &str = "Wants final ones";
const WRITER: &str = "Writes its own bodies";

pub(super) async fn walk(
    browser: &Browser,
    portal: &Portal,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    show(browser, portal, &format!("{LIST}/new")).await?;
    for (group, event) in [("Task", "Create Task"), ("Survey", "Create Survey")] {
        steps::unfold(browser, group).await?;
        browser.toggle(event).await?;
    }
    browser.text_of(&find::field("Workflow")).await?;
    look("dialog-narrowed").await?;

    let url = format!("{}/final", portal.receiver);
    let filter = [("filter_path", "status"), ("filter_operator", "equals"), ("filter_value", "final")];
    let fields = [("name", PICKY), ("url", url.as_str()), ("events", "document.in_review"), ("active", "true")];
    steps::post(browser, LIST, &[&fields[..], &filter].concat()).await?;
    let key = portal.make_key("events:write", "production")?;
    let data = json!({"resource_id": 1042, "resource_title": "Half a page", "status": "draft"});
    let event = portal.publish(&key, "document.in_review", data).await?;
    show(browser, portal, &format!("/events/{event}")).await?;
    browser.text_of(&find::row(&[PICKY, "filter 1 false: status is draft"])).await?;
    look("event-filtered").await?;

    show(browser, portal, LIST).await?;
    browser.click("Show disabled webhooks").await?;
    browser.click("Next").await?;
    look("list-second-page").await?;
    browser.press("(//input[@name='ids'])[1]", "the box of a webhook").await?;
    browser.click("Deactivate selected").await?;
    browser.sees("Deactivate 1 webhook?").await?;
    look("deactivate-confirm").await?;

    let id = steps::webhook_id(browser, PICKY).await?;
    show(browser, portal, &format!("{LIST}/{id}/edit")).await?;
    steps::unfold(browser, "Advanced").await?;
    browser.click("Try filters").await?;
    browser.text_of(&find::part("tried", &["0 match, 1 not."])).await?;
    look("dialog-filters-tried").await?;
    browser.fill("Path of filter 1", "a..b").await?;
    browser.click("Try filters").await?;
    browser.sees("Filter 1: Take out the dot").await?;
    look("dialog-filters-wrong").await?;
    templates(browser, portal, look).await
}

/// A template that was begun, one that fails with a real event, and the verdict on the next one.
async fn templates(browser: &Browser, portal: &Portal, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    show(browser, portal, &format!("{LIST}/new")).await?;
    steps::unfold(browser, "Advanced").await?;
    browser.choose("Payload format", "Own template").await?;
    browser.click("Teams").await?;
    steps::unfold(browser, "Fields of Status set to Released").await?;
    look("dialog-template").await?;

    let template = r#"{"text": "{{ data.resource_title }}", "format": "{{ data.format }}"}"#;
    let url = format!("{}/template", portal.receiver);
    let fields = [
        ("name", WRITER),
        ("url", url.as_str()),
        ("events", "publication.published"),
        ("active", "true"),
        ("format", "template"),
        ("template", template),
    ];
    steps::post(browser, LIST, &fields).await?;
    let key = portal.make_key("events:write", "production")?;
    let event = portal.publish(&key, "publication.published", json!({"resource_title": "Without a format"})).await?;
    let id = steps::webhook_id(browser, WRITER).await?;
    show(browser, portal, &format!("{LIST}/{id}/edit")).await?;
    steps::unfold(browser, "Advanced").await?;
    browser.click("Try template").await?;
    browser.text_of(&find::part("template-tried", &["data.format is not there"])).await?;
    look("dialog-template-tried").await?;
    show(browser, portal, &format!("{LIST}/{id}?tab=settings")).await?;
    look("webhook-settings-template").await?;
    show(browser, portal, &format!("/events/{event}")).await?;
    browser.text_of(&find::row(&[WRITER, "template error: line 1: data.format is not there"])).await?;
    look("event-template-error").await
}
