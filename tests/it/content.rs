//! Content: what its pages take and refuse, the events it raises, and the job that renders publications.

mod assignments;
mod documents;
mod publications;
mod sample;

use diesel::prelude::*;
use postrider::schema::events;

use crate::support::app::TestApp;
use crate::support::browser::{Answer, Browser};
use crate::support::receiver::{self, Behaviour, Receiver};

/// Type and data of every event, oldest first.
async fn events(app: &TestApp) -> Vec<(String, String)> {
    app.read(|conn| {
        let rows = events::table.order(events::id).select((events::type_, events::data.assume_not_null()));
        Ok(rows.load(conn)?)
    })
    .await
}

/// The hidden fields `form_id` and `version` of a dialog.
async fn hidden(browser: &Browser, address: &str) -> (String, String) {
    let dialog = browser.get(address).await;
    assert_eq!(dialog.status(), 200, "{}", dialog.text());
    let value =
        |name: &str| dialog.attributes(&format!("dialog input[name={name}]"), "value").pop().unwrap_or_default();
    (value("form_id"), value("version"))
}

/// Posts the dialog at `address` with its hidden fields to `target`.
async fn submit(browser: &Browser, address: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    let (form_id, version) = hidden(browser, address).await;
    let mut all = vec![("form_id", form_id.as_str()), ("version", version.as_str())];
    all.extend(fields);
    browser.post(target, &all).await
}

/// Adds a document and returns its number.
async fn add_document(browser: &Browser, title: &str, parent: &str) -> i64 {
    let fields = [("title", title), ("language", "en"), ("body", "# Text"), ("parent", parent)];
    let answer = submit(browser, "/content/documents/new", "/content/documents", &fields).await;
    number(&answer)
}

/// The number at the end of the address that an answer sends to.
fn number(answer: &Answer) -> i64 {
    assert_eq!(answer.status(), 303, "{}", answer.text());
    answer.header("location").rsplit('/').next().unwrap().parse().unwrap()
}

/// Changes the status of a document.
async fn set_status(browser: &Browser, number: i64, status: &str, components: bool) -> Answer {
    let address = format!("/content/documents/{number}/status");
    let mut fields = vec![("status", status), ("comment", "Approved by the board.")];
    if components {
        fields.push(("include_components", "true"));
    }
    submit(browser, &address, &address, &fields).await
}

/// A receiver with a webhook that is sent events of these types.
async fn listener(app: &TestApp, kinds: &[&str]) -> Receiver {
    let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
    let fields: Vec<_> = kinds.iter().map(|kind| ("events", *kind)).collect();
    app.add_webhook(&receiver.url("/"), &fields).await;
    receiver
}

/// The bodies that arrived once everything was sent.
async fn bodies(app: &TestApp, receiver: &Receiver) -> Vec<String> {
    app.drain().await;
    receiver.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
}
