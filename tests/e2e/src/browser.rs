//! Chromium without a window, driven through chromedriver; every step a person would take is counted.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::{process::Child, time::sleep};

use crate::{
    chromium::{capabilities, start_chromedriver},
    find,
};

/// What a step may take before it counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);

/// The height of the page, or that of the open dialog with its head and its buttons where that is more.
const CONTENT_HEIGHT: &str = "Math.max(document.documentElement.scrollHeight, \
    (document.querySelector('dialog[open] .sheet-body')?.scrollHeight ?? 0) + 180)";

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As most people have it.
    On,
    /// As with scripts forbidden.
    Off,
}

/// The two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on paper.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

impl Theme {
    /// Its name in file names and in the media query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A browser. Dropping it ends the session, the driver and the profile, in this order.
pub struct Browser {
    driver: WebDriver,
    actions: AtomicUsize,
    _chromedriver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with a profile of its own.
    pub async fn start(scripts: Scripts) -> Result<Self> {
        let profile = tempfile::tempdir().context("no temporary folder for the browser's profile")?;
        let (chromedriver, port) = start_chromedriver().await?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(profile.path(), scripts)?)
            .await
            .context("Chromium did not start")?;
        Ok(Self { driver, actions: AtomicUsize::new(0), _chromedriver: chromedriver, _profile: profile })
    }

    /// The WebDriver session, for what has no step of its own here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// How many steps a person would have counted so far.
    pub fn actions(&self) -> usize {
        self.actions.load(Ordering::Relaxed)
    }

    /// Opens an address without counting it: for going straight to a page that is to be looked at.
    pub async fn visit(&self, address: &str) -> Result<()> {
        self.driver.goto(address).await.with_context(|| format!("{address} did not open"))
    }

    /// Opens an address, as a click on a link in a mail or a console would.
    pub async fn open(&self, address: &str) -> Result<()> {
        self.count();
        self.visit(address).await
    }

    /// Clicks the link or button with this name, in the open dialog or menu where there is one.
    pub async fn click(&self, name: &str) -> Result<()> {
        self.press(&find::clickable(name), &format!("a link or button named {name:?}")).await
    }

    /// Types into the field with this label, in place of what stood there.
    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        self.count();
        self.act(&find::field(label), &format!("a field labelled {label:?}"), async |element| {
            element.clear().await?;
            element.send_keys(text).await
        })
        .await
    }

    /// Types into the field at this `XPath`, for one of several that share their label.
    pub async fn type_at(&self, path: &str, text: &str) -> Result<()> {
        self.count();
        self.act(path, path, async |element| element.send_keys(text).await).await
    }

    /// Ticks the check box with this label, or unticks it.
    pub async fn toggle(&self, label: &str) -> Result<()> {
        self.press(&find::field(label), &format!("a check box labelled {label:?}")).await
    }

    /// Chooses an option of the list with this label.
    pub async fn choose(&self, label: &str, option: &str) -> Result<()> {
        self.press(&find::option(label, option), &format!("the option {option:?} of {label:?}")).await
    }

    /// Opens the menu behind the avatar.
    pub async fn open_account_menu(&self) -> Result<()> {
        self.press(find::ACCOUNT_MENU, "the avatar").await
    }

    /// Opens the dotted menu of the row that shows this text.
    pub async fn open_row_menu(&self, row: &str) -> Result<()> {
        self.press(&find::row_menu(row), &format!("the menu of the row {row:?}")).await
    }

    /// Clicks what stands at this `XPath`.
    pub async fn press(&self, path: &str, what: &str) -> Result<()> {
        self.count();
        self.act(path, what, async |element| element.click().await).await
    }

    /// Waits until something is at this `XPath`, be it folded away.
    pub async fn holds(&self, path: &str) -> Result<()> {
        let there = async || Ok((!self.driver.find_all(By::XPath(path)).await?.is_empty()).then_some(()));
        self.wait(&format!("nothing at {path}, not even folded away"), there).await
    }

    /// What an attribute of the first element at this `XPath` says, where there is one.
    pub async fn attribute(&self, path: &str, name: &str) -> Result<Option<String>> {
        match self.driver.find_all(By::XPath(path)).await?.first() {
            Some(element) => Ok(element.attr(name).await?),
            None => Ok(None),
        }
    }

    /// What an attribute says of each element at this `XPath`; empty where it is not there.
    pub async fn attributes(&self, path: &str, name: &str) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for element in self.driver.find_all(By::XPath(path)).await? {
            said.push(element.attr(name).await?.unwrap_or_default());
        }
        Ok(said)
    }

    /// What stands in the field with this label, or the value of what is chosen there.
    pub async fn value_of(&self, label: &str) -> Result<String> {
        let read = async || match self.visible(&find::field(label)).await? {
            Some(element) => Ok(element.value().await?),
            None => Ok(None),
        };
        self.wait(&format!("no field labelled {label:?}"), read).await
    }

    /// How many elements are at this `XPath`.
    pub async fn count_of(&self, path: &str) -> Result<usize> {
        Ok(self.driver.find_all(By::XPath(path)).await?.len())
    }

    /// Clicks a link that saves a file, and gives the file's text.
    pub async fn download(&self, link: &str) -> Result<String> {
        let folder = tempfile::tempdir().context("no temporary folder for what is saved")?;
        let place = json!({"behavior": "allow", "downloadPath": folder.path(), "eventsEnabled": false});
        self.devtools("Browser.setDownloadBehavior", place).await?;
        self.click(link).await?;
        self.wait(&format!("{link} saved no file"), async || {
            let mut saved = std::fs::read_dir(folder.path())?.filter_map(Result::ok);
            // While it is on its way, the file is called otherwise.
            let whole = saved.find(|file| {
                let name = file.file_name().to_string_lossy().into_owned();
                !name.starts_with('.') && !name.ends_with(".crdownload")
            });
            Ok(whole.map(|file| std::fs::read_to_string(file.path())).transpose()?)
        })
        .await
    }

    /// Clicks a button that copies, and gives what a person would paste then.
    pub async fn copy(&self, button: &str) -> Result<String> {
        let may = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        self.devtools("Browser.grantPermissions", may).await?;
        self.click(button).await?;
        // It is read out, also where a dialog lies over the page.
        self.holds("(//dialog[@open] | //body[not(.//dialog[@open])])//*[@role='status'][.='Copied']").await?;
        let read = "navigator.clipboard.readText().then(arguments[0], error => arguments[0](String(error)))";
        let pasted = self.driver.execute_async(read, vec![]).await?;
        Ok(pasted.json().as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page shows this text somewhere.
    pub async fn sees(&self, text: &str) -> Result<()> {
        self.text_of(&find::text(text)).await.map(drop)
    }

    /// Reads the page again until something is shown at this `XPath`: for what happens by itself a moment later.
    pub async fn reloads_until(&self, path: &str) -> Result<()> {
        self.wait(&format!("nothing at {path}, however often the page was read again"), async || {
            let there = self.visible(path).await?.is_some();
            if !there {
                sleep(POLL * 4).await;
                self.driver.refresh().await?;
            }
            Ok(there.then_some(()))
        })
        .await
    }

    /// Waits until nothing is shown at this `XPath` any more.
    pub async fn loses(&self, path: &str) -> Result<()> {
        self.wait(&format!("still something at {path}"), async || Ok(self.visible(path).await?.is_none().then_some(())))
            .await
    }

    /// Waits until something is shown at this `XPath`, and gives its text.
    pub async fn text_of(&self, path: &str) -> Result<String> {
        self.wait(&format!("nothing at {path}"), async || match self.visible(path).await? {
            Some(element) => Ok(element.text().await.ok()),
            None => Ok(None),
        })
        .await
    }

    /// The path and query of the page that is open.
    pub async fn path(&self) -> Result<String> {
        let url = self.driver.current_url().await?;
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    /// Shows pages as a person with this theme sees them.
    pub async fn wear(&self, theme: Theme) -> Result<()> {
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": theme.name()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Makes the page this wide. Not `mobile`, which would widen the page and hide what sticks out.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Makes the page this wide and as high as what it shows, in a dialog too, for a picture of all of it.
    pub async fn resize_to_content(&self, width: u32) -> Result<()> {
        self.resize(width, 900).await?;
        let height = self.number(CONTENT_HEIGHT).await?;
        self.resize(width, u32::try_from(height)?.clamp(900, 8_000)).await
    }

    /// Shows the page as at twice its size: half the width, with two dots for one.
    pub async fn zoom(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({"width": width / 2, "height": height / 2, "deviceScaleFactor": 2, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Shows pages in the few colours that a person has set in the system.
    pub async fn force_colors(&self) -> Result<()> {
        let features = json!({"features": [{"name": "forced-colors", "value": "active"}]});
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// The value of a script's expression that is a whole number.
    pub async fn number(&self, expression: &str) -> Result<i64> {
        let answer = self.driver.execute(format!("return Math.round({expression})"), vec![]).await?;
        answer.json().as_i64().with_context(|| format!("{expression} is no number"))
    }

    /// The first things on the page that reach beyond this width, for a message.
    pub async fn sticks_out(&self, width: u32) -> Result<String> {
        let script = format!(
            "return [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > {width})
             .slice(0, 5).map(one => one.tagName.toLowerCase() + '.' + one.className).join(', ')"
        );
        Ok(self.driver.execute(script, vec![]).await?.json().as_str().unwrap_or_default().to_owned())
    }

    /// One command of Chromium's developer tools.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Result<Value> {
        self.driver.cdp().send_raw(method, parameters).await.with_context(|| format!("{method} failed"))
    }

    /// Ends the session; what is left goes when the value is dropped.
    pub async fn quit(self) -> Result<()> {
        self.driver.clone().quit().await.context("Chromium did not end")
    }

    fn count(&self) {
        self.actions.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks again until there is an answer.
    async fn wait<T>(&self, fault: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            ensure!(Instant::now() < end, "{}{fault}", self.describe().await);
            sleep(POLL).await;
        }
    }

    /// Finds what is shown at `path` and acts on it; a page that is just changing gets another look.
    async fn act(
        &self,
        path: &str,
        what: &str,
        action: impl AsyncFn(&WebElement) -> WebDriverResult<()>,
    ) -> Result<()> {
        self.wait(&format!("{what} was not there, or could not be used"), async || {
            let Some(element) = self.visible(path).await? else {
                return Ok(None);
            };
            match action(&element).await {
                Ok(()) => Ok(Some(())),
                Err(error) if is_passing(&error) => Ok(None),
                Err(error) => Err(error).with_context(|| format!("{what} could not be used")),
            }
        })
        .await
    }

    /// The first element at `path` that is shown, preferring the one in the dialog or menu that is open on top.
    async fn visible(&self, path: &str) -> Result<Option<WebElement>> {
        let shown = self.shown(path).await?;
        if shown.len() > 1 {
            for layer in find::LAYERS {
                if let Some(on_top) = self.shown(&format!("({path})[{layer}]")).await?.into_iter().next() {
                    return Ok(Some(on_top));
                }
            }
        }
        Ok(shown.into_iter().next())
    }

    async fn shown(&self, path: &str) -> Result<Vec<WebElement>> {
        let found = match self.driver.find_all(By::XPath(path)).await {
            Ok(found) => found,
            Err(error) if is_passing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error).context("the browser did not answer"),
        };
        let mut shown = Vec::new();
        for element in found {
            if element.is_displayed().await.unwrap_or(false) {
                shown.push(element);
            }
        }
        Ok(shown)
    }

    async fn describe(&self) -> String {
        let address = self.path().await.unwrap_or_else(|_| "a page".to_owned());
        let shown = match self.driver.find(By::XPath("//dialog[@open] | //body[not(.//dialog[@open])]")).await {
            Ok(part) => part.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        let shown: String = shown.chars().take(3_000).collect();
        format!("on {address}, which shows:\n---\n{shown}\n---\n")
    }
}

fn is_passing(error: &WebDriverError) -> bool {
    let text = error.to_string();
    ["stale", "not interactable", "intercepted", "no such element", "detached", "navigat", "aborted"]
        .iter()
        .any(|word| text.to_lowercase().contains(word))
}
