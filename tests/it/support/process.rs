//! The real binary: started on a database of its own, set up over its commands and its portal, ended by pid.
//!
//! Used by the tests that kill it and by the bench that loads it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};

const BINARY: &str = env!("CARGO_BIN_EXE_postrider");
const EMAIL: &str = "admin@postrider.example";
const PASSWORD: &str = "a long test pass phrase";

/// A folder that is removed with its owner.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("postrider-{name}-{}-{number}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A running process and what is needed to start it again.
pub struct Server {
    child: Child,
    port: u16,
    key: String,
    settings: Vec<(&'static str, String)>,
    _folder: Scratch,
}

impl Server {
    /// Starts on SQLite, or on a fresh schema of that PostgreSQL, with an administrator and a key that may post
    /// events; its requests may go to `receiver_port` of 127.0.0.1.
    pub async fn start(postgres: Option<&str>, receiver_port: u16) -> Self {
        let folder = Scratch::new("server");
        let port = free_port();
        let database = match postgres {
            Some(url) => fresh_schema(url),
            None => format!("sqlite:{}", folder.path().join("postrider.db").display()),
        };
        let settings = vec![
            ("POSTRIDER_DATA_DIR", folder.path().display().to_string()),
            ("POSTRIDER_DATABASE_URL", database),
            ("POSTRIDER_LISTEN", format!("127.0.0.1:{port}")),
            ("POSTRIDER_EGRESS_ALLOW", format!("127.0.0.1/32:{receiver_port}")),
            ("POSTRIDER_LOG", "warn".to_owned()),
            ("POSTRIDER_ADMIN_EMAIL", EMAIL.to_owned()),
            ("POSTRIDER_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ];
        let made = command(&settings)
            .args(["api-key", "create", "--name", "tests", "--scope", "events:write"])
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        let key = said.split_whitespace().find(|word| word.starts_with("prk_"));
        let key = key.unwrap_or_else(|| panic!("no key: {said}{}", String::from_utf8_lossy(&made.stderr))).to_owned();
        let child = serve(&settings);
        let server = Self { child, port, key, settings, _folder: folder };
        server.wait_until_ready().await;
        server
    }

    /// Where its data is.
    pub fn database_url(&self) -> &str {
        &self.settings[1].1
    }

    /// `kill -9`, and back at once.
    pub async fn kill_and_start_again(&mut self) {
        self.kill().await;
        self.child = serve(&self.settings);
        self.wait_until_ready().await;
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    async fn wait_until_ready(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..500 {
            let answer = client.get(format!("http://{}/readyz", self.address())).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server did not become ready");
    }

    /// A client and the cookie of a signed-in administrator.
    pub async fn sign_in(&self) -> (reqwest::Client, String) {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = serde_html_form::to_string([("email", EMAIL), ("password", PASSWORD)]).unwrap();
        let signed_in = self.post(&client, "/sign-in", "", form).await;
        assert_eq!(signed_in.status(), 303, "sign-in: {}", signed_in.text().await.unwrap());
        let cookie = signed_in.headers().get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap();
        (client, cookie.to_owned())
    }

    async fn post(&self, client: &reqwest::Client, path: &str, cookie: &str, form: String) -> reqwest::Response {
        let base = format!("http://{}", self.address());
        let post = client.post(format!("{base}{path}")).header("origin", &base).header("cookie", cookie);
        post.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap()
    }

    /// Signs in and adds webhooks through the portal's own form.
    pub async fn add_webhooks(&self, count: usize, receiver_port: u16) {
        let (client, cookie) = self.sign_in().await;
        for number in 0..count {
            let (name, url) = (format!("Webhook {number}"), format!("http://127.0.0.1:{receiver_port}/{number}"));
            let form_id = format!("form-{number}-{}", self.port);
            let fields = [
                ("name", name.as_str()),
                ("code", ""),
                ("url", &url),
                ("description", ""),
                ("notification_type", "rest"),
                ("auth", "none"),
                ("events", "document.released"),
                ("method", "POST"),
                ("timeout", "15"),
                ("retry", "standard"),
                ("active", "on"),
                ("form_id", &form_id),
            ];
            let form = serde_html_form::to_string(fields).unwrap();
            let added = self.post(&client, "/settings/webhooks", &cookie, form).await;
            let status = added.status();
            assert!(status == 303 || status == 200, "add webhook: {status} {}", added.text().await.unwrap());
        }
        // The lanes of new webhooks are taken within a step of the worker.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn api_key(&self) -> &str {
        &self.key
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// User and system time of the process so far.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let after_name: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().map(|place| after_name[*place].parse::<u64>().unwrap()).sum();
        // Linux counts in hundredths of a second.
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory in MB.
    pub fn memory_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().split(' ').next().unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

fn command(settings: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(BINARY);
    command.envs(settings.iter().cloned()).kill_on_drop(true);
    command
}

fn serve(settings: &[(&'static str, String)]) -> Child {
    command(settings).arg("serve").stdout(Stdio::null()).spawn().unwrap()
}

/// A port that nothing listens on, given to nobody else here: below those that the system hands out by itself, where
/// a connection of another test could take it before it is used.
pub fn free_port() -> u16 {
    const PORTS: Range<u16> = 10_000..20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Far from those of another run at the same time.
    let start = u16::try_from(std::process::id() % 100).expect("less than 100") * 100;
    std::iter::repeat_with(|| PORTS.start + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start))
        .take(PORTS.len())
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free")
}

/// A schema of its own, named in the address.
pub fn fresh_schema(url: &str) -> String {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let schema = format!("process_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    PgConnection::establish(url).unwrap().batch_execute(&format!("create schema {schema}")).unwrap();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}options=-csearch_path%3D{schema}")
}
