//! What was sent: the log of a webhook, and the deliveries as views, by words and as files.

use anyhow::{Context, Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find,
    portal::Portal,
    steps,
    walk::{Walk, once},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_webhook_tells_each_attempt_with_its_trigger_and_its_response() -> Result<()> {
    once(Scripts::On, async |Walk { browser, portal, .. }: &Walk| {
        stock(browser, portal).await?;
        open_log(browser, "Demo receiver").await?;
        browser.text_of(&format!("{}//td[@data-label='Execution date']//time", find::row(&["SUCCESS", "200"]))).await?;
        open_log(browser, "Slow").await?;
        browser.text_of(&find::row(&["FAILED", "– timed out", "Status set to Released"])).await?;
        browser.press("(//a[starts-with(normalize-space(.), 'Logs')])[1]", "Logs").await?;
        browser.sees("The receiver did not answer within the webhook's timeout.").await?;
        browser.click("Close").await?;
        open_log(browser, "Busy").await?;
        browser.click("SUCCESS").await?;
        browser.sees("No attempt matches").await?;
        browser.click("FAILED").await?;
        browser.text_of(&find::row(&["FAILED", "503", "Safety guide"])).await?;
        browser.press("(//a[starts-with(normalize-space(.), 'Logs')])[1]", "Logs").await?;
        let trigger = browser.text_of("//*[@id='trigger-body']").await?;
        ensure!(trigger.contains(r#""resource_title": "Safety guide""#), "{trigger}");
        let response = browser.text_of("//*[@id='response-body']").await?;
        ensure!(response.contains(r#""received": false"#), "{response}");
        ensure!(browser.copy("Copy trigger body").await? == trigger, "something else was copied");
        ensure!(browser.copy("Copy response body").await? == response, "something else was copied");
        browser.click("View delivery").await?;
        browser.sees("Life line").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_found_by_view_and_by_word_and_saved_as_files() -> Result<()> {
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let event = stock(browser, portal).await?;
        browser.click("Settings").await?;
        browser.open_row_menu("Demo receiver").await?;
        browser.click("Test").await?;
        steps::test_webhook(browser).await?;
        browser.click("Cancel").await?;
        browser.click("Deliveries").await?;
        for (view, address, shown, hidden) in [
            ("All", "/deliveries", "Demo receiver", ""),
            ("Failed", "/deliveries?state=failed", "Gone", "Busy"),
            ("Retrying", "/deliveries?state=retrying", "Busy", "Gone"),
            ("Tests", "/deliveries?test=true", "Demo receiver", "Gone"),
            ("Last 24 h", "/deliveries?from=24h", "Gone", ""),
        ] {
            browser.click(view).await?;
            browser.text_of(&find::row(&[shown])).await?;
            ensure!(browser.path().await? == address, "{view} is {}", browser.path().await?);
            ensure!(hidden.is_empty() || browser.count_of(&find::row(&[hidden])).await? == 0, "{view} shows {hidden}");
        }

        browser.press(&find::delivery(&["Busy"]), "the delivery").await?;
        let delivery = browser.text_of("//dt[normalize-space(.)='Delivery id']/following-sibling::dd").await?;
        for (word, rows) in [(event.as_str(), 4), (delivery.trim(), 1), ("1042", 4), ("Safety", 4), ("Hazards", 1)] {
            browser.click("Deliveries").await?;
            browser.fill("Search", word).await?;
            browser.click("Filter").await?;
            browser.text_of(&format!("//ul[@aria-label='Filters in force'][contains(., '{word}')]")).await?;
            let found = browser.count_of("//tbody/tr").await?;
            ensure!(found == rows, "{word} finds {found} deliveries");
        }
        browser.sees("Hazards at work").await?;

        let table = browser.download("Export CSV").await?;
        let lines: Vec<&str> = table.lines().collect();
        ensure!(lines.len() == 2 && lines[0].contains("webhook") && lines[1].contains("Hazards at work"), "{table}");
        let told = browser.download("Export NDJSON").await?;
        let line: Value = serde_json::from_str(told.trim()).with_context(|| told.clone())?;
        ensure!(told.contains("Hazards at work") && line["state"] == "delivered", "{told}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_go_on_with_older_and_newer() -> Result<()> {
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        let event = |number: i32| {
            let data = json!({"resource_id": number, "resource_title": format!("Guide {number:02}")});
            json!({"type": "document.released", "data": data})
        };
        let events: Vec<Value> = (1..=30).map(event).collect();
        portal.post(&key, "/api/v1/events", &json!(events)).await?;
        for list in ["Deliveries", "Events"] {
            browser.click(list).await?;
            browser.reloads_until(&find::row(&["Guide 30"])).await?;
            browser.loses(&find::row(&["Guide 05"])).await?;
            browser.click("Older").await?;
            browser.text_of(&find::row(&["Guide 05"])).await?;
            browser.loses(&find::row(&["Guide 30"])).await?;
            browser.click("Newer").await?;
            browser.text_of(&find::row(&["Guide 30"])).await?;
        }
        Ok(())
    })
    .await
}

/// Adds webhooks that end in every way, raises an event for all of them and one that only the demo's own wants, and gives
/// the first's id.
async fn stock(browser: &Browser, portal: &Portal) -> Result<String> {
    let key = portal.make_key("events:write,webhooks:write", "production")?;
    // Name, path, timeout, and the delay before the second and last attempt, both in seconds.
    for (name, path, timeout, delay) in
        [("Busy", "/status/503", 15, 3600), ("Slow", "/slow", 1, 3600), ("Gone", "/status/404", 15, 1)]
    {
        let url = format!("{}{path}", portal.receiver);
        let (events, delays) = (["document.released"], [delay]);
        let webhook =
            json!({"name": name, "url": url, "events": events, "timeout": timeout, "retry": "list", "delays": delays});
        portal.post(&key, "/api/v1/webhooks", &webhook).await?;
    }
    let data = json!({"resource_id": 1042, "resource_title": "Safety guide"});
    let event = portal.publish(&key, "document.released", data).await?;
    let data = json!({"resource_id": 1043, "resource_title": "Hazards at work", "format": "pdf"});
    portal.publish(&key, "publication.published", data).await?;
    browser.click("Deliveries").await?;
    for row in [["Slow", "timed out"], ["Busy", "503"], ["Gone", "failed"], ["Demo receiver", "Hazards at work"]] {
        browser.reloads_until(&find::row(&row)).await?;
    }
    Ok(event)
}

/// Opens the log of this webhook.
async fn open_log(browser: &Browser, webhook: &str) -> Result<()> {
    browser.click("Settings").await?;
    browser.click(webhook).await?;
    browser.click("Log").await
}
