//! Formats: what the dialog shows before saving is what arrives.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    steps,
    walk::{Walk, once, twice},
};
use serde_json::json;

/// A format as the dialog calls it, and what tells its body from the others, without blanks.
const FORMATS: [(&str, &str); 8] = [
    ("Notification", r#"{"event":"STATUS_SET_TO_RELEASED_EVENT","data":{"#),
    ("Envelope", r#""event_type":"document.released","current_context":{"#),
    ("Standard Webhooks", r#"{"type":"document.released","timestamp":"#),
    ("Change, field by field", r#""event":"edit","diff":{"#),
    ("CloudEvents", r#"{"specversion":"1.0","#),
    ("Slack message", r#"{"text":"StatussettoReleased:"#),
    ("Teams card", r#""contentType":"application/vnd.microsoft.card.adaptive""#),
    ("Jira Automation", r#"{"issues":["#),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_each_format_arrives_as_the_dialog_showed_it() -> Result<()> {
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        // Without scripts the dialog is the same for each of them.
        let formats = if *scripts == Scripts::On { &FORMATS[..] } else { &FORMATS[6..] };
        browser.click("Settings").await?;
        for (format, mark) in formats {
            steps::begin_a_webhook(browser, portal, format, "/formats", "Status set to Released").await?;
            steps::unfold(browser, "Advanced").await?;
            browser.choose("Payload format", format).await?;
            steps::unfold(browser, "Payloads").await?;
            if *scripts == Scripts::Off {
                browser.click("Show payloads").await?;
            }
            shows(browser, "payload-1-body", mark).await?;
            if *format == "Jira Automation" {
                browser.choose("Authentication", "API key").await?;
                browser.fill("Header", "X-Automation-Webhook-Token").await?;
                browser.fill("Key", "a-token-of-theirs").await?;
            }
            steps::finish_a_webhook(browser).await?;
        }
        let data = json!({"resource_id": 1042, "resource_title": "Safety guide", "issue": "DOC-7"});
        let event = portal.publish(&key, "document.released", data).await?;
        for (format, mark) in formats {
            steps::open_delivery(browser, &[format, "Safety guide", "delivered"]).await?;
            let body = shows(browser, "request-body", mark).await?;
            let own = match *format {
                "Slack message" | "Teams card" => "StatussettoReleased:Safetyguide(1042)",
                _ => r#""resource_title":"Safetyguide""#,
            };
            ensure!(body.contains(own), "{format}: no {own} in {body}");
            let headers = browser.text_of("//*[@id='request-headers']").await?;
            for header in [
                format!("webhook-id: {event}"),
                match *format {
                    "CloudEvents" => "content-type: application/cloudevents+json".to_owned(),
                    "Jira Automation" => "x-automation-webhook-token: ••••".to_owned(),
                    _ => "content-type: application/json".to_owned(),
                },
            ] {
                ensure!(headers.to_lowercase().contains(&header), "{format}: no {header} in {headers}");
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_holds_the_text_of_a_failure_is_one() -> Result<()> {
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, "Says no", "/says-no", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.fill("Fail when the answer contains", "\"received\":true").await?;
        let told = steps::test_webhook(browser).await?;
        ensure!(told.contains("The answer held the text that means failure."), "{told}");
        steps::finish_a_webhook(browser).await?;
        portal.publish(&key, "document.released", json!({"resource_id": 1, "resource_title": "Refused"})).await?;
        steps::open_delivery(browser, &["Says no", "Refused", "text that means failure"]).await?;
        browser.sees("Look at the answer below.").await
    })
    .await
}

/// The text of the part with this id, as soon as this stands in it; both without blanks, with which the screen is generous.
async fn shows(browser: &Browser, id: &str, mark: &str) -> Result<String> {
    let text = browser.text_of(&format!("//*[@id='{id}'][contains(translate(., ' \n', ''), '{mark}')]")).await?;
    Ok(text.split_whitespace().collect())
}
