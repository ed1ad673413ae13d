//! A demo portal of its own for each test: the built program on free ports, with a data folder that goes away with it.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command as Once, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
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
    /// The link that the console showed: it signs in, or it sets up.
    pub link: String,
    program: Child,
    _data: TempDir,
}

impl Portal {
    /// Starts `postrider demo` and waits for its sign-in link.
    pub async fn start() -> Result<Self> {
        let (listen, receiver) = free_addresses()?;
        let arguments = ["demo", "--listen", &listen, "--receiver-listen", &receiver];
        Self::run(&arguments, &listen, format!("http://{receiver}")).await
    }

    /// Starts `postrider serve` on an empty folder; its link is the one that makes the first administrator.
    pub async fn start_empty() -> Result<Self> {
        let (listen, _) = free_addresses()?;
        Self::run(&["serve", "--listen", &listen], &listen, String::new()).await
    }

    async fn run(arguments: &[&str], listen: &str, receiver: String) -> Result<Self> {
        let data = tempfile::tempdir().context("no temporary folder for the portal's data")?;
        let mut program = Command::new(program_path()?)
            .args(arguments)
            .arg("--data-dir")
            .arg(data.path())
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
                if let Some(link) = link_in(&line, &url) {
                    return Ok(link);
                }
            }
            bail!("the program ended without printing a link")
        };
        let link = timeout(START, link).await.with_context(|| format!("no link within {} s", START.as_secs()))??;
        // Whatever else it prints has to go somewhere, or the pipe would fill and stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, receiver, link, program, _data: data })
    }

    /// Ends the program and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        self.program.kill().await.context("the program could not be ended")
    }
}

/// The address of every page for administrators, from `postrider routes`: method, path, who may use it.
pub fn page_routes() -> Result<Vec<String>> {
    let output = Once::new(program_path()?).arg("routes").output().context("`postrider routes` did not run")?;
    let list = String::from_utf8(output.stdout).context("`postrider routes` printed something else than text")?;
    let page = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["GET", path, "administrator"] => Some(path.to_owned()),
        _ => None,
    };
    let routes: Vec<String> = list.lines().filter_map(page).collect();
    ensure!(!routes.is_empty(), "`postrider routes` listed no page for administrators");
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

fn link_in(line: &str, url: &str) -> Option<String> {
    line.split_whitespace().find(|word| word.strip_prefix(url).is_some_and(|path| path.len() > 1)).map(str::to_owned)
}
