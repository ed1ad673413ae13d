//! Takes a picture of every page, wide and narrow, light and dark, into the folder that is named.
#![expect(clippy::print_stderr, reason = "a program for the console")]

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use postrider_e2e::{
    browser::{Browser, Scripts, Theme},
    pages,
    portal::Portal,
    steps,
};

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
    let browser = Browser::start(Scripts::On).await?;
    browser.visit(&portal.url).await?;
    let mut count = picture(&browser, &folder, "sign-in").await?;
    steps::stock(&browser, &portal).await?;
    for page in pages::all(&browser, &portal).await? {
        browser.visit(&format!("{}{}", portal.url, page.address)).await?;
        count += picture(&browser, &folder, &page.name).await?;
    }
    browser.quit().await?;
    portal.stop().await?;
    Ok(count)
}

async fn picture(browser: &Browser, folder: &std::path::Path, name: &str) -> Result<usize> {
    for width in [1280, 320] {
        for theme in [Theme::Light, Theme::Dark] {
            browser.wear(theme).await?;
            browser.resize_to_content(width).await?;
            browser.driver().screenshot(&folder.join(format!("{name}-{width}-{}.png", theme.name()))).await?;
        }
    }
    browser.resize(1280, 900).await?;
    Ok(4)
}
