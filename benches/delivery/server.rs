//! The real binary under load: started on a fresh database, set up over its commands and its portal, ended by pid.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

const BINARY: &str = env!("CARGO_BIN_EXE_postrider");
const EMAIL: &str = "bench@postrider.example";
const PASSWORD: &str = "a long bench pass phrase";

pub struct Server {
    child: Child,
    port: u16,
    key: String,
    folder: PathBuf,
}

/// A fresh folder's path.
pub fn scratch(name: &str) -> PathBuf {
    let unique = crate::receiver::now_us();
    std::env::temp_dir().join(format!("postrider-bench-{}-{name}-{unique}", std::process::id()))
}

impl Server {
    pub async fn start(postgres: Option<&str>, receiver_port: u16) -> Self {
        let folder = scratch("server");
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let database = match postgres {
            Some(url) => fresh_schema(url),
            None => format!("sqlite:{}", folder.join("postrider.db").display()),
        };
        let settings = [
            ("POSTRIDER_DATA_DIR", folder.display().to_string()),
            ("POSTRIDER_DATABASE_URL", database),
            ("POSTRIDER_LISTEN", address),
            ("POSTRIDER_EGRESS_ALLOW", format!("127.0.0.1/32:{receiver_port}")),
            ("POSTRIDER_LOG", "warn".to_owned()),
            ("POSTRIDER_ADMIN_EMAIL", EMAIL.to_owned()),
            ("POSTRIDER_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ];
        let command = || {
            let mut command = Command::new(BINARY);
            command.envs(settings.clone()).kill_on_drop(true);
            command
        };
        let made =
            command().args(["api-key", "create", "--name", "bench", "--scope", "events:write"]).output().await.unwrap();
        let said = String::from_utf8_lossy(&made.stdout).into_owned();
        let key = said.split_whitespace().find(|word| word.starts_with("prk_"));
        let key = key.unwrap_or_else(|| panic!("no key: {said}{}", String::from_utf8_lossy(&made.stderr))).to_owned();
        let child = command().arg("serve").stdout(Stdio::null()).spawn().unwrap();
        let server = Self { child, port, key, folder };
        server.wait_until_ready().await;
        server
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

    /// Signs in and adds webhooks through the portal's own form.
    pub async fn add_webhooks(&self, count: usize, receiver_port: u16) {
        let base = format!("http://{}", self.address());
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = |fields: &[(&str, &str)]| serde_html_form::to_string(fields).unwrap();
        let post = |path: &str, cookie: &str, body: String| {
            client
                .post(format!("{base}{path}"))
                .header("origin", &base)
                .header("cookie", cookie)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
                .send()
        };
        let signed_in = post("/sign-in", "", form(&[("email", EMAIL), ("password", PASSWORD)])).await.unwrap();
        assert_eq!(signed_in.status(), 303, "sign-in: {}", signed_in.text().await.unwrap());
        let cookie =
            signed_in.headers().get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        for number in 0..count {
            let (name, url) = (format!("Bench {number}"), format!("http://127.0.0.1:{receiver_port}/{number}"));
            let form_id = format!("bench-form-{number}-{}", crate::receiver::now_us());
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
            let added = post("/settings/webhooks", &cookie, form(&fields)).await.unwrap();
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

    pub async fn stop(mut self) {
        self.child.start_kill().ok();
        self.child.wait().await.ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A schema of its own, named in the address.
fn fresh_schema(url: &str) -> String {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};
    let schema = format!("bench_{}", crate::receiver::now_us());
    PgConnection::establish(url).unwrap().batch_execute(&format!("create schema {schema}")).unwrap();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}options=-csearch_path%3D{schema}")
}
