//! A demo portal of its own for each test: the built program on free ports, with a data folder that goes away with it.

use std::{
    net::TcpListener,
    ops::Range,
    path::PathBuf,
    process::{Command as Once, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
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
    /// The password of the demo's administrator; empty where the portal is no demo.
    pub password: String,
    program: Child,
    data: TempDir,
}

impl Portal {
    /// Starts `postrider demo` and waits for its sign-in link and its password.
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
        let told = async {
            let (mut link, mut password) = (None, None);
            while let Some(line) = lines.next_line().await? {
                link = link.or_else(|| link_in(&line, &url));
                password = password.or_else(|| password_in(&line));
                match (&link, &password) {
                    (Some(link), Some(password)) => return Ok((link.clone(), password.clone())),
                    (Some(link), None) if receiver.is_empty() => return Ok((link.clone(), String::new())),
                    (_, _) => {}
                }
            }
            bail!("the program ended without printing a link")
        };
        let (link, password) =
            timeout(START, told).await.with_context(|| format!("no link within {} s", START.as_secs()))??;
        // Whatever else it prints has to go somewhere, or the pipe would fill and stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, receiver, link, password, program, data })
    }

    /// Changes something in the portal's database behind its back, for what no page can bring about.
    pub fn tamper(&self, sql: &str) -> Result<()> {
        let path = self.data.path().join("postrider.db");
        let mut database = SqliteConnection::establish(&path.to_string_lossy()).context("the database did not open")?;
        database.batch_execute(&format!("pragma busy_timeout = 5000; {sql}")).with_context(|| format!("{sql} failed"))
    }

    /// A key that may do this, made at the console; `environment` is production or test.
    pub fn make_key(&self, scope: &str, environment: &str) -> Result<String> {
        let asked = ["api-key", "create", "--name", "Console", "--scope", scope, "--environment", environment];
        let output = Once::new(program_path()?).args(asked).arg("--data-dir").arg(self.data.path()).output()?;
        ensure!(output.status.success(), "no key was made: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Posts an event as another system would, and gives its id.
    pub async fn publish(&self, token: &str, type_name: &str, data: Value) -> Result<String> {
        let event = json!({ "type": type_name, "data": data });
        let answer = self.post(token, "/api/v1/events", &event).await?;
        answer["id"].as_str().map(str::to_owned).with_context(|| format!("the event was answered {answer}"))
    }

    /// Posts to the API, and gives the answer.
    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}",
            body.len()
        );
        serde_json::from_str(&ask(&self.url, &head, &body).await?)
            .context("the API answered with something else than JSON")
    }

    /// The page on which the receiver shows what reached it, as it travels: folded parts too.
    pub async fn received(&self) -> Result<String> {
        ask(&self.receiver, "GET / HTTP/1.1", "").await
    }

    /// The newest request on that page.
    pub async fn newest(&self) -> Result<String> {
        let all = self.received().await?;
        all.split("</li>").next().filter(|first| first.contains("<li>")).map(str::to_owned).context("nothing arrived")
    }

    /// Ends the program and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        self.program.kill().await.context("the program could not be ended")
    }
}

/// The body of the answer to one request without a browser.
async fn ask(url: &str, head: &str, body: &str) -> Result<String> {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.with_context(|| format!("{host} cannot be reached"))?;
    stream.write_all(format!("{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).with_context(|| format!("{host} answered nothing"))
}

/// The address of every page for administrators, from `postrider routes`: method, path, who may use it.
pub fn page_routes() -> Result<Vec<String>> {
    let output = Once::new(program_path()?).arg("routes").output().context("`postrider routes` did not run")?;
    let list = String::from_utf8(output.stdout).context("`postrider routes` printed something else than text")?;
    let page = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["GET", path, "administrator" | "catalogue"] => Some(path.to_owned()),
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

/// Two addresses that nothing listens on, given to nobody else here: below those that the system hands out by itself,
/// where a connection of a browser could take one before it is used.
fn free_addresses() -> Result<(String, String)> {
    const PORTS: Range<u16> = 20_000..30_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Far from those of another run at the same time.
    let start = u16::try_from(std::process::id() % 100).context("less than 100")? * 100;
    let next = || PORTS.start + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
    let mut free = std::iter::repeat_with(next)
        .take(PORTS.len())
        .map(|port| format!("127.0.0.1:{port}"))
        .filter(|address| TcpListener::bind(address).is_ok());
    free.next().zip(free.next()).context("no port is free")
}

fn link_in(line: &str, url: &str) -> Option<String> {
    line.split_whitespace().find(|word| word.strip_prefix(url).is_some_and(|path| path.len() > 1)).map(str::to_owned)
}

fn password_in(line: &str) -> Option<String> {
    line.trim_start().strip_prefix("Password ").map(|rest| rest.trim().to_owned())
}
