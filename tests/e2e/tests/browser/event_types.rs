//! Available webhook events: a type of one's own is declared, ticked, posted, checked and sent; and the pages for everybody.

use anyhow::{Context, Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find, steps,
    walk::{Walk, once, twice},
};
use serde_json::{Value, json};

const DESK: &str = "Order desk";
/// The formats, and what tells the body of each from the others, without blanks.
const BODIES: [(&str, &str, &str); 9] = [
    ("Notification", "notification", r#"{"event":"WEBHOOK_FAILING_EVENT","data":{"webhook":{"#),
    ("Envelope", "envelope", r#""event_type":"webhook.failing","current_context":{"actor":null,"source":"#),
    ("Standard Webhooks", "standard", r#"{"type":"webhook.failing","timestamp":""#),
    ("Change, field by field", "change", r#""event":"edit","diff":{"#),
    ("CloudEvents", "cloudevents", r#"{"specversion":"1.0","id":"evt_"#),
    ("Slack message", "slack", r#"{"text":"Webhookfailing"#),
    ("Teams card", "teams", r#""contentType":"application/vnd.microsoft.card.adaptive""#),
    ("Jira Automation", "jira", r#"{"issues":[],"data":{"webhook":{"#),
    ("Own template", "template", r#""type":"webhook.failing","occurred_at":""#),
];
const SCHEMA: &str = r#"{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}"#;

async fn open_catalogue(browser: &Browser) -> Result<()> {
    steps::open_settings(browser).await?;
    browser.click("Integrations").await?;
    browser.click("Available webhook events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_is_declared_ticked_checked_and_sent_and_stays_while_a_webhook_wants_it() -> Result<()> {
    twice(async |Walk { browser, portal, .. }: &Walk| {
        open_catalogue(browser).await?;
        browser.click("Add event type").await?;
        browser.fill("Name", "order.shipped").await?;
        browser.fill("Label", "Order shipped").await?;
        browser.fill("Group", "Orders").await?;
        browser.fill("JSON Schema", SCHEMA).await?;
        browser.fill("Example", r#"{"id": "one"}"#).await?;
        browser.click("Add event type").await?;
        browser.sees("It does not fit the schema, at /id").await?;
        browser.fill("Example", r#"{"id": 1042}"#).await?;
        browser.click("Add event type").await?;
        browser.sees("ORDER_SHIPPED_EVENT").await?;

        browser.click("Settings").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", DESK).await?;
        browser.fill("Webhook URL", &format!("{}/orders", portal.receiver)).await?;
        steps::unfold(browser, "Orders").await?;
        browser.toggle("Order shipped").await?;
        let told = steps::test_webhook(browser).await?;
        ensure!(told.contains("200"), "{told}");
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[DESK, "Order shipped"])).await?;

        let key = portal.make_key("events:write", "production")?;
        let post = async |data: Value| {
            portal.post(&key, "/api/v1/events", &json!({"type": "order.shipped", "data": data})).await
        };
        let refused = post(json!({"id": "seven"})).await?;
        ensure!(refused["code"] == "schema_mismatch" && refused["errors"][0]["path"] == "/data/id", "{refused}");
        post(json!({"id": 7, "title": "Seven boxes"})).await?;
        steps::open_delivery(browser, &[DESK, "Order shipped", "delivered"]).await?;

        open_catalogue(browser).await?;
        steps::unfold(browser, "Orders").await?;
        browser.click("Order shipped").await?;
        browser.click("Delete").await?;
        browser.sees("cannot be removed while webhooks are sent it").await?;
        browser.click("Close").await?;
        browser.click("Edit").await?;
        browser.fill("Label", "Order on its way").await?;
        browser.click("Edit event type").await?;
        browser.sees("Event type “Order on its way” was saved.").await?;
        browser.text_of("//dt[.='Version']/following-sibling::dd[.='2']").await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_searched_copied_from_and_made_public() -> Result<()> {
    once(Scripts::On, async |Walk { browser, portal, .. }: &Walk| {
        open_catalogue(browser).await?;
        browser.fill("Search", "invoice").await?;
        browser.click("Search").await?;
        browser.sees("1 of 35 events").await?;
        browser.click("Invoice Status Change").await?;
        let code = browser.copy("Copy as cURL").await?;
        ensure!(code.contains(r#"-d '{"type":"invoice.status_changed""#), "{code}");
        for (language, part) in [("Python", "def verify("), ("JavaScript", "function verify(")] {
            steps::unfold(browser, language).await?;
            let code = browser.copy(&format!("Copy the code in {language}")).await?;
            ensure!(code.contains(part), "{code}");
        }
        browser.click("Available webhook events").await?;
        steps::unfold(browser, "Postrider").await?;
        browser.click("Webhook failing").await?;
        read_a_type(browser).await?;
        browser.click("Available webhook events").await?;
        let document = browser.download("OpenAPI 3.1").await?;
        let document: Value = serde_json::from_str(&document).context("the document is no JSON")?;
        ensure!(document["webhooks"]["invoice.status_changed"]["post"].is_object(), "the type is not in the document");

        let page = format!("{}/event-types", portal.url);
        let nobody = Browser::start(Scripts::Off).await?;
        nobody.visit(&page).await?;
        nobody.sees("No access? Ask an administrator of this portal.").await?;
        browser.click("Make public").await?;
        browser.sees("Everybody who has the address can read these pages now.").await?;
        nobody.visit(&page).await?;
        nobody.click("Status set to Released").await?;
        nobody.sees("STATUS_SET_TO_RELEASED_EVENT").await?;
        nobody.loses(&find::clickable("Edit")).await?;
        browser.click("Make private").await?;
        browser.sees("Only administrators can read these pages now.").await?;
        nobody.visit(&page).await?;
        nobody.sees("No access? Ask an administrator of this portal.").await?;
        nobody.quit().await
    })
    .await
}

/// Reads the page of a type to its end: the fields as a tree, the schema, and a body of each format.
async fn read_a_type(browser: &Browser) -> Result<()> {
    for (field, level, cells) in [
        ("webhook", 0, ["object", "yes", "The webhook."]),
        ("code", 1, ["string", "yes", "Its code."]),
        ("cause", 0, ["string", "no", "What the last one ended with."]),
    ] {
        let row = format!("//table[contains(@class, 'tree')]//tr[th[@class='level-{level}']/span[.='{field}']]");
        for (place, wanted) in cells.iter().enumerate() {
            let cell = browser.text_of(&format!("{row}/td[{}]", place + 1)).await?;
            ensure!(cell == *wanted, "{field}: {cell} instead of {wanted}");
        }
    }
    browser.text_of("//tr/th[@class='level-1'][contains(., '/webhook/code')]").await?;
    steps::unfold(browser, "JSON Schema").await?;
    let schema: Value = serde_json::from_str(&browser.text_of("//*[@id='schema']").await?)?;
    let code = &schema["properties"]["webhook"]["properties"]["code"];
    ensure!(*code == json!({"type": "string", "description": "Its code."}), "{code}");

    let bodies = browser.count_of("//section[@aria-labelledby='bodies']/details").await?;
    ensure!(bodies == BODIES.len(), "there are {bodies} bodies");
    for (place, (label, format, part)) in BODIES.iter().enumerate() {
        // The first stands open.
        if place > 0 {
            steps::unfold(browser, label).await?;
        }
        let body = browser.text_of(&format!("//details[summary='{label}']//*[@id='body-{format}']")).await?;
        let body: String = body.split_whitespace().collect();
        ensure!(body.contains(part), "{label}: no {part} in {body}");
    }
    Ok(())
}
