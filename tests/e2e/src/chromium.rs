//! How Chromium and its driver are started.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{browser::Scripts, settings};

const DRIVER_START: Duration = Duration::from_secs(30);

/// What Chromium is asked to be.
pub(crate) fn capabilities(profile: &Path, scripts: Scripts) -> Result<ChromeCapabilities> {
    let mut wanted = DesiredCapabilities::chrome();
    if let Some(path) = settings::path("CHROMIUM").or_else(|| settings::program("chromium")) {
        wanted.set_binary(&path.to_string_lossy())?;
    }
    for flag in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        // As on a phone, where a scroll bar takes no width.
        "--hide-scrollbars",
        "--window-size=1280,900",
        // Over a pipe, so that Chromium ends with its driver even where the driver was killed.
        "--remote-debugging-pipe",
    ] {
        wanted.add_arg(flag)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    if scripts == Scripts::Off {
        wanted.add_arg("--blink-settings=scriptEnabled=false")?;
    }
    wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
    wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
    Ok(wanted)
}

/// Starts chromedriver on a port that it finds itself.
pub(crate) async fn start_chromedriver() -> Result<(Child, u16)> {
    let program = settings::path("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
    let mut child = Command::new(&program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} did not start: install Debian's chromium-driver", program.display()))?;
    let out = child.stdout.take().context("chromedriver has no standard output")?;
    let mut lines = BufReader::new(out).lines();
    let port = async {
        while let Some(line) = lines.next_line().await? {
            // An earlier line says "on port 0", which only repeats what was asked for.
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                return port.trim_end_matches('.').parse().context("chromedriver named no port");
            }
        }
        bail!("chromedriver ended without naming its port")
    };
    let port = timeout(DRIVER_START, port).await.context("chromedriver named no port in time")??;
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, port))
}
