//! The formats that other systems prescribe: `CloudEvents`, messages for Slack and Teams, Jira Automation; pure.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::request::Facts;

/// Where the data of an event has a link of its own, the best first.
const LINKS: [&str; 4] = ["assignment_link", "archive_link", "link", "url"];

/// `CloudEvents` 1.0 in the structured form (section 2.3 of its JSON format).
pub(super) fn cloudevents(facts: &Facts<'_>, data: &RawValue) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct CloudEvent<'a> {
        specversion: &'a str,
        id: &'a str,
        source: &'a str,
        r#type: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        time: String,
        datacontenttype: &'a str,
        data: &'a RawValue,
    }
    serde_json::to_string(&CloudEvent {
        specversion: "1.0",
        id: facts.id,
        source: facts.portal_url,
        r#type: facts.type_name,
        subject: facts.subject,
        time: facts.occurred_at.rfc3339(),
        datacontenttype: "application/json",
        data,
    })
}

/// A message for an incoming webhook of Slack, whose markup three characters are part of.
pub(super) fn slack(facts: &Facts<'_>) -> serde_json::Result<String> {
    let message = Message::of(facts);
    let text = format!("{} {}", message.line(), message.link);
    serde_json::to_string(&json!({ "text": text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") }))
}

/// An adaptive card for a workflow of Teams that takes webhooks.
pub(super) fn teams(facts: &Facts<'_>) -> serde_json::Result<String> {
    let message = Message::of(facts);
    serde_json::to_string(&json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [{ "type": "TextBlock", "text": message.line(), "wrap": true }],
                "actions": [{ "type": "Action.OpenUrl", "title": "Open", "url": message.link }],
            },
        }],
    }))
}

/// What the incoming webhook of Jira Automation takes: the issues that the data names, and the data.
pub(super) fn jira(data: &RawValue) -> serde_json::Result<String> {
    #[derive(Deserialize, Default)]
    struct Named<'a> {
        #[serde(borrow, default)]
        issues: Option<&'a RawValue>,
        #[serde(default)]
        issue: Option<String>,
    }
    #[derive(Serialize)]
    struct Automation<'a> {
        issues: Vec<String>,
        data: &'a RawValue,
    }
    let named: Named<'_> = serde_json::from_str(data.get()).unwrap_or_default();
    let listed = named.issues.and_then(|issues| serde_json::from_str::<Vec<String>>(issues.get()).ok());
    let issues = listed.unwrap_or_else(|| named.issue.into_iter().collect());
    serde_json::to_string(&Automation { issues, data })
}

/// What a person reads of an event in one line.
struct Message {
    label: String,
    title: String,
    resource: String,
    link: String,
}

impl Message {
    fn of(facts: &Facts<'_>) -> Self {
        let data: Value = serde_json::from_str(facts.data).unwrap_or_default();
        let word = |names: &[&str]| names.iter().find_map(|name| plain(&data[*name])).unwrap_or_default();
        let own = LINKS.iter().filter_map(|name| data[*name].as_str()).find(|link| is_link(link));
        Self {
            label: facts.label.to_string(),
            title: word(&["resource_title", "title", "name"]),
            resource: word(&["resource_id", "id"]),
            link: own.map_or_else(|| format!("{}/events/{}", facts.portal_url, facts.id), str::to_owned),
        }
    }

    /// `Status set to Released: Safety guide (1042)`
    fn line(&self) -> String {
        let title = if self.title.is_empty() { Cow::Borrowed("") } else { format!(": {}", self.title).into() };
        let resource =
            if self.resource.is_empty() { Cow::Borrowed("") } else { format!(" ({})", self.resource).into() };
        format!("{}{title}{resource}", self.label)
    }
}

fn is_link(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// A text or a number.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::request::sample;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn cloudevents_has_its_keys_in_order_and_the_data_as_it_came() {
        let data = r#"{"resource_id":1042,"ratio":1.50,"big":12345678901234567890123}"#;
        let facts = Facts { subject: Some("document:1042"), ..sample("document.released", data) };
        let expected = format!(
            r#"{{"specversion":"1.0","id":"evt_1","source":"https://desk.example.com","type":"document.released","subject":"document:1042","time":"2026-11-24T10:00:00.000Z","datacontenttype":"application/json","data":{data}}}"#
        );
        assert_eq!(cloudevents(&facts, raw(data)).unwrap(), expected);
        let without = cloudevents(&Facts { subject: None, ..facts.clone() }, raw(data)).unwrap();
        assert_eq!(without, expected.replace(r#""subject":"document:1042","#, ""));
    }

    #[test]
    fn slack_gets_one_line_that_its_markup_cannot_change() {
        let line = |data| slack(&sample("document.released", data)).unwrap();
        assert_eq!(
            line(r#"{"resource_id":1042,"resource_title":"<!channel> Safety & more"}"#),
            r#"{"text":"Status set to Released: &lt;!channel&gt; Safety &amp; more (1042) https://desk.example.com/events/evt_1"}"#
        );
        assert_eq!(
            line(r#"{"title":"Say \"hi\"\n","assignment_link":"https://desk.example.com/a?x=1&y=2"}"#),
            r#"{"text":"Status set to Released: Say \"hi\"\n https://desk.example.com/a?x=1&amp;y=2"}"#
        );
        assert_eq!(
            line(r#"{"link":"javascript:alert(1)"}"#),
            r#"{"text":"Status set to Released https://desk.example.com/events/evt_1"}"#
        );
    }

    #[test]
    fn teams_gets_a_card_with_a_line_and_a_link() {
        let card =
            teams(&sample("publication.published", r#"{"resource_id":"A-7","resource_title":"Notes"}"#)).unwrap();
        assert_eq!(
            card,
            r#"{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{"type":"TextBlock","text":"Publication published: Notes (A-7)","wrap":true}],"actions":[{"type":"Action.OpenUrl","title":"Open","url":"https://desk.example.com/events/evt_1"}]}}]}"#
        );
    }

    #[test]
    fn jira_gets_the_issues_that_the_data_names() {
        for (data, issues) in [
            (r#"{"issues":["TIC-7","TIC-8"],"n":1.0}"#, r#"["TIC-7","TIC-8"]"#),
            (r#"{"issue":"TIC-7"}"#, r#"["TIC-7"]"#),
            (r#"{"issues":7,"issue":"TIC-7"}"#, r#"["TIC-7"]"#),
            (r#"{"resource_id":1042}"#, "[]"),
            (r#"{"issue":7}"#, "[]"),
        ] {
            assert_eq!(jira(raw(data)).unwrap(), format!(r#"{{"issues":{issues},"data":{data}}}"#));
        }
    }
}
