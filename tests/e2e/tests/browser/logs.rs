//! What was sent: the log of a webhook, and the deliveries as views, by words and as files.

use std::collections::BTreeSet;

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
        see_what_counts_as_taken(browser, portal).await?;
        open_log(browser, "Gone").await?;
        browser.text_of(&find::row(&["FAILED", "404"])).await?;
        let times = browser.attributes("//tbody//td[@data-label='Execution date']/time", "datetime").await?;
        ensure!(times.len() == 2 && times[0] > times[1], "not a row for each attempt, the newest first: {times:?}");
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
        let key = portal.make_key("events:write,webhooks:write", "production")?;
        let event = |number: i32| {
            let data = json!({"resource_id": number, "resource_title": format!("Guide {number:02}")});
            json!({"type": "document.released", "data": data})
        };
        let events: Vec<Value> = (1..=30).map(event).collect();
        portal.post(&key, "/api/v1/events", &json!(events)).await?;
        for (list, settled) in [("Deliveries", "delivered"), ("Events", "1 delivered")] {
            browser.click(list).await?;
            go_to_older_and_back(browser, "Guide", settled).await?;
        }

        // Attempts stand in the order in which they happened to be made.
        open_log(browser, "Demo receiver").await?;
        let newer = titles(browser, 25).await?;
        browser.click("Older").await?;
        let older = titles(browser, 5).await?;
        browser.click("Newer").await?;
        ensure!(titles(browser, 25).await? == newer, "Newer leads elsewhere");
        let all: BTreeSet<&String> = newer.iter().chain(&older).collect();
        ensure!(all.len() == 30, "{newer:?} and {older:?} are not all attempts");

        for number in 1..=30 {
            let body = json!({"name": format!("Partner {number:02}"), "url": format!("{}/partner", portal.receiver)});
            portal.post(&key, "/api/v1/webhooks", &body).await?;
        }
        browser.click("Audit").await?;
        go_to_older_and_back(browser, "Partner", "added a webhook").await
    })
    .await
}

/// 200 to 209 count as taken and nothing else; a redirect is not followed.
async fn see_what_counts_as_taken(browser: &Browser, portal: &Portal) -> Result<()> {
    let key = portal.make_key("events:write,webhooks:write", "production")?;
    let answers = [("209", "SUCCESS"), ("210", "FAILED"), ("302", "FAILED")];
    for (status, _) in answers {
        let webhook = json!({
            "name": format!("Answers {status}"),
            "url": format!("{}/status/{status}", portal.receiver),
            "events": ["document.in_review"],
        });
        portal.post(&key, "/api/v1/webhooks", &webhook).await?;
    }
    portal.publish(&key, "document.in_review", json!({"resource_id": 7, "resource_title": "Draft"})).await?;
    for (status, result) in answers {
        open_log(browser, &format!("Answers {status}")).await?;
        let row = format!("//tbody/tr[th[normalize-space(.)='{result}']]/td[@data-label='Status'][.='{status}']");
        browser.reloads_until(&row).await?;
        let rows = browser.count_of("//tbody/tr").await?;
        ensure!(rows == 1, "{status}: {rows} attempts");
    }
    browser.press("(//a[starts-with(normalize-space(.), 'Logs')])[1]", "Logs").await?;
    browser.text_of("//*[@id='response-headers'][contains(., 'location: /elsewhere')]").await?;
    browser.click("Close").await?;
    ensure!(!portal.received().await?.contains("/elsewhere"), "the redirect was followed");
    Ok(())
}

/// Walks through the open list of 30 things of this name and their number, the newest first, 25 on a page; `settled` stands
/// in each row in the end.
async fn go_to_older_and_back(browser: &Browser, name: &str, settled: &str) -> Result<()> {
    let row = |number: u8| find::row(&[&format!("{name} {number:02}")]);
    let rows = |count: u8| format!("//tbody[count(tr[contains(., '{name}')][contains(., '{settled}')])={count}]");
    browser.reloads_until(&rows(25)).await?;
    for shown in [30, 6] {
        browser.text_of(&row(shown)).await?;
    }
    browser.click("Older").await?;
    browser.reloads_until(&rows(5)).await?;
    for shown in [5, 1] {
        browser.text_of(&row(shown)).await?;
    }
    browser.click("Newer").await?;
    browser.text_of(&rows(25)).await?;
    browser.text_of(&row(30)).await.map(drop)
}

/// The titles in the open log, as soon as it has so many rows.
async fn titles(browser: &Browser, rows: u8) -> Result<Vec<String>> {
    let log = browser.text_of(&format!("//tbody[count(tr)={rows}]")).await?;
    let titles = log.lines().filter_map(|line| line.find("Guide ").map(|place| line[place..].to_owned()));
    Ok(titles.collect())
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
