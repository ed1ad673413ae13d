//! Bodies read to their last field: what a change and an envelope tell of people and notes.

use anyhow::{Context, Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    portal::Portal,
    steps,
    walk::{Walk, once},
};
use serde_json::{Value, json};

/// When all of it happened, and the same as the bodies write it.
const SAID: &str = "2026-11-24T11:00:00.5+01:00";
const WRITTEN: &str = "2026-11-24T10:00:00.500Z";
const CHANGES: &str = "Change log";
const ENVELOPES: &str = "Envelopes";
const EDITED: &str =
    r#"{"address":{"city":"Bern","zip":"3000"},"email":"ada@example.com","id":"usr_7","name":"Berta"}"#;
const CREATED: &str = r#"{"id":"usr_8","name":"Carl"}"#;
const REMOVED: &str = r#"{"id":"usr_9","name":"Dora"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_tells_what_was_edited_and_an_envelope_who_did_it_where() -> Result<()> {
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("events:write,webhooks:write", "production")?;
        let users = ["user.created", "user.updated", "user.removed", "user.logged_out"];
        add_webhook(portal, &key, CHANGES, "change", &users).await?;
        let webhook = add_webhook(portal, &key, ENVELOPES, "envelope", &["note.updated"]).await?;
        let event = publish(portal, &key).await?;

        let host = portal.url.trim_start_matches("http://");
        let change = |code: &str, extra: &str, data: &str, event: &str, diff: &str| {
            format!(
                r#"{{"company":"{host}","type":"{code}","extraData":{extra},"createdAt":"{WRITTEN}","data":{data},"event":"{event}","diff":{diff}}}"#
            )
        };
        for (label, body) in [
            (
                "Edit User",
                change(
                    "USER_UPDATED_EVENT",
                    "{}",
                    EDITED,
                    "edit",
                    r#"{"/address/city":{"previous":"Ulm","changedTo":"Bern"},"/name":{"previous":"Ada","changedTo":"Berta"}}"#,
                ),
            ),
            (
                "Create User",
                change(
                    "USER_CREATED_EVENT",
                    "{}",
                    CREATED,
                    "create",
                    r#"{"/id":{"previous":null,"changedTo":"usr_8"},"/name":{"previous":null,"changedTo":"Carl"}}"#,
                ),
            ),
            (
                "Remove User",
                change(
                    "USER_REMOVED_EVENT",
                    "{}",
                    REMOVED,
                    "delete",
                    r#"{"/id":{"previous":"usr_9","changedTo":null},"/name":{"previous":"Dora","changedTo":null}}"#,
                ),
            ),
            (
                "User Logout",
                change(
                    "USER_LOGGED_OUT_EVENT",
                    &format!(r#"{{"userId":"usr_7","timestamp":"{WRITTEN}"}}"#),
                    "null",
                    "logout",
                    "{}",
                ),
            ),
        ] {
            was_sent(browser, CHANGES, label, &body).await?;
        }
        ensure!(!portal.received().await?.contains("hush"), "a password left");

        let envelope = format!(
            r#"{{"event_time":"{WRITTEN}","event_type":"note.updated","current_context":{{"actor":{{"id":"u-17","email":"ada@example.com"}},"source":"api","environment":"production","webhook":{{"id":"{webhook}","code":"envelopes","name":"{ENVELOPES}"}},"event_id":"{event}"}},"data":{{"id":3,"ratio":1.5}}}}"#
        );
        was_sent(browser, ENVELOPES, "Edit Note", &envelope).await
    })
    .await
}

/// Adds a webhook of this format to the demo's receiver, and gives its id.
async fn add_webhook(portal: &Portal, key: &str, name: &str, format: &str, events: &[&str]) -> Result<String> {
    let url = format!("{}/{format}", portal.receiver);
    let webhook = json!({"name": name, "url": url, "format": format, "events": events});
    id_in(&portal.post(key, "/api/v1/webhooks", &webhook).await?)
}

/// Posts what happened, with passwords among the data of people, and gives the id of the note's event.
async fn publish(portal: &Portal, key: &str) -> Result<String> {
    let with_password = |data: &str| -> Result<Value> {
        let mut data: Value = serde_json::from_str(data)?;
        data["password"] = json!(format!("hush-{data}"));
        Ok(data)
    };
    let before = r#"{"address":{"city":"Ulm","zip":"3000"},"email":"ada@example.com","id":"usr_7","name":"Ada"}"#;
    let logout = json!({"userId": "usr_7", "timestamp": WRITTEN, "password": "hush"});
    let events = json!([
        {"type": "user.updated", "occurred_at": SAID, "previous": with_password(before)?, "data": with_password(EDITED)?},
        {"type": "user.created", "occurred_at": SAID, "data": with_password(CREATED)?},
        {"type": "user.removed", "occurred_at": SAID, "data": with_password(REMOVED)?},
        {"type": "user.logged_out", "occurred_at": SAID, "data": logout},
    ]);
    let answer = portal.post(key, "/api/v1/events", &events).await?;
    ensure!(answer["ids"].as_array().is_some_and(|all| all.len() == 4), "{answer}");
    let note = json!({
        "type": "note.updated",
        "occurred_at": SAID,
        "actor": {"id": "u-17", "email": "ada@example.com"},
        "data": {"id": 3, "ratio": 1.5},
    });
    id_in(&portal.post(key, "/api/v1/events", &note).await?)
}

fn id_in(answer: &Value) -> Result<String> {
    answer["id"].as_str().map(str::to_owned).with_context(|| format!("there is no id in {answer}"))
}

/// Opens the delivery of this event to this webhook, whose body has no blanks of its own.
async fn was_sent(browser: &Browser, webhook: &str, event: &str, wanted: &str) -> Result<()> {
    steps::open_delivery(browser, &[webhook, event, "delivered"]).await?;
    let body: String = browser.text_of("//*[@id='request-body']").await?.split_whitespace().collect();
    ensure!(body == *wanted, "{event}: {body}\ninstead of\n{wanted}");
    Ok(())
}
