//! `events send` at the command line: what is published, what is told, and that nothing is published twice.

use std::io::Write;
use std::net::TcpListener;

use super::*;

const KEY: &str = "prk_00000000_00000000000000000000000000000000";
const DATA: &str = r#"{"resource_id": 1042, "n":1.50}"#;

/// A portal and a key for its events.
struct Desk {
    place: Place,
    key: String,
    _serving: Serving,
}

impl Desk {
    fn open() -> Self {
        let place = Place::sqlite();
        let serving = place.serve();
        let made = place.run(&["api-key", "create", "--name", "CI", "--scope", "events:write,events:read"]);
        let key = made.out.trim().to_owned();
        Self { place, key, _serving: serving }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.place.port)
    }

    /// Sends with the key in the variable, and what stands on the standard input.
    fn send(&self, arguments: &[&str], input: &str) -> Ended {
        send(&self.url(), &self.key, arguments, input)
    }

    fn event(&self, id: &str) -> String {
        let get = format!("GET /api/v1/events/{id} HTTP/1.1\r\nAuthorization: Bearer {}", self.key);
        ask(self.place.port, &get, "")
    }
}

fn send(url: &str, key: &str, arguments: &[&str], input: &str) -> Ended {
    let mut command = bare(&["events", "send", "--url", url]);
    command.args(arguments).env("POSTRIDER_API_KEY", key);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments does not read.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert!(
        key.is_empty() || !ended.out.contains(key) && !ended.err.contains(key),
        "the key is printed: {}",
        ended.err
    );
    ended
}

fn ids(ended: &Ended) -> Vec<&str> {
    let ids: Vec<&str> = ended.out.lines().collect();
    assert!(ids.iter().all(|id| id.starts_with("evt_")), "{}", ended.out);
    ids
}

#[test]
fn an_event_is_published_once_with_the_bytes_of_its_data() {
    let desk = Desk::open();
    let all = [
        "--type",
        "document.released",
        "--subject",
        "document:1042",
        "--actor-id",
        "u-17",
        "--actor-email",
        "ada@example.com",
        "--occurred-at",
        "2026-11-24T10:00:00Z",
        "--previous",
        r#"{"n":0}"#,
        "--idempotency-key",
        "build-7",
    ];
    let first = desk.send(&[&all[..], &["--data", DATA]].concat(), "");
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    let [id] = ids(&first)[..] else { panic!("one id: {}", first.out) };
    let event = desk.event(id);
    for part in [
        DATA,
        r#""subject":"document:1042""#,
        r#""actor":{"id":"u-17","email":"ada@example.com"}"#,
        r#""occurred_at":"2026-11-24T10:00:00.000Z""#,
        r#""previous":{"n":0}"#,
    ] {
        assert!(event.contains(part), "{part} is missing in\n{event}");
    }
    let again = desk.send(&[&all[..], &["--data-file", "-"]].concat(), DATA);
    assert_eq!((again.code, &again.out), (0, &first.out), "{}", again.err);
    assert!(again.err.contains("published before"), "{}", again.err);
    let other = desk.send(&[&all[..], &["--data", "{}"]].concat(), "");
    assert_eq!((other.code, other.out.as_str()), (1, ""));
    assert!(other.err.contains("answered 409: This Idempotency-Key was used for another body."), "{}", other.err);
}

#[test]
fn a_file_of_events_is_sent_in_parts_and_a_second_run_doubles_nothing() {
    let desk = Desk::open();
    let event = format!("{{\"type\":\"document.released\",\"data\":{DATA}}}\n");
    let lines = event.repeat(1_001);
    let many = ["--events-file", "-", "--idempotency-key", "import"];
    let first = desk.send(&many, &lines);
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    let published: std::collections::BTreeSet<&str> = ids(&first).into_iter().collect();
    assert_eq!(published.len(), 1_001);
    let again = desk.send(&many, &lines);
    assert_eq!((again.code, &again.out), (0, &first.out), "{}", again.err);
    assert!(again.err.starts_with("1001 of these were published before"), "{}", again.err);
    let grown = desk.send(&many, &event.repeat(1_002));
    assert_eq!(grown.code, 1, "a part that grew is refused, not published twice");
    assert!(grown.err.contains("the first 1000 events were published, then: the portal answered 409"), "{}", grown.err);

    let file = desk.place.folder.path().join("events.json");
    std::fs::write(&file, format!("[{},{}]", event.trim(), event.trim())).unwrap();
    let array = desk.send(&["--events-file", file.to_str().unwrap()], "");
    assert_eq!((array.code, ids(&array).len()), (0, 2), "{}", array.err);

    let wrong = format!("{lines}{{\"type\":\"no.such\",\"data\":{{}}}}\n");
    let wrong = desk.send(&["--events-file", "-"], &wrong);
    assert_eq!((wrong.code, ids(&wrong).len()), (1, 1_000), "{}", wrong.err);
    assert!(wrong.err.contains("Event 1002, /type: There is no event type no.such."), "{}", wrong.err);
}

#[test]
fn what_is_refused_is_told_in_a_sentence() {
    let desk = Desk::open();
    let one = ["--type", "document.released", "--data", "{}"];
    let file = desk.place.folder.path().join("key");
    std::fs::write(&file, format!("{}\n", desk.key)).unwrap();
    let by_file = send(&desk.url(), "", &[&one[..], &["--key-file", file.to_str().unwrap()]].concat(), "");
    assert_eq!((by_file.code, ids(&by_file).len()), (0, 1), "{}", by_file.err);
    let all_wrong = "{\"type\":\"document.released\",\"data\":{},\"subject\":\"\"}\n".repeat(1_000);
    for (key, arguments, input, told) in [
        (&*desk.key, &["--type", "no.such", "--data", "{}"][..], "", "422: The catalogue has no such event type"),
        (&desk.key, &["--type", "document.released", "--data", "7"], "", "/data: The data is an object."),
        (
            &desk.key,
            &["--type", "document.released", "--data", "{}", "--actor-id", "", "--actor-email", "ada@example.com"],
            "",
            "/actor: The actor is an object with id and email",
        ),
        (&desk.key, &["--events-file", "-"], &all_wrong, "There are more."),
        (KEY, &one, "", "401: Send a valid API key"),
    ] {
        let ended = send(&desk.url(), key, arguments, input);
        assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{arguments:?}");
        assert!(ended.err.contains(told) && ended.err.lines().count() == 1, "{told} is missing in\n{}", ended.err);
    }
    let nobody = send(&format!("http://127.0.0.1:{}", free_port()), &desk.key, &one, "");
    assert_eq!(nobody.code, 1);
    assert!(nobody.err.contains("nothing listens there"), "{}", nobody.err);
}

#[test]
fn wrong_use_is_told_before_anything_is_sent() {
    let nowhere = "http://127.0.0.1:1";
    for (url, key, arguments, told) in [
        (nowhere, KEY, &["--data", "{}"][..], "--type"),
        (nowhere, KEY, &["--type", "document.released"], "--data"),
        (nowhere, KEY, &["--type", "document.released", "--data", "{"], "--data: this is not JSON"),
        (nowhere, KEY, &["--type", "x", "--data", "{}", "--data-file", "x"], "cannot be used with"),
        (nowhere, KEY, &["--events-file", "-", "--type", "x"], "cannot be used with"),
        (
            nowhere,
            KEY,
            &["--events-file", "-", "--actor-id", "u-17", "--actor-email", "ada@example.com"],
            "cannot be used with",
        ),
        (nowhere, KEY, &["--type", "x", "--data", "{}", "--actor-id", "u-17"], "--actor-email"),
        (nowhere, KEY, &["--type", "x", "--data", "{}", "--actor-email", "ada@example.com"], "--actor-id"),
        (nowhere, KEY, &["--events-file", "-"], "there is no event in it"),
        (nowhere, KEY, &["--events-file", "/no/such/file"], "/no/such/file cannot be read"),
        (nowhere, KEY, &["--type", "x", "--data", "{}", "--idempotency-key", "a b"], "--idempotency-key"),
        (nowhere, "", &["--type", "x", "--data", "{}"], "POSTRIDER_API_KEY"),
        (nowhere, "hush hush", &["--type", "x", "--data", "{}"], "API key is none"),
        ("ftp://localhost", KEY, &["--type", "x", "--data", "{}"], "--url: "),
        ("localhost", KEY, &["--type", "x", "--data", "{}"], "--url: "),
    ] {
        let ended = send(url, key, arguments, "");
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{told} is missing in\n{}", ended.err);
    }
}

#[test]
fn the_key_does_not_follow_a_redirect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let elsewhere = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 16];
        stream.read_exact(&mut head).unwrap();
        write!(stream, "HTTP/1.1 302 Found\r\nLocation: http://{address}/other\r\nContent-Length: 0\r\n\r\n").unwrap();
        // Whatever else it sends stays unread here; another connection would wait in the queue.
        stream.read_to_end(&mut Vec::new()).ok();
        listener.set_nonblocking(true).unwrap();
        listener.accept().is_err()
    });
    let ended = send(&format!("http://{address}"), KEY, &["--type", "x", "--data", "{}"], "");
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("answered 302"), "{}", ended.err);
    assert!(elsewhere.join().unwrap(), "nothing came a second time");
}
