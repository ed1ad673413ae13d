//! The keyboard alone: every stop is seen, and what closes gives the focus back to what opened it.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts, Theme},
    find,
    portal::Portal,
    steps,
};
use thirtyfour::Key;

const LIST: &str = "/settings/webhooks";
/// What has the focus, and what is wrong with how it is seen; nothing where the page has no more stops.
const STOP: &str = "const one = document.activeElement;
if (one === document.body) return null;
const box = one.getBoundingClientRect(), ring = getComputedStyle(one);
const faults = [];
if (ring.outlineStyle === 'none' || parseFloat(ring.outlineWidth) < 2) faults.push('no ring');
if (box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth) faults.push('not on the screen');
const lines = one.getClientRects(), line = lines[0];
const top = document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2);
if (!one.contains(top) && !one.labels?.length) faults.push('hidden by ' + (top ? top.tagName + '.' + top.className : 'nothing'));
return [(one.getAttribute('aria-label') ?? one.textContent).trim().slice(0, 60) || one.name, faults.join(', ')];";

#[tokio::test(flavor = "multi_thread")]
async fn every_stop_of_the_keyboard_has_a_ring_and_lies_open() -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    steps::stock(&browser, &portal).await?;
    let mut faults = Vec::new();
    let mut stops = 0;
    for theme in [Theme::Light, Theme::Dark] {
        browser.wear(theme).await?;
        for path in [LIST, "/settings/webhooks/new", "/deliveries", "/account"] {
            browser.visit(&format!("{}{path}", portal.url)).await?;
            for _ in 0..120 {
                browser.driver().active_element().await?.send_keys(Key::Tab).await?;
                let seen = browser.driver().execute(STOP, vec![]).await?;
                let Some([name, fault]) = seen.json().as_array().map(Vec::as_slice) else { break };
                stops += 1;
                if fault != "" {
                    faults.push(format!("{path}, {}: {name}: {fault}", theme.name()));
                }
            }
        }
    }
    println!("{stops} stops of the keyboard: {} without a ring or hidden (limit 0)", faults.len());
    ensure!(stops > 100, "only {stops} stops");
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closes_gives_the_focus_back_to_what_opened_it() -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    browser.visit(&portal.link).await?;
    browser.visit(&format!("{}{LIST}", portal.url)).await?;
    steps::tab_to(&browser, "Skip to content").await?;
    steps::tab_to(&browser, "Add webhook").await?;
    press(&browser, Key::Enter).await?;
    browser.text_of("//dialog[@open]").await?;
    ensure!(focused(&browser).await?.contains("Webhook name"), "the first field has not the focus");
    press(&browser, Key::Escape).await?;
    browser.loses("//dialog[@open]").await?;
    ensure!(focused(&browser).await? == "Add webhook", "{} has the focus", focused(&browser).await?);

    steps::tab_to(&browser, "Actions for Demo receiver").await?;
    press(&browser, Key::Enter).await?;
    browser.text_of(&find::clickable("View deliveries")).await?;
    press(&browser, Key::Escape).await?;
    browser.loses(&find::clickable("View deliveries")).await?;
    ensure!(focused(&browser).await? == "Actions for Demo receiver", "{} has the focus", focused(&browser).await?);

    press(&browser, Key::Enter).await?;
    steps::tab_to(&browser, "Delete").await?;
    press(&browser, Key::Enter).await?;
    browser.text_of("//dialog[@open]").await?;
    ensure!(focused(&browser).await? == "Cancel", "not Cancel has the focus, but {}", focused(&browser).await?);
    press(&browser, Key::Enter).await?;
    browser.loses("//dialog[@open]").await?;
    ensure!(focused(&browser).await? == "Actions for Demo receiver", "{} has the focus", focused(&browser).await?);

    // What was typed is not lost by a key pressed in passing.
    steps::tab_to(&browser, "Skip to content").await?;
    steps::tab_to(&browser, "Add webhook").await?;
    press(&browser, Key::Enter).await?;
    browser.fill("Webhook name", "Half typed").await?;
    press(&browser, Key::Escape).await?;
    browser.sees("Leave without saving?").await?;
    ensure!(focused(&browser).await? == "Keep editing", "{} has the focus", focused(&browser).await?);
    browser.quit().await
}

async fn press(browser: &Browser, key: Key) -> Result<()> {
    Ok(browser.driver().active_element().await?.send_keys(key).await?)
}

async fn focused(browser: &Browser) -> Result<String> {
    steps::focused(browser).await
}
