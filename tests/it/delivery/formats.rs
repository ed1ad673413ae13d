//! What is really delivered in each format is what its receivers take, by their own libraries.

use std::collections::BTreeMap;

use postrider::api_keys::Scope;
use postrider::clock::Clock;
use postrider::event_types::built_in;
use postrider::webhooks::Format;
use serde_json::{Value, json};

use super::*;
use crate::support::app::both;
use crate::support::libraries::{node, python};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const DETAILED: &str = r#"{"resource_id":1042,"resource_title":"Prüfplan & <b>","archive_link":"https://desk.example.com/a.zip?x=1&y=2","issues":["TIC-7","TIC-8"],"ratio":1.50}"#;

/// Every signature holds over the exact body, and over no other.
const VERIFIED_BY_PYTHON: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook
work = json.load(sys.stdin)
for name, request in work["requests"].items():
    body, webhook = request["body"].encode(), Webhook(work["secret"])
    if webhook.verify(body, request["headers"]) != json.loads(body):
        print(f"{name}: another message")
    try:
        webhook.verify(body + b" ", request["headers"])
        print(f"{name}: another body is taken")
    except Exception:
        pass
"#;

const VERIFIED_BY_NODE: &str = r#"
const { Webhook } = require("standardwebhooks");
const { isDeepStrictEqual } = require("node:util");
const work = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
for (const [name, { body, headers }] of Object.entries(work.requests)) {
  const webhook = new Webhook(work.secret);
  if (!isDeepStrictEqual(webhook.verify(body, headers), JSON.parse(body))) console.log(`${name}: another message`);
  try {
    webhook.verify(`${body} `, headers);
    console.log(`${name}: another body is taken`);
  } catch {}
}
"#;

/// Each body has the shape that its receiver prescribes; `cloudevents` is read by the library of its project.
const READ_BY_PYTHON: &str = r#"
import json, sys
from datetime import datetime
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat

work = json.load(sys.stdin)
event, requests = work["event"], work["requests"]
data, read = event["data"], {name: json.loads(request["body"]) for name, request in requests.items()}

def expect(what, found, expected):
    if found != expected:
        print(f"{what}: {found!r}, not {expected!r}")

def content_type(name):
    return requests[name]["headers"]["content-type"]

for name in requests:
    expect(f"{name}: content type", content_type(name),
        "application/cloudevents+json" if name == "cloudevents" else "application/json")

found = from_http(HTTPMessage(requests["cloudevents"]["headers"], requests["cloudevents"]["body"].encode()), JSONFormat())
moment = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
for what, one, other in [
    ("specversion", found.get_specversion(), "1.0"),
    ("id", found.get_id(), event["id"]),
    ("source", found.get_source(), event["source"]),
    ("type", found.get_type(), event["type"]),
    ("time", found.get_time(), moment),
    ("datacontenttype", found.get_datacontenttype(), "application/json"),
    ("data", found.get_data(), data),
    ("webhook-id", requests["cloudevents"]["headers"]["webhook-id"], found.get_id()),
]:
    expect(f"cloudevents: {what}", one, other)

line = f"{event['label']}: {data['resource_title']} ({data['resource_id']})"
link = data["archive_link"]
escaped = f"{line} {link}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
expect("slack", read["slack"], {"text": escaped})

expect("teams: keys", list(read["teams"]), ["type", "attachments"])
expect("teams: type", read["teams"]["type"], "message")
[attachment] = read["teams"]["attachments"]
expect("teams: attachment", attachment["contentType"], "application/vnd.microsoft.card.adaptive")
card = attachment["content"]
expect("teams: card", (card["type"], card["$schema"]),
    ("AdaptiveCard", "http://adaptivecards.io/schemas/adaptive-card.json"))
expect("teams: version", [part.isdigit() for part in card["version"].split(".")], [True, True])
[block], [action] = card["body"], card["actions"]
expect("teams: text", (block["type"], block["text"]), ("TextBlock", line))
expect("teams: link", (action["type"], action["url"]), ("Action.OpenUrl", link))

expect("jira: keys", list(read["jira"]), ["issues", "data"])
expect("jira", read["jira"], {"issues": data["issues"], "data": data})
expect("jira: token", requests["jira"]["headers"]["x-automation-webhook-token"], "token-1")

expect("template", read["template"], {"id": event["id"], "title": data["resource_title"]})
expect("notification: keys", list(read["notification"]), ["event", "data", "webhook_name"])
expect("notification", read["notification"], {"event": event["code"], "data": data, "webhook_name": "notification"})
expect("standard", read["standard"], {"type": event["type"], "timestamp": event["time"], "data": data})
expect("standard: keys", list(read["standard"]), ["type", "timestamp", "data"])
expect("envelope: event", read["envelope"]["current_context"]["event_id"], event["id"])
expect("change: type", read["change"]["type"], event["code"])
for name in ("envelope", "change"):
    expect(f"{name}: data", read[name]["data"], data)
"#;

/// One request for each format, as it arrived.
async fn delivered(app: &TestApp) -> Value {
    let receiver = answering(200).await;
    for format in Format::ALL.iter().map(|format| format.as_str()) {
        let mut fields = vec![("name", format), ("format", format), ("signing_secret", SECRET)];
        if format == "jira" {
            let token = "X-Automation-Webhook-Token";
            fields.extend([("auth", "api_key"), ("api_key_header", token), ("api_key", "token-1")]);
        }
        if format == "template" {
            fields.push(("template", r#"{"id":"{{ event.id }}","title":{{ data.resource_title|tojson }}}"#));
        }
        app.add_webhook(&receiver.url(&format!("/{format}")), &fields).await;
    }
    // The libraries refuse what is older than five minutes by their own clock.
    app.advance(Clock::system().now().since(app.clock.now()));
    let id = app.publish(DETAILED).await;
    app.drain().await;
    let program = app.api_key(&[Scope::EventsRead]).await;
    let event = program.get(&format!("/api/v1/events/{id}")).await.json();
    let requests: BTreeMap<String, Value> = receiver
        .requests()
        .into_iter()
        .map(|request| {
            let headers: BTreeMap<_, _> = request.headers.into_iter().collect();
            let body = String::from_utf8(request.body).unwrap();
            (request.path.trim_start_matches('/').to_owned(), json!({ "headers": headers, "body": body }))
        })
        .collect();
    assert_eq!(requests.len(), Format::ALL.len(), "one of each");
    let kind = built_in(event["type"].as_str().unwrap()).unwrap();
    json!({
        "secret": SECRET,
        "requests": requests,
        "event": {
            "id": event["id"],
            "type": kind.name,
            "code": kind.code,
            "label": kind.label,
            "time": event["occurred_at"],
            "source": app.app.settings.public_url,
            "data": serde_json::from_str::<Value>(DETAILED).unwrap(),
        },
    })
}

both! {
    async fn every_format_is_taken_by_the_libraries_of_its_receivers(app: TestApp) {
        let work = delivered(&app).await;
        assert_eq!(python(VERIFIED_BY_PYTHON, &work), "");
        assert_eq!(node(VERIFIED_BY_NODE, &work), "");
        assert_eq!(python(READ_BY_PYTHON, &work), "");
    }
}

#[actix_web::test]
async fn a_body_that_was_changed_on_its_way_is_found() {
    let mut work = delivered(&TestApp::sqlite().await).await;
    for (format, from, to) in
        [("cloudevents", "1.5", "1.6"), ("slack", "Prüfplan", "Prufplan"), ("jira", "TIC-8", "TIC-9")]
    {
        let body = &mut work["requests"][format]["body"];
        *body = json!(body.as_str().unwrap().replace(from, to));
    }
    let told = python(READ_BY_PYTHON, &work);
    for name in ["cloudevents: data", "slack", "jira"] {
        assert!(told.contains(&format!("{name}: ")), "{name} is missing in\n{told}");
    }
}
