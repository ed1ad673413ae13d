//! Logins of a webhook's own: each reaches the receiver, and none goes along to another host.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::Scripts,
    find, steps,
    walk::{Walk, once},
};

const DESK: &str = "Print shop";
const ELSEWHERE: &str = "prints.example.com";
const AGAIN: &str =
    "Enter the credentials again for the new address: what is stored is sent only where it was meant to go.";

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_the_webhooks_own_arrives_and_is_asked_for_again_when_the_webhook_moves() -> Result<()> {
    once(Scripts::On, async |Walk { browser, portal, .. }: &Walk| {
        let token_url = format!("{}/token", portal.receiver);
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, DESK, "/prints", "Status set to Released").await?;
        for (kind, fields, arrives) in [
            ("None", &[][..], None),
            ("OAuth", &[("Token", "t0ken-of-ours")], Some("Bearer t0ken-of-ours")),
            (
                "OAuth 2 client credentials",
                &[
                    ("Token URL", token_url.as_str()),
                    ("Scope", "prints"),
                    ("Client ID", "desk"),
                    ("Client secret", "s3cret"),
                ],
                Some("Bearer demo-token"),
            ),
            ("Basic", &[("Username", "printer"), ("Password", "pass word")], Some("Basic cHJpbnRlcjpwYXNzIHdvcmQ=")),
        ] {
            browser.choose("Authentication", kind).await?;
            for (label, value) in fields {
                browser.fill(label, value).await?;
            }
            let told = steps::test_webhook(browser).await?;
            ensure!(told.contains("200"), "{kind}: {told}");
            let received = portal.newest().await?;
            let login = received.split_once("<dt>authorization</dt><dd>").and_then(|(_, rest)| rest.split('<').next());
            ensure!(login == arrives, "{kind}: {login:?} arrived");
            if kind.starts_with("OAuth 2") {
                browser.text_of(&format!("{}//li[contains(., 'POST {token_url}')]", find::TESTED)).await?;
            }
        }
        steps::finish_a_webhook(browser).await?;

        let moved = format!("https://{ELSEWHERE}/prints");
        browser.open_row_menu(DESK).await?;
        browser.click("Edit").await?;
        browser.fill("Webhook URL", &moved).await?;
        browser.click("Edit webhook").await?;
        browser.text_of(&format!("//*[@id='f-password-error'][.='{AGAIN}']")).await?;
        browser.fill("Password", "pass word").await?;
        browser.click("Edit webhook").await?;
        browser.text_of(&find::row(&[DESK, ELSEWHERE])).await.map(drop)
    })
    .await
}
