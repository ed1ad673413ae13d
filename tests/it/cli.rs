//! The real binary at the command line: what it prints, how it ends, what it refuses.

mod demo;
mod events;
mod listen;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use postrider::clock::Clock;
use postrider::db::{DatabaseUrl, Db, DbError};
use postrider::ids::Ids;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::postgres_url;
use crate::support::process::{Scratch, free_port, fresh_schema};

/// A place to run in: a data folder, a database, a port.
struct Place {
    folder: Scratch,
    database: String,
    port: u16,
}

impl Place {
    fn sqlite() -> Self {
        let folder = Scratch::new("cli");
        let database = format!("sqlite:{}", folder.path().join("postrider.db").display());
        Self { folder, database, port: free_port() }
    }

    fn postgres() -> Self {
        Self { folder: Scratch::new("cli"), database: fresh_schema(&postgres_url()), port: free_port() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command
            .env("POSTRIDER_DATA_DIR", self.folder.path())
            .env("POSTRIDER_DATABASE_URL", &self.database)
            .env("POSTRIDER_LISTEN", format!("127.0.0.1:{}", self.port));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    fn serve(&self) -> Serving {
        Serving::start(&mut self.command(&["serve"]))
    }

    /// A statement, as somebody with access to the database would run it.
    fn sql(&self, statement: &'static str) {
        let url = DatabaseUrl::parse(&self.database).unwrap();
        let db = Db::open_beside(&url, Clock::system(), Ids::random()).unwrap();
        db.write_now::<_, DbError, _>(move |tx| Ok(tx.batch_execute(statement)?)).unwrap();
    }
}

/// The binary without anything from this process's environment.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A process that serves; ended with its owner.
struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Serving {
    /// Starts, and returns when the log says that it serves.
    fn start(command: &mut Command) -> Self {
        let mut serving = Self::spawn(command);
        let mut line = String::new();
        while !line.contains("Postrider serves") {
            line.clear();
            assert_ne!(serving.err.read_line(&mut line).unwrap(), 0, "it ended before it served");
        }
        serving
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, out: BufReader::new(out), err: BufReader::new(err) }
    }

    /// Sends a signal and returns how the process ended and the rest of what it printed.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (status.code(), rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Declares tests that run on both databases.
macro_rules! on_both {
    ($(fn $name:ident($place:ident: Place) $body:block)+) => { $(
        mod $name {
            use super::*;

            fn check($place: Place) $body

            #[test]
            fn sqlite() {
                check(Place::sqlite());
            }

            #[test]
            fn postgres() {
                check(Place::postgres());
            }
        }
    )+ };
}

#[test]
fn help_and_version_end_well() {
    for arguments in [["--help"], ["--version"]] {
        let ended = Ended::from(bare(&arguments).output().unwrap());
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
        assert!(ended.out.contains("ostrider"), "{}", ended.out);
    }
}

#[test]
fn wrong_use_ends_with_two_and_lists_everything() {
    let ended = Ended::from(
        bare(&["serve", "--listen", "nowhere", "--log", "loud"]).env("POSTRIDER_LISSEN", "x").output().unwrap(),
    );
    assert_eq!(ended.code, 2, "{}", ended.err);
    for part in ["--listen: ", "--log: ", "POSTRIDER_LISSEN: "] {
        assert!(ended.err.contains(part), "{part} is missing in\n{}", ended.err);
    }
    for wrong in [
        &["dance"][..],
        &["serve", "--dance"],
        &["api-key", "create"],
        &["demo", "--log", "trace"],
        &["--log", "info", "routes"],
        &["--log", "info", "openapi"],
        &["api-key", "create", "--name", "x", "--scope", "everything"],
    ] {
        let ended = Ended::from(bare(wrong).output().unwrap());
        assert_eq!(ended.code, 2, "{wrong:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{wrong:?}");
    }
}

#[test]
fn the_settings_are_listed_with_their_origin() {
    let place = Place::sqlite();
    // The variable is that of `events send`.
    let ended = place.command(&["config", "check", "--log=debug"]).env("POSTRIDER_API_KEY", "x").output().unwrap();
    let ended = Ended::from(ended);
    assert_eq!(ended.code, 0, "{}", ended.err);
    for line in ["debug  (--log)", "(POSTRIDER_LISTEN)", "text  (default)", "The settings are sound."] {
        assert!(ended.out.contains(line), "{line} is missing in\n{}", ended.out);
    }
}

#[test]
fn every_route_is_listed_with_who_may_use_it() {
    let ended = Ended::from(bare(&["routes"]).output().unwrap());
    assert_eq!(ended.code, 0);
    let rows: Vec<Vec<&str>> = ended.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), postrider::app::routes().len());
    for row in [&["GET", "/healthz", "probe"][..], &["GET", "/", "administrator"], &["POST", "/sign-in", "public"]] {
        assert!(rows.iter().any(|listed| listed == row), "{row:?} is missing in\n{}", ended.out);
    }
}

#[test]
fn the_description_of_the_api_is_printed() {
    let ended = Ended::from(bare(&["openapi"]).output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.out, include_str!("../../docs/openapi.json"));
}

on_both! {
    fn the_schema_is_brought_up_to_date_once(place: Place) {
        let first = place.run(&["migrate"]);
        assert_eq!(first.code, 0, "{}", first.err);
        assert!(first.out.contains("applied ") && first.out.ends_with("The schema is up to date.\n"), "{}", first.out);
        assert_eq!(place.run(&["migrate"]).out, "The schema was up to date already.\n");
    }

    fn without_an_administrator_a_set_up_link_is_printed(place: Place) {
        let mut serving = place.serve();
        let link = format!("http://127.0.0.1:{}/setup/", place.port);
        let mut line = String::new();
        while !line.contains(&link) {
            line.clear();
            assert_ne!(serving.out.read_line(&mut line).unwrap(), 0, "it printed no link");
        }
        assert_eq!(line.trim().len(), link.len() + 32);
        let health = place.run(&["healthcheck"]);
        assert_eq!((health.code, health.out.as_str()), (0, "ready\n"), "{}", health.err);
        let (code, rest) = serving.end(Signal::TERM);
        assert_eq!((code, rest.contains("/setup/")), (Some(0), false));
        let health = place.run(&["healthcheck"]);
        assert_eq!(health.code, 1);
        assert!(health.err.contains("nothing answers"), "{}", health.err);
    }

    fn the_first_administrator_comes_from_the_settings_and_nobody_after(place: Place) {
        let start = |email: &str| {
            let mut command = place.command(&["serve"]);
            command.env("POSTRIDER_ADMIN_EMAIL", email).env("POSTRIDER_ADMIN_PASSWORD", "wagon trellis marmot 7");
            assert_eq!(Serving::start(&mut command).end(Signal::INT), (Some(0), String::new()));
        };
        start("first@example.com");
        start("second@example.com");
        let again = |email: &str| place.run(&["admin", "create", "--email", email]);
        let taken = again("first@example.com");
        assert_eq!((taken.code, taken.out.as_str()), (1, ""), "{}", taken.err);
        assert!(taken.err.contains("exists already"), "{}", taken.err);
        assert_eq!(again("second@example.com").code, 0);
    }

    fn an_administrator_is_made_with_a_password_from_the_input(place: Place) {
        let make = |password: &str| {
            let mut command = place.command(&["admin", "create", "--email", "ada@example.com", "--name", "Ada", "--password-stdin"]);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
            Ended::from(child.wait_with_output().unwrap())
        };
        let short = make("short\n");
        assert_eq!(short.code, 2, "{}", short.err);
        let made = make("wagon trellis marmot 7\n");
        assert_eq!((made.code, made.out.as_str()), (0, "ada@example.com is an administrator now.\n"), "{}", made.err);
    }

    fn a_key_is_printed_alone_also_while_the_portal_serves(place: Place) {
        let _serving = place.serve();
        let made = place.run(&["api-key", "create", "--name", "CI", "--scope", "events:write,events:read", "--environment", "test"]);
        assert_eq!(made.code, 0, "{}", made.err);
        let token = made.out.strip_suffix('\n').unwrap();
        assert!(token.starts_with("prk_") && token.len() == 45, "{token}");
        assert!(made.err.contains("\"CI\" (test: events:write, events:read)"), "{}", made.err);
    }

    fn a_changed_audit_row_is_found(place: Place) {
        place.run(&["api-key", "create", "--name", "CI"]);
        let whole = place.run(&["audit", "verify"]);
        assert_eq!((whole.code, whole.out.as_str()), (0, "The audit trail is whole: 1 row.\n"), "{}", whole.err);
        place.sql(if place.database.starts_with("sqlite") {
            "drop trigger audit_keep_update; update audit set actor_name = 'Nobody';"
        } else {
            "alter table audit disable trigger user; update audit set actor_name = 'Nobody';"
        });
        let broken = place.run(&["audit", "verify"]);
        assert_eq!(broken.code, 1);
        assert!(broken.err.contains("row 1 is not what was written"), "{}", broken.err);
    }

    fn without_the_right_master_key_nothing_starts_and_none_is_made(place: Place) {
        assert_eq!(place.serve().end(Signal::TERM).0, Some(0));
        let file = place.folder.path().join("master.keys");
        let key = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let missing = place.run(&["serve"]);
        assert_eq!(missing.code, 1);
        assert!(missing.err.contains("the master key k1 of this database is not given"), "{}", missing.err);
        assert!(!file.exists());
        let other = key.trim().replace("k1:", "k2:");
        let ended = Ended::from(place.command(&["serve"]).env("POSTRIDER_MASTER_KEYS", &other).output().unwrap());
        assert_eq!(ended.code, 1);
        assert!(ended.err.contains("needs k1, given: k2"), "{}", ended.err);
        let wrong = format!("k1:{}=", "A".repeat(43));
        let ended = Ended::from(place.command(&["serve"]).env("POSTRIDER_MASTER_KEYS", &wrong).output().unwrap());
        assert_eq!(ended.code, 1);
        assert!(ended.err.contains("what is given as k1 is not the key"), "{}", ended.err);
        let mut back = place.command(&["serve"]);
        back.env("POSTRIDER_MASTER_KEYS", key.trim());
        assert_eq!(Serving::start(&mut back).end(Signal::TERM).0, Some(0));
    }
}

#[test]
fn one_file_is_served_by_one_process() {
    let place = Place::sqlite();
    let serving = place.serve();
    let second = place.run(&["serve"]);
    assert_eq!(second.code, 1);
    let told = format!("already in use by process {}", serving.child.id());
    assert!(second.err.contains(&told), "{}", second.err);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::sqlite();
    let mut serving = place.serve();
    // A request that is never whole: a clean stop waits for it.
    let mut stream = TcpStream::connect(("127.0.0.1", place.port)).unwrap();
    let origin = format!("http://127.0.0.1:{}", place.port);
    write!(
        stream,
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nOrigin: {origin}\r\nContent-Length: 9\r\n\r\nhalf",
        place.port
    )
    .unwrap();
    // The answer to a second connection shows that the first one was taken.
    assert!(ask(place.port, "GET /healthz HTTP/1.1", "").ends_with("alive"));
    kill_process(Pid::from_child(&serving.child), Signal::TERM).unwrap();
    let mut told = String::new();
    while !told.contains("stopping") {
        assert_ne!(serving.err.read_line(&mut told).unwrap(), 0, "{told}");
    }
    let asked = Instant::now();
    assert_eq!(serving.end(Signal::TERM).0, Some(1));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn what_is_stored_is_for_this_user_alone() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::sqlite();
    drop(place.serve());
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o077, 0, "{}", entry.path().display());
    }
}

/// One request over a connection of its own; the whole answer.
fn ask(port: u16, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let head = format!("Host: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}");
    write!(stream, "{}\r\n{head}\r\n\r\n{body}", request.trim_end()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
