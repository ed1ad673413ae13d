//! Takes a picture of every page and every state, wide and narrow, light and dark, into the folder that is named.
#![expect(clippy::print_stderr, reason = "a program for the console")]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use postrider_e2e::{
    browser::{Browser, Scripts, Theme},
    pages,
    portal::Portal,
    states, steps,
};

const WIDE: u32 = 1280;
const NARROW: u32 = 320;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(count) => {
            eprintln!("{count} pictures");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<usize> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).context("name the folder for the pictures")?;
    std::fs::create_dir_all(&folder).with_context(|| format!("{} could not be made", folder.display()))?;
    let portal = Portal::start().await?;
    let (browser, scriptless) = (Browser::start(Scripts::On).await?, Browser::start(Scripts::Off).await?);
    let mut count = 0;
    let mut look = async |name: &str| {
        count += pictures(&browser, &folder, name).await?;
        if name == "focus-row-menu" {
            // The last state of a whole portal: what follows breaks it.
            states::without_script(&scriptless, &portal, &mut async |name| picture(&scriptless, &folder, name).await)
                .await?;
        }
        Ok(())
    };
    browser.visit(&portal.url).await?;
    look("sign-in").await?;
    browser.click("Sign in").await?;
    browser.text_of("//*[@role='alert']").await?;
    look("sign-in-refused").await?;
    states::fresh(&browser, &portal, &mut look).await?;
    steps::stock(&browser, &portal).await?;
    for page in pages::all(&browser, &portal).await? {
        browser.visit(&format!("{}{}", portal.url, page.address)).await?;
        look(&format!("page-{}", page.name)).await?;
    }
    states::walk(&browser, &portal, &mut look).await?;
    browser.quit().await?;
    scriptless.quit().await?;
    portal.stop().await?;
    Ok(count)
}

/// Of the state that is shown now; some also as other people see it.
async fn pictures(browser: &Browser, folder: &Path, name: &str) -> Result<usize> {
    let mut count = 4;
    for width in [WIDE, NARROW] {
        for theme in [Theme::Light, Theme::Dark] {
            browser.wear(theme).await?;
            browser.resize_to_content(width).await?;
            picture(browser, folder, &format!("{name}-{width}-{}", theme.name())).await?;
        }
    }
    browser.wear(Theme::Light).await?;
    if ["list-full", "dialog-add", "delivery-three-attempts"].contains(&name) {
        browser.zoom(WIDE, 1536).await?;
        picture(browser, folder, &format!("{name}-twice-as-large")).await?;
        browser.resize(WIDE, 900).await?;
        browser.force_colors().await?;
        picture(browser, folder, &format!("{name}-forced-colors")).await?;
        browser.wear(Theme::Light).await?;
        browser.resize(WIDE, 768).await?;
        picture(browser, folder, &format!("{name}-on-a-low-screen")).await?;
        count += 3;
    }
    browser.resize(WIDE, 900).await?;
    Ok(count)
}

async fn picture(browser: &Browser, folder: &Path, name: &str) -> Result<()> {
    browser
        .driver()
        .screenshot(&folder.join(format!("{name}.png")))
        .await
        .with_context(|| format!("no picture of {name}"))
}
