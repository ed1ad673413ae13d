//! A demo portal of its own for each test: the built program on free ports, with a data folder that goes away with it.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command as Once, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::settings;

/// The program has this long to print its sign-in link; it is a debug build on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A running portal. Dropping it kills the program and removes its data.
pub struct Portal {
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// Where the demo receiver listens, without a slash at the end.
    pub receiver: String,
    /// The sign-in link that the console showed.
    pub sign_in_link: String,
    program: Child,
    _data: TempDir,
}

impl Portal {
    /// Starts `postrider demo` and waits for its sign-in link.
    pub async fn start() -> Result<Self> {
        let data = tempfile::tempdir().context("no temporary folder for the portal's data")?;
        let (listen, receiver) = free_addresses()?;
        let mut program = Command::new(program_path()?)
            .arg("demo")
            .arg("--data-dir")
            .arg(data.path())
            .args(["--listen", &listen, "--receiver", &receiver])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .context("the program did not start")?;
        let out = program.stdout.take().context("the program has no standard output")?;
        let mut lines = BufReader::new(out).lines();
        let url = format!("http://{listen}");
        let link = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(link) = sign_in_link(&line, &url) {
                    return Ok(link);
                }
            }
            bail!("the program ended without printing a sign-in link")
        };
        let sign_in_link =
            timeout(START, link).await.with_context(|| format!("no sign-in link within {} s", START.as_secs()))??;
        // Whatever else it prints has to go somewhere, or the pipe would fill and stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, receiver: format!("http://{receiver}"), sign_in_link, program, _data: data })
    }

    /// Ends the program and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        self.program.kill().await.context("the program could not be ended")
    }
}

/// Every address of the program that a browser can open, as `postrider routes` lists them.
pub fn readable_routes() -> Result<Vec<String>> {
    let output = Once::new(program_path()?).arg("routes").output().context("`postrider routes` did not run")?;
    let list = String::from_utf8(output.stdout).context("`postrider routes` printed something else than text")?;
    // The path stands between the method and who may use it.
    let path = |line: &str| line.trim().strip_prefix("GET ")?.split_whitespace().next().map(str::to_owned);
    let routes: Vec<String> = list.lines().filter_map(path).collect();
    if routes.is_empty() {
        bail!("`postrider routes` printed no line that begins with GET");
    }
    Ok(routes)
}

fn program_path() -> Result<PathBuf> {
    let path = settings::path("POSTRIDER_BIN")
        .context("POSTRIDER_BIN is not set: run `tests/run`, or set it to the path of the built program")?;
    if !path.is_file() {
        bail!("POSTRIDER_BIN names {}, which is not there: build the program first", path.display());
    }
    Ok(path)
}

fn free_addresses() -> Result<(String, String)> {
    // Both are held until both are known, so that they differ.
    let (one, two) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((one.local_addr()?.to_string(), two.local_addr()?.to_string()))
}

fn sign_in_link(line: &str, url: &str) -> Option<String> {
    line.split_whitespace().find(|word| word.strip_prefix(url).is_some_and(|path| path.len() > 1)).map(str::to_owned)
}
