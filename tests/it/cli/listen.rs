//! `listen` at the command line: what it says of each request, how it answers, and that it ends cleanly.

use std::io::BufRead;

use postrider::webhooks::sign::{SigningKey, signature};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Listening {
    serving: Serving,
    port: u16,
}

impl Listening {
    fn start(arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = bare(&["listen", "--listen", &format!("127.0.0.1:{port}")]);
        let mut serving = Serving::spawn(command.args(arguments));
        let mut line = String::new();
        assert_ne!(serving.err.read_line(&mut line).unwrap(), 0, "it ended");
        assert!(line.starts_with(&format!("Listening on http://127.0.0.1:{port}/")), "{line}");
        Self { serving, port }
    }

    /// Posts with these headers; the status of the answer.
    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let answer = ask(self.port, &format!("POST {path} HTTP/1.1\r\n{headers}"), body);
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.serving.out.read_line(&mut line).unwrap();
        line
    }

    /// What it prints for one request.
    fn block(&mut self) -> String {
        let mut block = String::new();
        while !block.ends_with("\n\n") {
            let line = self.line();
            assert!(!line.is_empty(), "it ended after {block}");
            block += &line;
        }
        block
    }
}

/// The headers of a delivery that was signed so many seconds from now with these secrets.
fn signed(secrets: &[&str], seconds: i64, body: &str) -> String {
    let keys: Vec<SigningKey> = secrets.iter().map(|secret| SigningKey::parse(secret).unwrap()).collect();
    let at = Clock::system().now().seconds() + seconds;
    let signature = signature(&keys, "evt_1", at, body.as_bytes());
    format!("webhook-id: evt_1\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\nx-webhook-attempt: 2")
}

#[test]
fn each_request_is_one_block_with_its_verdict() {
    let mut listening = Listening::start(&["--secret", SECRET, "--status", "202"]);
    let body = r#"{"a":{"n":1.50}}"#;
    let headers = format!("{}\r\nx-webhook-test: true", signed(&[SECRET], 0, body));
    assert_eq!(listening.post("/in?x=1", &headers, body), "202");
    let block = listening.block();
    let (first, rest) = block.split_once('\n').unwrap();
    assert!(first.ends_with("Z  POST /in?x=1"), "{block}");
    for line in ["webhook-id  evt_1", "attempt     2, a test", "signature verifies", "answered    202", "  \"n\": 1.50"]
    {
        assert!(
            rest.lines().any(|told| told.strip_prefix("    ").is_some_and(|told| told.trim_end().ends_with(line))),
            "{line} is missing in\n{block}"
        );
    }
    for (path, headers, status, told) in [
        ("/status/503", signed(&[OTHER, SECRET], 0, body), "503", "signature verifies\n"),
        ("/", signed(&[OTHER], 0, body), "202", "signature does not verify"),
        ("/", signed(&[SECRET], 0, "another body"), "202", "signature does not verify"),
        ("/", signed(&[SECRET], -400, body), "202", "signature is too old: made 40"),
        ("/", signed(&[SECRET], 400, body), "202", "signature is from the future: "),
        ("/", "x: y".to_owned(), "202", "not signed: webhook-id is missing"),
    ] {
        assert_eq!(listening.post(path, &headers, body), status);
        let block = listening.block();
        assert!(block.contains(told), "{told} is missing in\n{block}");
    }
    assert_eq!(listening.serving.end(Signal::INT), (Some(0), String::new()));
}

#[test]
fn what_comes_can_neither_steer_the_terminal_nor_look_like_another_request() {
    let mut listening = Listening::start(&[]);
    let body = "\u{1b}[2J\u{9b}31m\u{202e}\r\n2026-11-27T00:00:00.000Z  POST /forged\n\nend";
    assert_eq!(listening.post("/", "webhook-id: a\u{9b}b", body), "200");
    let mut block = String::new();
    while !block.ends_with("end\n") {
        block += &listening.line();
    }
    assert!(!block.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r']), "{block:?}");
    assert_eq!(block.lines().filter(|line| !line.starts_with("    ")).count(), 1, "{block}");
    assert!(block.contains("not checked") || block.contains("not signed"), "{block}");
    // It prints before it answers, and more than a pipe holds.
    let port = listening.port;
    let sent = std::thread::spawn(move || ask(port, "POST / HTTP/1.1", &"x".repeat(100_000)));
    let mut last = String::new();
    while !last.contains("Shown are the first 64.0 KiB of 97.7 KiB.") {
        last = listening.line();
        assert!(!last.is_empty());
    }
    assert!(sent.join().unwrap().starts_with("HTTP/1.1 200 "));
    assert_eq!(listening.post("/", "", &"x".repeat(5_000_000)), "413");
    assert_eq!(listening.serving.end(Signal::TERM).0, Some(0));
}

#[test]
fn programs_read_one_line_of_json_for_each_request() {
    let folder = Scratch::new("listen");
    let file = folder.path().join("secrets");
    std::fs::write(&file, format!("{OTHER}\n\n{SECRET}\n")).unwrap();
    let mut listening = Listening::start(&["--json", "--secret-file", file.to_str().unwrap()]);
    let body = "{\"a\":\"\u{7f}\u{85}\u{202e}\"}";
    listening.post("/in", &signed(&[SECRET], 0, body), body);
    let line = listening.line();
    assert!(!line.contains(['\u{7f}', '\u{85}', '\u{202e}']), "{line:?}");
    let told: Value = serde_json::from_str(&line).unwrap();
    for (field, value) in [
        ("method", json!("POST")),
        ("path", json!("/in")),
        ("webhook_id", json!("evt_1")),
        ("attempt", json!(2)),
        ("test", json!(false)),
        ("signature", json!("verifies")),
        ("verdict", json!("signature verifies: secret 2 of 2")),
        ("answered", json!(200)),
        ("body", json!(body)),
        ("body_base64", json!(null)),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    assert!(told["headers"].as_array().unwrap().contains(&json!(["webhook-id", "evt_1"])), "{line}");
    listening.post("/status/204", "", "");
    assert_eq!(serde_json::from_str::<Value>(&listening.line()).unwrap()["signature"], "missing");
    assert_eq!(listening.serving.end(Signal::TERM), (Some(0), String::new()));
}

#[test]
fn wrong_use_and_a_taken_port_are_told_without_the_secret() {
    let folder = Scratch::new("listen");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    for (arguments, told) in [
        (&["--secret", "hush-hush"][..], "secret 1: A signing secret starts with whsec_."),
        (&["--secret", SECRET, "--secret", "whsec_hush-hush"], "secret 2: "),
        (&["--secret-file", empty.to_str().unwrap()], "there is no secret in it"),
        (&["--secret-file", "/no/such/file"], "/no/such/file cannot be read"),
        (&["--status", "99"], "--status: "),
        (&["--status", "600"], "--status: "),
        (&["--listen", "nowhere"], "--listen"),
    ] {
        let ended = Ended::from(bare(&["listen"]).args(arguments).output().unwrap());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(told) && !ended.err.contains("hush"), "{told} is missing in\n{}", ended.err);
    }
    let listening = Listening::start(&[]);
    let taken = Ended::from(bare(&["listen", "--listen", &format!("127.0.0.1:{}", listening.port)]).output().unwrap());
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("cannot listen on"), "{}", taken.err);
}

#[test]
fn an_event_of_the_command_line_arrives_here_signed() {
    let mut listening = Listening::start(&["--json", "--secret", SECRET]);
    let place = Place::sqlite();
    let mut portal = place.command(&["serve"]);
    portal.env("POSTRIDER_EGRESS_ALLOW", format!("127.0.0.1/32:{}", listening.port));
    let _portal = Serving::start(&mut portal);
    let key = place.run(&["api-key", "create", "--name", "CI", "--scope", "events:write,webhooks:write"]).out;
    let webhook = json!({ "name": "Mine", "url": format!("http://127.0.0.1:{}/mine", listening.port),
        "events": ["document.released"], "signing_secret": SECRET });
    let post =
        format!("POST /api/v1/webhooks HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}");
    let added = ask(place.port, &post, &webhook.to_string());
    assert!(added.starts_with("HTTP/1.1 201 "), "{added}");
    let url = format!("http://127.0.0.1:{}/", place.port);
    let mut send = bare(&["events", "send", "--url", &url, "--type", "document.released", "--data", "{}"]);
    let sent = Ended::from(send.env("POSTRIDER_API_KEY", key.trim()).output().unwrap());
    assert_eq!(sent.code, 0, "{}", sent.err);
    let told: Value = serde_json::from_str(&listening.line()).unwrap();
    assert_eq!((&told["webhook_id"], &told["signature"]), (&json!(sent.out.trim()), &json!("verifies")), "{told}");
    assert_eq!((&told["path"], &told["attempt"]), (&json!("/mine"), &json!(1)));
}
