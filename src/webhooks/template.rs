//! Bodies that a person writes: a Jinja template over the event, bounded in work and size; pure.

mod language;

use std::sync::{Arc, OnceLock};

use minijinja::{Error, ErrorKind, Value, context};
use serde::de::IgnoredAny;

use super::Webhook;
use super::request::Facts;
use crate::clock::Time;
use crate::event_types::EventType;
use crate::events::Environment;
use crate::text::{sentence, shortened};

/// The longest template, in characters.
pub const LONGEST_TEMPLATE: usize = 20_000;
/// The longest body, in bytes: twice the longest event.
const LONGEST_BODY: usize = 512 * 1024;
/// The most fuel that the bodies of one transaction may cost.
const MOST_FUEL: u64 = 50_000_000;
/// The most bytes that they may have together.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Reading the data costs 1 for so many bytes.
const READ: usize = 16;
/// The longest fault that is kept with an event, in characters.
const LONGEST_FAULT: usize = 300;
/// The name of each template: every one has a language of its own.
const NAME: &str = "template";

/// A template, compiled when it is first used. One that was stored and is no longer understood stays as it is, and
/// tells so then.
#[derive(Clone)]
pub struct Template {
    text: String,
    compiled: OnceLock<Result<Arc<minijinja::Environment<'static>>, String>>,
}

impl Template {
    /// As it was stored.
    pub fn stored(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// As it was typed.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let text = typed.replace("\r\n", "\n");
        if text.trim().is_empty() {
            return Err("Write the template, or begin with a preset.".to_owned());
        }
        if text.chars().count() > LONGEST_TEMPLATE {
            return Err(format!("Shorten the template to {LONGEST_TEMPLATE} characters."));
        }
        if text.contains('\0') {
            return Err("Take the NUL characters out of the template.".to_owned());
        }
        let template = Self::stored(text);
        template.compiled().map_err(|fault| sentence(&fault))?;
        Ok(template)
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The body of an event; what it costs is added to `spent`.
    ///
    /// # Errors
    /// What is wrong, without a full stop: `line 3: data.titel is not there`.
    pub fn render(&self, facts: &Facts<'_>, target: Target<'_>, spent: &mut Spent) -> Result<String, String> {
        let language = self.compiled()?;
        spent.fuel += (facts.data.len() / READ) as u64;
        let values = values(facts, target).map_err(|error| format!("the data cannot be read: {error}"))?;
        let (rendered, fuel) = language::render(language, NAME, values);
        spent.fuel += fuel;
        let body = rendered.map_err(|error| told(&error, &self.text))?;
        spent.bytes += body.len();
        if body.len() > LONGEST_BODY {
            return Err(format!("the body is longer than {} KiB", LONGEST_BODY / 1024));
        }
        match serde_json::from_str::<IgnoredAny>(&body) {
            Ok(_) => Ok(body),
            Err(error) => Err(shortened(&format!("what comes out is no JSON: {error}"), LONGEST_FAULT)),
        }
    }

    fn compiled(&self) -> Result<&minijinja::Environment<'static>, String> {
        let compiled = self.compiled.get_or_init(|| compiled(&self.text));
        compiled.as_deref().map_err(Clone::clone)
    }

    /// Tries it on the examples of these types, as events of that environment for that webhook.
    ///
    /// # Errors
    /// What is wrong with the first that fails.
    pub fn check<'a>(
        &self,
        target: Target<'_>,
        environment: Environment,
        kinds: impl IntoIterator<Item = &'a EventType>,
    ) -> Result<(), String> {
        let at = Time::from_utc(chrono::DateTime::UNIX_EPOCH);
        for kind in kinds {
            let facts = Facts::of_example(kind, "evt_example", at, environment, "https://desk.example.com");
            self.render(&facts, target, &mut Spent::default()).map_err(|fault| with_example(kind, &fault))?;
        }
        Ok(())
    }
}

/// What the bodies of one transaction cost so far.
#[derive(Debug, Default)]
pub struct Spent {
    fuel: u64,
    bytes: usize,
}

impl Spent {
    /// More than a transaction should do or hold.
    pub fn is_too_much(&self) -> bool {
        self.fuel > MOST_FUEL || self.bytes > MOST_BYTES
    }
}

/// What is wrong with the body of a type's example, as a sentence.
pub(crate) fn with_example(kind: &EventType, fault: &str) -> String {
    sentence(&format!("with the example of {}, {fault}", kind.label))
}

fn compiled(text: &str) -> Result<Arc<minijinja::Environment<'static>>, String> {
    language::check(text)?;
    let mut language = language::LANGUAGE.clone();
    language.add_template_owned(NAME, text.to_owned()).map_err(|error| told(&error, text))?;
    Ok(Arc::new(language))
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// What a template knows of its webhook.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub(super) id: &'a str,
    pub(super) code: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Target<'a> {
    /// Those of a webhook.
    pub fn of(webhook: &'a Webhook) -> Self {
        Self { id: webhook.id.as_str(), code: &webhook.code, name: &webhook.name }
    }
}

/// The variables. `subject` is none where the sender named no subject.
fn values(facts: &Facts<'_>, target: Target<'_>) -> serde_json::Result<Value> {
    let event = Value::from_pairs([
        ("id", Value::from(facts.id)),
        ("type", facts.type_name.into()),
        ("code", (*facts.code).into()),
        ("label", (*facts.label).into()),
        ("occurred_at", facts.occurred_at.rfc3339().into()),
        ("subject", facts.subject.into()),
        ("environment", facts.environment.as_str().into()),
    ]);
    Ok(context! {
        event,
        data => serde_json::from_str::<Value>(facts.data)?,
        webhook => context! { id => target.id, code => target.code, name => target.name },
        portal_url => facts.portal_url,
    })
}

/// What a fault of the language means, with the line and the part of the template that it is about.
fn told(error: &Error, source: &str) -> String {
    let place = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let part = error.range().and_then(|range| source.get(range)).map(str::trim).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::UndefinedError if part.is_empty() => "a value is not there".to_owned(),
        ErrorKind::UndefinedError => format!("{part} is not there"),
        ErrorKind::OutOfFuel => "it does more than a template may; loop over less".to_owned(),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    shortened(&format!("{place}{what}"), LONGEST_FAULT)
}

crate::word_enum! {
    /// A template to begin with.
    Preset {
        /// All there is of an event.
        Plain = "plain",
        /// Blocks of Slack.
        Slack = "slack",
        /// An adaptive card of Teams.
        Teams = "teams",
        /// A comment by the REST API of Jira.
        JiraRest = "jira_rest",
        /// The incoming webhook of Jira Automation.
        JiraAutomation = "jira_automation",
    }
}

impl Preset {
    /// As the dialog calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Plain => "Plain JSON",
            Self::Slack => "Slack",
            Self::Teams => "Teams",
            Self::JiraRest => "Jira REST",
            Self::JiraAutomation => "Jira Automation",
        }
    }

    /// The template.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Plain => include_str!("presets/plain.jinja"),
            Self::Slack => include_str!("presets/slack.jinja"),
            Self::Teams => include_str!("presets/teams.jinja"),
            Self::JiraRest => include_str!("presets/jira_rest.jinja"),
            Self::JiraAutomation => include_str!("presets/jira_automation.jinja"),
        }
    }
}

/// A place of the data, as a template names it, with what the example has there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What is put into the template: `{{ data.resource_title }}`, or a loop.
    pub(crate) part: String,
    /// What the example has there, in short.
    pub(crate) example: String,
}

/// The most places that are listed.
const MOST_PLACES: usize = 60;

/// Every place of an example that a template can name.
pub(crate) fn places(kind: &EventType) -> Vec<Place> {
    let mut found = Vec::new();
    let data = serde_json::from_str(&kind.example).unwrap_or_default();
    collect("data", &data, &mut found);
    found.truncate(MOST_PLACES);
    found
}

fn collect(path: &str, value: &serde_json::Value, found: &mut Vec<Place>) {
    use serde_json::Value as Json;
    let place = |part: String, example: String| Place { part, example: shortened(&example, 60) };
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                collect(&member(path, name), value, found);
            }
        }
        Json::Array(_) => {
            let part = format!(
                "{{% for item in {path} %}}{{{{ item|tojson }}}}{{{{ \",\" if not loop.last }}}}{{% endfor %}}"
            );
            found.push(place(part, value.to_string()));
        }
        Json::String(text) => found.push(place(format!("{{{{ {path} }}}}"), text.clone())),
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            found.push(place(format!("{{{{ {path} }}}}"), value.to_string()));
        }
    }
}

/// `data.title`, or `data["the title"]` where the name is no word.
fn member(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    if begins && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        format!("{path}.{name}")
    } else {
        format!("{path}[{}]", serde_json::Value::from(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_types::{BUILT_IN, built_in};
    use crate::webhooks::request::sample;

    const TARGET: Target<'static> = Target { id: "whk_1", code: "ci", name: "CI" };

    fn render(template: &str, data: &str) -> Result<String, String> {
        Template::parse(template)?.render(&sample("document.released", data), TARGET, &mut Spent::default())
    }

    #[test]
    fn a_body_has_the_event_the_data_and_the_webhook() {
        let template = r#"{"a":"{{ event.id }} {{ event.type }} {{ event.code }} {{ event.label }} {{ event.occurred_at }}",
"b":{{ event.subject }},"c":"{{ event.environment }} {{ webhook.id }} {{ webhook.code }} {{ webhook.name }} {{ portal_url }}",
"d":{{ data.n }},"e":"{{ data.t }}"}"#;
        assert_eq!(
            render(template, r#"{"n":7,"t":"x"}"#).unwrap(),
            r#"{"a":"evt_1 document.released STATUS_SET_TO_RELEASED_EVENT Status set to Released 2026-11-24T10:00:00.000Z",
"b":null,"c":"production whk_1 ci CI https://desk.example.com",
"d":7,"e":"x"}"#
        );
    }

    #[test]
    fn a_text_cannot_leave_its_quotes_and_values_are_json() {
        let data = r#"{"t":"a\"b\\c\nd</script>é","yes":true,"none":null,"list":[1,"x",{"k":1.5}],"big":9007199254740993,"long":-9223372036854775808}"#;
        assert_eq!(render(r#"{"t":"{{ data.t }}"}"#, data).unwrap(), r#"{"t":"a\"b\\c\nd</script>é"}"#);
        let all =
            r"[{{ data.yes }},{{ data.none }},{{ data.list }},{{ data.big }},{{ data.long }},{{ data.t|tojson }}]";
        let written: serde_json::Value = serde_json::from_str(&render(all, data).unwrap()).unwrap();
        let expected: serde_json::Value = serde_json::from_str(
            r#"[true,null,[1,"x",{"k":1.5}],9007199254740993,-9223372036854775808,"a\"b\\c\nd</script>é"]"#,
        )
        .unwrap();
        assert_eq!(written, expected);
        assert_eq!(render("{{ data }}", r#"{"z":1,"a":2}"#).unwrap(), r#"{"z":1,"a":2}"#, "in their order");
    }

    #[test]
    fn lists_are_looped_over_and_conditions_hold() {
        let template = r#"[{% for item in data.items %}"{{ item.name|upper }}"{{ "," if not loop.last }}{% endfor %}{% if data.more is defined %},1{% endif %}]"#;
        assert_eq!(render(template, r#"{"items":[{"name":"a"},{"name":"b"}]}"#).unwrap(), r#"["A","B"]"#);
        assert_eq!(render(template, r#"{"items":[{"name":"a"}],"more":1}"#).unwrap(), r#"["A",1]"#);
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_what_it_is_about() {
        for (template, told) in [
            ("{\n\"a\":\"{{ data.titel }}\"}", "line 2: data.titel is not there"),
            ("{\"a\":{{ nobody.x }}}", "line 1: nobody.x is not there"),
            ("{% if data.x %}1{% endif %}", "line 1: data.x is not there"),
            ("{\"a\":{{ data.n|no_such }}}", "line 1: filter no_such is unknown"),
            ("{\"a\": {{ event.id }}}", "what comes out is no JSON: "),
            (
                "{% for a in data.l %}{% for b in data.l %}{% for c in data.l %}{{ a }}{% endfor %}{% endfor %}{% endfor %}",
                "line 1: it does more than a template may; loop over less",
            ),
        ] {
            let list = vec!["1"; 300].join(",");
            let fault = render(template, &format!(r#"{{"n":1,"l":[{list}]}}"#)).unwrap_err();
            assert!(fault.starts_with(told), "{template}: {fault}");
        }
        for (typed, told) in [
            ("", "Write the template"),
            (" \r\n ", "Write the template"),
            ("{{ data.", "Line 1: "),
            ("{% for x in data %}", "Line 1: "),
            ("{% include 'a' %}", "Line 1: "),
            ("a\0", "Take the NUL"),
        ] {
            let fault = Template::parse(typed).err().unwrap_or_default();
            assert!(fault.starts_with(told), "{typed}: {fault}");
        }
        assert!(Template::parse(&"x".repeat(LONGEST_TEMPLATE + 1)).is_err());
    }

    #[test]
    fn a_template_that_works_without_end_is_stopped() {
        let long = format!(r#"{{"l":[{}],"t":"{}"}}"#, vec!["1"; 10_000].join(","), "x".repeat(200_000));
        for template in [
            "{{ range(1000000000)|list }}",
            "\"{% for a in range(100000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}\"",
            "{% for a in data.l %}{{ data|tojson }}{% endfor %}",
            "{% for a in data.l %}{% for b in data.l %}{% if a == b %}1{% endif %}{% endfor %}{% endfor %}",
            "{{ data.l|join(data.t) }}",
            "{{ data.t|replace('x', data.t) }}",
            "{{ data.t|indent(1000000000) }}",
            "{{ '%1000000000d'|format(1) }}",
        ] {
            assert!(render(template, &long).is_err(), "{template}");
        }
    }

    #[test]
    fn what_a_body_costs_is_counted_also_where_it_fails() {
        let long = "{% for a in range(20000) %}{% if a %}{% endif %}{% endfor %}";
        let cost = |template: &str, data: &str| {
            let mut spent = Spent::default();
            let body =
                Template::parse(template).unwrap().render(&sample("document.released", data), TARGET, &mut spent);
            (body.is_ok(), spent.fuel, spent.bytes)
        };
        let (good, fuel, bytes) = cost(r#"{"a":{{ data.n }}}"#, r#"{"n":7}"#);
        assert!(good && (1..100).contains(&fuel) && bytes == 7, "{fuel} {bytes}");
        assert!(cost("1", &format!(r#"{{"n":"{}"}}"#, "x".repeat(160_000))).1 >= 10_000, "reading counts");
        let (good, fuel, _) = cost("{{ data.nope }}", "{}");
        assert!(!good && fuel <= 4_000, "a slip of the pen is cheap: {fuel}");
        let (good, fuel, _) = cost(&format!("{long}1"), "{}");
        assert!(good && (40_000..150_000).contains(&fuel), "{fuel}");
        assert!(cost(&format!("{long}{{{{ data.nope }}}}"), "{}").1 >= 150_000, "what fails late counts in full");
        assert!(cost(&long.repeat(4), "{}").1 >= 150_000, "and so does what has no end");
        assert!(!Spent::default().is_too_much());
        assert!(Spent { fuel: MOST_FUEL + 1, bytes: 0 }.is_too_much());
        assert!(Spent { fuel: 0, bytes: MOST_BYTES + 1 }.is_too_much());
    }

    #[test]
    fn what_was_stored_and_is_not_understood_tells_so() {
        let stored = Template::stored("{{ data.".to_owned());
        assert_eq!(stored.text(), "{{ data.");
        let fault = stored.render(&sample("document.released", "{}"), TARGET, &mut Spent::default()).unwrap_err();
        assert!(fault.starts_with("line 1: "));
    }

    #[test]
    fn every_preset_makes_a_body_of_every_example() {
        for preset in Preset::ALL {
            let template = Template::parse(preset.text()).unwrap();
            let tried = template.check(TARGET, Environment::Test, BUILT_IN.iter().map(|kind| &**kind));
            tried.unwrap_or_else(|fault| panic!("{preset}: {fault}"));
        }
        let slack = render(Preset::Slack.text(), r#"{"resource_id":1042,"resource_title":"Say \"hi\""}"#).unwrap();
        let slack: serde_json::Value = serde_json::from_str(&slack).unwrap();
        assert_eq!(slack["text"], "Status set to Released");
        assert_eq!(slack["blocks"][1]["fields"][1]["text"], "resource_title: Say \"hi\"");
        let jira = render(Preset::JiraAutomation.text(), r#"{"issues":["TIC-7","TIC-8"]}"#).unwrap();
        let jira: serde_json::Value = serde_json::from_str(&jira).unwrap();
        assert_eq!(jira["issues"], serde_json::json!(["TIC-7", "TIC-8"]));
    }

    #[test]
    fn the_places_of_an_example_can_be_put_into_a_template() {
        for kind in BUILT_IN.iter() {
            for Place { part, .. } in places(kind) {
                let tried = |one: Template| one.check(TARGET, Environment::Production, [&**kind]).is_ok();
                let works = |template: String| Template::parse(&template).is_ok_and(tried);
                assert!(works(format!("[{part}]")) || works(format!("[\"{part}\"]")), "{}: {part}", kind.name);
            }
        }
        let released = built_in("document.released").unwrap();
        assert_eq!(
            places(released)[0],
            Place { part: "{{ data.resource_id }}".to_owned(), example: "1042".to_owned() }
        );
        assert_eq!(member("data", "the title"), r#"data["the title"]"#);
    }
}
