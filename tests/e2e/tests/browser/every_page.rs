//! What holds for every page and every state: it is accessible in both themes, fits its screen and asks no other host.

use anyhow::{Context, Result, ensure};
use postrider_e2e::{
    axe::Axe,
    browser::{Browser, Scripts, Theme},
    journal, pages,
    portal::Portal,
    states, steps,
};

/// A telephone, a tablet upright and across, and a desk.
const WIDTHS: [u32; 4] = [320, 768, 1024, 1280];
/// A page with its style, its scripts and its pictures, as they travel.
const HEAVIEST: i64 = 100 * 1024;
/// Without what a script fetched later.
const WEIGHT: &str = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
    .filter(entry => entry.initiatorType !== 'fetch').reduce((sum, entry) => sum + entry.encodedBodySize, 0)";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_and_state_is_accessible_fits_its_screen_and_asks_no_other_host() -> Result<()> {
    let axe = Axe::load()?;
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    let mut inspection = Inspection::default();
    let mut look = async |name: &str| inspection.look(&browser, &portal, &axe, name).await;
    browser.visit(&format!("{}/sign-in", portal.url)).await?;
    look("sign-in").await?;
    browser.click("Sign in").await?;
    browser.text_of("//*[@role='alert']").await.context("an empty sign-in was not refused")?;
    look("sign-in-refused").await?;
    states::fresh(&browser, &portal, &mut look).await?;
    steps::stock(&browser, &portal).await?;
    for page in pages::all(&browser, &portal).await? {
        browser.visit(&format!("{}{}", portal.url, page.address)).await?;
        look(&page.address).await?;
    }
    states::walk(&browser, &portal, &mut look).await?;
    let Inspection { looked_at, heaviest, faults } = inspection;
    println!("{looked_at} pages and states, light and dark, at {WIDTHS:?} px: {} faults (limit 0)", faults.len());
    println!("the heaviest page: {heaviest} bytes with all that it asks for (limit {HEAVIEST})");
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
}

/// What was found so far.
#[derive(Default)]
struct Inspection {
    looked_at: usize,
    heaviest: i64,
    faults: Vec<String>,
}

impl Inspection {
    async fn look(&mut self, browser: &Browser, portal: &Portal, axe: &Axe, name: &str) -> Result<()> {
        self.looked_at += 1;
        let weight = browser.number(WEIGHT).await?;
        self.heaviest = self.heaviest.max(weight);
        if weight > HEAVIEST {
            self.faults.push(format!("{name} weighs {weight} bytes"));
        }
        for theme in [Theme::Light, Theme::Dark] {
            browser.wear(theme).await?;
            let found = axe.faults(browser).await.with_context(|| name.to_owned())?;
            self.faults.extend(found.into_iter().map(|fault| format!("{name}, {}: {fault}", theme.name())));
        }
        for width in WIDTHS {
            browser.resize(width, 640).await?;
            let needed = browser.number("document.documentElement.scrollWidth").await?;
            if needed > i64::from(width) {
                let what = browser.sticks_out(width).await?;
                self.faults.push(format!("{name} at {width} px is {needed} px wide: {what}"));
            }
        }
        browser.resize(1280, 900).await?;
        let broken = |complaint: &String| name == states::BROKEN && complaint.contains("status of 500");
        let complaints = journal::complaints(browser, &portal.url).await?;
        let complaints = complaints.into_iter().filter(|complaint| !broken(complaint));
        self.faults.extend(complaints.map(|fault| format!("{name}: {fault}")));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_sets_up_and_is_signed_in() -> Result<()> {
    let axe = Axe::load()?;
    let portal = Portal::start_empty().await?;
    let browser = Browser::start(Scripts::On).await?;
    browser.open(&portal.link).await?;
    let mut faults = axe.faults(&browser).await?;
    browser.wear(Theme::Dark).await?;
    faults.extend(axe.faults(&browser).await?);
    browser.fill("Name", "Ada Berg").await?;
    browser.fill("E-mail", "ada@postrider.example").await?;
    browser.fill("Password", "a long enough password").await?;
    browser.click("Create administrator").await?;
    browser.open_account_menu().await?;
    browser.sees("Ada Berg").await?;
    faults.extend(journal::complaints(&browser, &portal.url).await?);
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_find_what_is_planted() -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    browser.visit(&format!("{}/sign-in", portal.url)).await?;
    let plant = "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x.png\">\
                 <p style=\"width: 2000px\">wide</p>'); console.error('planted')";
    browser.driver().execute(plant, vec![]).await?;
    let faults = Axe::load()?.faults(&browser).await?;
    ensure!(faults.iter().any(|fault| fault.starts_with("image-alt")), "axe overlooked a picture without words");
    let complaints = journal::complaints(&browser, &portal.url).await?.join("\n");
    for wanted in ["planted", "img-src", "style-src", "another host: http://127.0.0.1:9/x.png"] {
        ensure!(complaints.contains(wanted), "{wanted:?} went unnoticed in:\n{complaints}");
    }
    browser.quit().await
}
