//! A walk through a portal of its own: as most people have it, without scripts in the dark, or both.

use anyhow::{Context, Result, ensure};

use crate::{
    browser::{Browser, Scripts, Theme},
    journal,
    portal::Portal,
};

/// Where a walk goes: a portal that nobody else uses, with the administrator signed in.
pub struct Walk {
    /// The portal.
    pub portal: Portal,
    /// Its administrator's browser.
    pub browser: Browser,
    /// Whether pages may run scripts in it.
    pub scripts: Scripts,
}

/// Walks with scripts and without: where scripts take part in what is done.
pub async fn twice(walk: impl AsyncFn(&Walk) -> Result<()>) -> Result<()> {
    for scripts in [Scripts::On, Scripts::Off] {
        once(scripts, &walk).await.with_context(|| format!("scripts {scripts:?}"))?;
    }
    Ok(())
}

/// Walks with scripts in light, or without them in dark; a browser that complains fails the walk too.
pub async fn once(scripts: Scripts, walk: impl AsyncFn(&Walk) -> Result<()>) -> Result<()> {
    let theme = match scripts {
        Scripts::On => Theme::Light,
        Scripts::Off => Theme::Dark,
    };
    let (portal, browser) = tokio::try_join!(Portal::start(), Browser::start(scripts))?;
    browser.wear(theme).await?;
    browser.visit(&portal.link).await?;
    let at = Walk { portal, browser, scripts };
    walk(&at).await?;
    let Walk { portal, browser, .. } = at;
    let complaints = journal::complaints(&browser, &portal.url).await?;
    ensure!(complaints.is_empty(), "the browser complains:\n{}", complaints.join("\n"));
    browser.quit().await?;
    portal.stop().await
}
