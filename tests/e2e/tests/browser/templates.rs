//! Templates: begun with a preset, written, tried, refused while they are wrong, sent, and a verdict where one fails.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find, steps,
    walk::{Walk, once, twice},
};
use serde_json::json;

const DESK: &str = "Desk with a template";
const OWN: &str = r#"{"say": "{{ event.label }}: {{ data.resource_title }}", "tags": [{% for tag in data.tags|default([]) %}"{{ tag }}"{{ "," if not loop.last }}{% endfor %}]}"#;

/// The presets, a part of each one's text, and a part of the body that it makes of the example, without blanks.
const PRESETS: [(&str, &str, &str); 5] = [
    ("Slack", "plain_text", r#"{"type":"plain_text","text":"resource_title:Safetyguide"}"#),
    ("Teams", "FactSet", r#"{"title":"resource_title","value":"Safetyguide"}"#),
    ("Jira REST", "comment", r#"{"add":{"body":"StatussettoReleased:Safetyguide\n"#),
    ("Jira Automation", "issues", r#""label":"StatussettoReleased","fields":{"#),
    ("Plain JSON", "occurred_at", r#""type":"document.released","occurred_at":""#),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_begun_tried_and_sent_and_an_event_for_which_it_fails_says_so() -> Result<()> {
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        portal.publish(&key, "document.released", json!({"tags": ["no title"]})).await?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, DESK, "/template", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.choose("Payload format", "Own template").await?;
        // Without scripts each of them is a page of its own, and the same.
        try_each(browser, if *scripts == Scripts::On { &PRESETS } else { &PRESETS[4..] }).await?;

        browser.fill("Template", "").await?;
        if *scripts == Scripts::On {
            steps::unfold(browser, "Fields of Status set to Released").await?;
            browser.click("Put in {{ data.resource_id }}").await?;
            browser.click("Try template").await?;
            browser.text_of(&find::part("template-tried", &["1042"])).await?;
        }
        browser.fill("Template", "{\"say\": \"{{ data.titel }}\"}").await?;
        browser.click("Add webhook").await?;
        browser.sees("line 1: data.titel is not there.").await?;
        browser.fill("Template", OWN).await?;
        browser.click("Try template").await?;
        browser.text_of(&find::part("template-tried", &["It makes a body of 1 of 2.", "Safety guide"])).await?;
        steps::finish_a_webhook(browser).await?;

        let data = json!({"resource_title": "Say \"hi\"", "tags": ["a", "b"]});
        portal.publish(&key, "document.released", data).await?;
        portal.publish(&key, "document.released", json!({"resource_id": 77})).await?;
        steps::open_delivery(browser, &[DESK, "Say \"hi\"", "delivered"]).await?;
        let body: String = browser.text_of("//*[@id='request-body']").await?.split_whitespace().collect();
        let sent = r#"{"say":"StatussettoReleased:Say\"hi\"","tags":["a","b"]}"#;
        ensure!(body == sent, "{body}");
        steps::open_event(browser, "77").await?;
        let verdict = "template error: line 1: data.resource_title is not there";
        browser.text_of(&find::row(&[DESK, verdict])).await.map(drop)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_of_jira_gets_a_comment_by_put_with_basic_and_its_204_is_a_success() -> Result<()> {
    const ISSUE: &str = "Issue of the desk";
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, ISSUE, "/status/204", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.choose("Method", "PUT").await?;
        browser.choose("Payload format", "Own template").await?;
        browser.click("Jira REST").await?;
        browser.choose("Authentication", "Basic").await?;
        browser.fill("Username", "desk@example.com").await?;
        browser.fill("Password", "a token of theirs").await?;
        let told = steps::test_webhook(browser).await?;
        ensure!(told.contains("204"), "{told}");
        browser.fill("Password", "a token of theirs").await?;
        steps::finish_a_webhook(browser).await?;
        let data = json!({"resource_id": 1042, "resource_title": "Safety guide"});
        portal.publish(&key, "document.released", data).await?;
        steps::open_delivery(browser, &[ISSUE, "Safety guide", "delivered", "204"]).await?;
        browser.sees(&format!("PUT {}/status/204", portal.receiver)).await?;
        let body = browser.text_of("//*[@id='request-body']").await?;
        ensure!(body.contains("Safety guide"), "{body}");
        let headers = browser.text_of("//*[@id='request-headers']").await?;
        ensure!(headers.to_lowercase().contains("authorization: ••••"), "{headers}");
        let received = portal.received().await?;
        ensure!(
            received.contains("<dt>authorization</dt><dd>Basic ZGVza0BleGFtcGxlLmNvbTphIHRva2VuIG9mIHRoZWlycw=="),
            "{received}"
        );
        Ok(())
    })
    .await
}

/// Begins with each of these presets, of which there are no others, and tries it on the example and on an event.
async fn try_each(browser: &Browser, presets: &[(&str, &str, &str)]) -> Result<()> {
    let offered = browser.text_of("//*[@id='template-box']/p[.//button[@name='preset']]").await?;
    let offered = offered.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(offered == "Begin with Plain JSON Slack Teams Jira REST Jira Automation", "{offered}");
    for (preset, own, made) in presets {
        browser.click(preset).await?;
        browser.text_of(&format!("//textarea[@id='f-template'][contains(., '{own}')]")).await?;
        browser.click("Try template").await?;
        let tried = browser.text_of(&find::part("template-tried", &["It makes a body of 2 of 2."])).await?;
        let tried: String = tried.split_whitespace().collect();
        ensure!(tried.contains(made), "{preset}: no {made} in {tried}");
    }
    Ok(())
}
