//! The demo at the command line: what it prints, and that it delivers to the receiver it brings along.

use std::io::BufRead;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Ended, Serving, ask, bare};
use crate::support::process::{Scratch, free_port};

/// A demo on free ports; its portal's port, its receiver's, and what it printed.
fn demo(folder: &Scratch) -> (Serving, u16, u16, String) {
    let (portal, receiver) = (free_port(), free_port());
    let mut command = bare(&["demo", "--data-dir", folder.path().to_str().unwrap()]);
    command.args(["--listen", &format!("127.0.0.1:{portal}"), "--receiver-listen", &format!("127.0.0.1:{receiver}")]);
    let mut demo = Serving::spawn(&mut command);
    let mut printed = String::new();
    while !printed.contains("Ctrl+C") {
        assert_ne!(demo.out.read_line(&mut printed).unwrap(), 0, "it ended:\n{printed}");
    }
    (demo, portal, receiver, printed)
}

#[test]
fn the_demo_prints_a_link_and_a_password_and_delivers_signed_events_to_its_receiver() {
    let folder = Scratch::new("demo");
    let (demo, portal, receiver, printed) = demo(&folder);
    assert_eq!(printed.matches("/sign-in/").count(), 1, "{printed}");
    assert!(printed.contains(&format!("http://127.0.0.1:{receiver}/")), "{printed}");
    let (_, password) = printed.split_once("Password    ").unwrap();
    let password = password.split_whitespace().next().unwrap();
    let post = format!(
        "POST /sign-in HTTP/1.1\r\nOrigin: http://127.0.0.1:{portal}\r\nContent-Type: application/x-www-form-urlencoded"
    );
    let signed_in = ask(portal, &post, &format!("email=demo%40postrider.example&password={password}"));
    assert!(signed_in.starts_with("HTTP/1.1 303 "), "{signed_in}");
    let data_dir = folder.path().to_str().unwrap();
    let made = Ended::from(bare(&["api-key", "create", "--name", "CI", "--data-dir", data_dir]).output().unwrap());
    assert_eq!(made.code, 0, "{}", made.err);
    let key = made.out;
    let event = r#"{"type":"document.released","data":{"resource_id":1042,"resource_title":"Safety guide"}}"#;
    let post = "POST /api/v1/events HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ";
    let taken = ask(portal, &format!("{post}{key}"), event);
    assert!(taken.starts_with("HTTP/1.1 202 "), "{taken}");
    let late = Instant::now() + Duration::from_secs(20);
    while ask(receiver, "GET /last HTTP/1.1", "").ends_with("\r\n0") {
        assert!(Instant::now() < late, "nothing arrived");
    }
    let page = ask(receiver, "GET / HTTP/1.1", "");
    for part in ["signature verifies: Demo receiver", "STATUS_SET_TO_RELEASED_EVENT", "answered 200"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    assert_eq!(demo.end(Signal::INT).0, Some(0));
}

#[test]
fn the_receiver_answers_as_its_path_says_and_shows_what_came_as_text() {
    let folder = Scratch::new("demo");
    let (_demo, _, receiver, _) = demo(&folder);
    let sent = ask(receiver, "POST /status/503 HTTP/1.1\r\nX-Mark: <b>", r#"{"event":"A<b>"}"#);
    assert!(sent.starts_with("HTTP/1.1 503 "), "{sent}");
    let granted = ask(receiver, "POST /token HTTP/1.1", "grant_type=client_credentials");
    assert!(granted.contains(r#""access_token":"demo-token""#), "{granted}");
    let page = ask(receiver, "GET / HTTP/1.1", "");
    for part in ["content-security-policy: default-src 'none'", "not signed", "answered 503", "A&#60;b&#62;"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    assert!(!page.contains("<b>"), "{page}");
}

#[test]
fn a_kept_demo_keeps_its_content_and_an_open_one_is_not_emptied() {
    let folder = Scratch::new("demo");
    let (first, portal, _, _) = demo(&folder);
    let taken = Ended::from(bare(&["demo", "--listen", &format!("127.0.0.1:{portal}")]).output().unwrap());
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("cannot listen on"), "{}", taken.err);
    assert_eq!(first.end(Signal::TERM).0, Some(0));
    let (again, _, _, printed) = demo(&folder);
    assert_eq!(printed.matches("/sign-in/").count(), 1, "{printed}");
    assert!(printed.contains("as the first start of this folder printed it"), "{printed}");
    assert_eq!(again.end(Signal::TERM).0, Some(0));
}
