//! The code that writers of receivers copy: it takes what is genuine and refuses everything else.

use std::collections::BTreeMap;

use postrider::clock::Clock;
use postrider::webhooks::sign::{SigningKey, signature};
use serde_json::{Value, json};

use super::{block, page};
use crate::support::app::TestApp;
use crate::support::libraries::{node, python};
use crate::support::receiver::{Answer, Behaviour, Received, Receiver};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide"}"#;

const PYTHON: &str = r#"
import json, sys
work = json.load(sys.stdin)
for name, code in work["blocks"].items():
    space = {}
    exec(compile(code, name, "exec"), space)
    for case in work["cases"]:
        body, message = case["body"].encode(), None
        try:
            message, taken = space["verify"](case["secret"], case["headers"], body), True
        except Exception as fault:
            taken, message = False, repr(fault)
        if taken != case["genuine"] or taken and message != json.loads(body):
            print(f"{name}: {case['name']}: {message}")
"#;

const JAVASCRIPT: &str = r#"
const { isDeepStrictEqual } = require("node:util");
const work = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
for (const [name, code] of Object.entries(work.blocks)) {
  const verify = new Function("require", `${code}\nreturn verify;`)(require);
  for (const one of work.cases) {
    let taken = true, message;
    try { message = verify(one.secret, one.headers, Buffer.from(one.body)); }
    catch (fault) { taken = false; message = fault.message; }
    if (taken !== one.genuine || (taken && !isDeepStrictEqual(message, JSON.parse(one.body))))
      console.log(`${name}: ${one.name}: ${message}`);
  }
}
"#;

/// A request as a receiver has it, and whether it is to be taken.
#[derive(Clone)]
struct Case {
    name: &'static str,
    secret: &'static str,
    headers: BTreeMap<String, String>,
    body: String,
    genuine: bool,
}

impl Case {
    /// Signed so many seconds from now with these secrets.
    fn signed(name: &'static str, secrets: &[&str], seconds: i64, body: &str) -> Self {
        let keys: Vec<SigningKey> = secrets.iter().map(|secret| SigningKey::parse(secret).unwrap()).collect();
        let (id, at) = ("evt_01kaw0nt5be4qg7w2h9d3x8rkz", Clock::system().now().seconds() + seconds);
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", signature(&keys, id, at, body.as_bytes())),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Self { name, secret: SECRET, headers, body: body.to_owned(), genuine: true }
    }

    fn refused(self) -> Self {
        Self { genuine: false, ..self }
    }

    /// The same with another header, or without it.
    fn with(&self, name: &'static str, header: &str, change: impl Fn(&str) -> Option<String>) -> Self {
        let mut case = Self { name, ..self.clone() };
        let value = case.headers.remove(header).expect("the header is there");
        case.headers.extend(change(&value).map(|value| (header.to_owned(), value)));
        case
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "secret": self.secret, "headers": self.headers, "body": self.body, "genuine": self.genuine })
    }
}

/// A request that a receiver really got.
async fn delivered() -> Received {
    let app = TestApp::sqlite().await;
    let receiver = Receiver::open(Behaviour::Answer(Answer::status(200))).await;
    app.add_webhook(&receiver.url("/"), &[("signing_secret", SECRET)]).await;
    app.advance(Clock::system().now().since(app.clock.now()));
    app.publish(DATA).await;
    app.drain().await;
    receiver.requests().remove(0)
}

fn cases(request: &Received) -> Vec<Case> {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let headers = request.headers.iter().cloned().collect();
    let real = Case { name: "what was delivered", secret: SECRET, headers, body, genuine: true };
    let more = |prefix: &'static str| move |value: &str| Some(format!("{prefix}{value}"));
    let signature = "webhook-signature";
    vec![
        real.clone(),
        Case::signed("letters beyond ASCII", &[SECRET], 0, "{\"title\": \"Prüfplan ✓\"}"),
        Case::signed("the older of two secrets", &[OTHER, SECRET], 0, "{}"),
        Case::signed("the newer of two secrets", &[SECRET, OTHER], 0, "{}"),
        Case::signed("almost five minutes old", &[SECRET], -290, "{}"),
        real.with("an unknown version first", signature, more("v9,AAAA ")),
        Case { name: "a changed body", body: real.body.replace("1042", "1043"), ..real.clone() }.refused(),
        Case { name: "a body with one more space", body: format!("{} ", real.body), ..real.clone() }.refused(),
        Case { name: "a wrong key", secret: OTHER, ..real.clone() }.refused(),
        real.with("a changed id", "webhook-id", more("x")).refused(),
        real.with("no id", "webhook-id", |_| None).refused(),
        real.with("a changed timestamp", "webhook-timestamp", |at| Some((at.parse::<i64>().unwrap() - 1).to_string()))
            .refused(),
        real.with("no timestamp", "webhook-timestamp", |_| None).refused(),
        real.with("a timestamp that is none", "webhook-timestamp", |_| Some("soon".to_owned())).refused(),
        real.with("no signature", signature, |_| None).refused(),
        real.with("an empty signature", signature, |_| Some("v1,".to_owned())).refused(),
        real.with("half a signature", signature, |value| Some(value[..20].to_owned())).refused(),
        real.with("a signature of another version", signature, |value| Some(value.replace("v1,", "v1a,"))).refused(),
        Case::signed("a request that is six minutes old", &[SECRET], -360, "{}").refused(),
        Case::signed("a request from the future", &[SECRET], 360, "{}").refused(),
    ]
}

/// The blocks of a language, and what they are to take and to refuse.
fn work(language: &str, cases: &[Case]) -> Value {
    let page = page("docs/administrators/receivers.md");
    let blocks =
        ["library", "by-hand"].map(|kind| (format!("{language} {kind}"), block(&page, &format!("{language} {kind}"))));
    json!({ "blocks": BTreeMap::from(blocks), "cases": cases.iter().map(Case::json).collect::<Vec<_>>() })
}

#[actix_web::test]
async fn the_receivers_code_takes_what_is_genuine_and_nothing_else() {
    let request = delivered().await;
    let cases = cases(&request);

    assert_eq!(python(PYTHON, &work("python", &cases)), "");
    assert_eq!(node(JAVASCRIPT, &work("javascript", &cases)), "");

    let shown = block(&page("docs/administrators/receivers.md"), "json notification");
    let arrived = String::from_utf8(request.body).unwrap();
    assert_eq!(shown.trim(), arrived, "the body that the page shows is the one that arrives");
}

#[actix_web::test]
async fn the_page_of_an_event_type_shows_the_same_code() {
    let app = TestApp::sqlite().await;
    let shown = app.admin().await.get("/event-types/document.released").await;
    let page = page("docs/administrators/receivers.md");
    for language in ["python", "javascript"] {
        let code = shown.texts(&format!("#verify-{language}"));
        assert_eq!(code[0].trim(), block(&page, &format!("{language} by-hand")).trim(), "{language}");
    }
}
