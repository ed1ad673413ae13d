//! What holds for every page: it is accessible in both themes, fits a narrow screen and asks no other host.

use anyhow::{Context, Result, ensure};
use postrider_e2e::{
    axe::Axe,
    browser::{Browser, Scripts, Theme},
    find, journal, pages,
    portal::Portal,
    steps,
};

const NARROW: u32 = 320;
/// A page with its style, its scripts and its pictures.
const HEAVIEST: i64 = 100 * 1024;
const WEIGHT: &str = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, entry) => sum + entry.decodedBodySize, 0)";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_light_and_dark_and_asks_no_other_host() -> Result<()> {
    let axe = Axe::load()?;
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    let (mut faults, mut heaviest) = (Vec::new(), 0);
    let looked_at = on_every_page(&browser, &portal, async |page| {
        let weight = browser.number(WEIGHT).await?;
        heaviest = heaviest.max(weight);
        if weight > HEAVIEST {
            faults.push(format!("{page} weighs {weight} bytes"));
        }
        for theme in [Theme::Light, Theme::Dark] {
            browser.wear(theme).await?;
            let found = axe.faults(&browser).await.with_context(|| page.to_owned())?;
            faults.extend(found.into_iter().map(|fault| format!("{page}, {}: {fault}", theme.name())));
        }
        let complaints = journal::complaints(&browser, &portal.url).await?;
        faults.extend(complaints.into_iter().map(|fault| format!("{page}: {fault}")));
        Ok(())
    })
    .await?;
    println!("{looked_at} pages and dialogs, light and dark: {} faults (limit 0)", faults.len());
    println!("the heaviest page: {heaviest} bytes with all that it asks for (limit {HEAVIEST})");
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_scrolls_sideways_on_a_narrow_screen() -> Result<()> {
    let portal = Portal::start().await?;
    let browser = Browser::start(Scripts::On).await?;
    let mut faults = Vec::new();
    let looked_at = on_every_page(&browser, &portal, async |page| {
        browser.resize(NARROW, 640).await?;
        let width = browser.number("document.documentElement.scrollWidth").await?;
        if width != i64::from(NARROW) {
            faults.push(format!("{page} is {width} px wide: {}", browser.sticks_out(NARROW).await?));
        }
        browser.resize(1280, 900).await
    })
    .await?;
    println!("{looked_at} pages and dialogs at {NARROW} px: {} too wide (limit 0)", faults.len());
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    browser.quit().await
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

/// Shows each page and dialog in turn, those before signing in first.
async fn on_every_page(
    browser: &Browser,
    portal: &Portal,
    mut look: impl AsyncFnMut(&str) -> Result<()>,
) -> Result<usize> {
    browser.visit(&format!("{}/sign-in", portal.url)).await?;
    look("/sign-in").await?;
    browser.click("Sign in").await?;
    browser.text_of("//*[@role='alert']").await.context("an empty sign-in was not refused")?;
    look("/sign-in, refused").await?;
    steps::stock(browser, portal).await?;
    let pages = pages::all(browser, portal).await?;
    for page in &pages {
        browser.visit(&format!("{}{}", portal.url, page.address)).await?;
        look(&page.address).await?;
    }
    // What has no address: a dialog opened over its page, one that came back with errors, an open menu.
    browser.visit(&format!("{}/settings/webhooks", portal.url)).await?;
    browser.click("Add webhook").await?;
    browser.text_of("//dialog[@open]").await?;
    look("the Add dialog, opened in place").await?;
    browser.click("Add webhook").await?;
    browser.text_of("//dialog//*[@aria-invalid='true']").await.context("an empty form was not refused")?;
    look("the Add dialog with errors").await?;
    browser.visit(&format!("{}/settings/webhooks", portal.url)).await?;
    browser.press(&format!("({})[1]", find::menu_in(&find::row(&[]))), "the menu of the first row").await?;
    look("the menu of a row").await?;
    Ok(pages.len() + 5)
}
