//! The format `change`: what an object is, and which of its fields were edited, keyed by JSON pointer; pure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::request::Facts;
use crate::filters::Number;
use crate::pointer;

/// Words in the name of a field that holds a secret, without regard to case and separators: its value never leaves.
const SECRETS: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "credential",
    "authorization",
];
/// What begins like one of them and is none: a secretary.
const NO_SECRET: &str = "secretar";
/// How deep an object is looked into; what lies deeper is told as a whole.
const DEEPEST: usize = 32;

/// What happened to the object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Create,
    Edit,
    Delete,
    Logout,
}

impl Event {
    /// By the last word of the type's name.
    fn of(type_name: &str) -> Self {
        match type_name.rsplit('.').next().unwrap_or_default() {
            "created" => Self::Create,
            "removed" => Self::Delete,
            "logged_out" => Self::Logout,
            _ => Self::Edit,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Logout => "logout",
        }
    }
}

#[derive(Serialize)]
struct Change<'a> {
    company: &'a str,
    r#type: &'a str,
    #[serde(rename = "extraData")]
    extra_data: Extra<'a>,
    #[serde(rename = "createdAt")]
    created_at: &'a str,
    data: Option<&'a Object<'a>>,
    event: &'static str,
    diff: Diff<'a>,
}

/// Empty, but of a logout.
#[derive(Serialize, Default)]
struct Extra<'a> {
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
}

/// The body of an event; `company` is the host of the portal.
pub(super) fn body(facts: &Facts<'_>, data: &RawValue) -> serde_json::Result<String> {
    let event = Event::of(facts.type_name);
    let now: Object<'_> = serde_json::from_str(data.get())?;
    let before: Option<Object<'_>> = facts.previous.map(serde_json::from_str).transpose()?;
    let diff = match (event, &before) {
        (Event::Create, _) => Diff::between(None, Some(&now)),
        (Event::Delete, _) => Diff::between(Some(&now), None),
        (Event::Edit, Some(before)) => Diff::between(Some(before), Some(&now)),
        (Event::Edit, None) | (Event::Logout, _) => Diff::default(),
    };
    let at = facts.occurred_at.rfc3339();
    let user = ["userId", "user_id", "id"].iter().find_map(|name| now.field(name));
    let logout = event == Event::Logout;
    serde_json::to_string(&Change {
        company: facts.portal_url.split("://").last().unwrap_or_default(),
        r#type: &facts.code,
        extra_data: if logout { Extra { user_id: user, timestamp: Some(&at) } } else { Extra::default() },
        created_at: &at,
        data: (!logout).then_some(&now),
        event: event.word(),
        diff,
    })
}

/// An object whose values are the bytes that came, in their order.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// By name, for whoever asks for many.
    fn index(&self) -> HashMap<&str, &'a RawValue> {
        self.0.iter().map(|(name, value)| (&**name, *value)).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Object(fields))
            }
        }
        /// Borrowed where it holds no escapes.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        deserializer.deserialize_map(Fields)
    }
}

/// Without its secrets, at whatever depth.
impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter().filter(|(name, _)| !is_secret(name)) {
            map.serialize_entry(name, &Clean(value))?;
        }
        map.end()
    }
}

/// A value without the secrets of the objects in it.
struct Clean<'a>(&'a RawValue);

impl Serialize for Clean<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.get();
        if let Ok(object) = serde_json::from_str::<Object<'_>>(text) {
            return object.serialize(serializer);
        }
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(elements) => serializer.collect_seq(elements.into_iter().map(Clean)),
            Err(_) => self.0.serialize(serializer),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let bare: String = name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let bare = bare.replace(NO_SECRET, "");
    SECRETS.iter().any(|word| bare.contains(word))
}

/// The fields that differ, by JSON pointer (RFC 6901), in the order in which they stand.
#[derive(Default)]
struct Diff<'a>(Vec<(String, Option<&'a RawValue>, Option<&'a RawValue>)>);

impl<'a> Diff<'a> {
    fn between(before: Option<&Object<'a>>, after: Option<&Object<'a>>) -> Self {
        let mut diff = Self::default();
        diff.walk("", before, after, DEEPEST);
        diff
    }

    fn walk(&mut self, at: &str, before: Option<&Object<'a>>, after: Option<&Object<'a>>, depth: usize) {
        let (old, new) = (before.map(Object::index).unwrap_or_default(), after.map(Object::index).unwrap_or_default());
        for (name, value) in after.iter().flat_map(|object| &object.0) {
            self.field(at, name, old.get(&**name).copied(), Some(value), depth);
        }
        for (name, value) in before.iter().flat_map(|object| &object.0) {
            if !new.contains_key(&**name) {
                self.field(at, name, Some(value), None, depth);
            }
        }
    }

    fn field(&mut self, at: &str, name: &str, before: Option<&'a RawValue>, after: Option<&'a RawValue>, depth: usize) {
        if is_secret(name) || before.map(RawValue::get) == after.map(RawValue::get) {
            return;
        }
        let path = format!("{at}{}", pointer::step(name));
        let inside =
            |value: Option<&'a RawValue>| value.and_then(|raw| serde_json::from_str::<Object<'a>>(raw.get()).ok());
        let (old, new) = (inside(before), inside(after));
        let nested = (old.is_some() || before.is_none()) && (new.is_some() || after.is_none());
        if nested && depth > 0 {
            self.walk(&path, old.as_ref(), new.as_ref(), depth - 1);
        } else if !before.zip(after).is_some_and(|(before, after)| is_same(before, after)) {
            self.0.push((path, before, after));
        }
    }
}

/// Whether two values are the same, however they are written: `1.50` is `1.5`, and spaces say nothing.
fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let (one, other) = (one.get(), other.get());
    if one == other {
        return true;
    }
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => both::<Object<'_>>(one, other).is_some_and(|(one, other)| {
            let known = other.index();
            let is_there = |(name, value): &(Cow<'_, str>, &RawValue)| {
                known.get(&**name).is_some_and(|other| is_same(value, other))
            };
            one.0.len() == other.0.len() && one.0.iter().all(is_there)
        }),
        (Some(b'['), Some(b'[')) => both::<Vec<&RawValue>>(one, other).is_some_and(|(one, other)| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }),
        (Some(b'"'), Some(b'"')) => both::<String>(one, other).is_some_and(|(one, other)| one == other),
        (_, _) => Number::parse(one).zip(Number::parse(other)).is_some_and(|(one, other)| one == other),
    }
}

fn both<'a, T: Deserialize<'a>>(one: &'a str, other: &'a str) -> Option<(T, T)> {
    serde_json::from_str(one).ok().zip(serde_json::from_str(other).ok())
}

impl Serialize for Diff<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Sides<'a> {
            previous: Option<Clean<'a>>,
            #[serde(rename = "changedTo")]
            changed_to: Option<Clean<'a>>,
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (path, before, after) in &self.0 {
            map.serialize_entry(path, &Sides { previous: before.map(Clean), changed_to: after.map(Clean) })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::webhooks::request::sample;

    #[track_caller]
    fn told(type_name: &str, previous: Option<&str>, data: &str) -> String {
        let facts = Facts { previous, ..sample(type_name, data) };
        body(&facts, serde_json::from_str(data).unwrap()).unwrap()
    }

    #[test]
    fn an_edit_tells_the_fields_that_were_edited() {
        let before =
            r#"{"id":7,"name":"Ada","price":1.50,"tags":["a"],"address":{"city":"Ulm","zip":"89073"},"old":true}"#;
        let after = r#"{"id":7,"name":"Ada B.","price":1.5,"tags":["a","b"],"address":{"city":"Bern","zip":"89073"},"a/b~c":null}"#;
        assert_eq!(
            told("user.updated", Some(before), after),
            format!(
                r#"{{"company":"desk.example.com","type":"USER_UPDATED_EVENT","extraData":{{}},"createdAt":"2026-11-24T10:00:00.000Z","data":{after},"event":"edit","diff":{{"/name":{{"previous":"Ada","changedTo":"Ada B."}},"/tags":{{"previous":["a"],"changedTo":["a","b"]}},"/address/city":{{"previous":"Ulm","changedTo":"Bern"}},"/a~1b~0c":{{"previous":null,"changedTo":null}},"/old":{{"previous":true,"changedTo":null}}}}}}"#
            )
        );
        assert!(told("user.updated", None, after).ends_with(r#""event":"edit","diff":{}}"#));
        assert!(told("contract.status_changed", None, after).contains(r#""event":"edit""#));
    }

    #[test]
    fn what_is_new_or_gone_is_told_whole() {
        let data = r#"{"id":7,"address":{"city":"Ulm"}}"#;
        assert!(told("user.created", None, data).ends_with(
            r#""event":"create","diff":{"/id":{"previous":null,"changedTo":7},"/address/city":{"previous":null,"changedTo":"Ulm"}}}"#
        ));
        assert!(told("user.removed", None, data).ends_with(
            r#""event":"delete","diff":{"/id":{"previous":7,"changedTo":null},"/address/city":{"previous":"Ulm","changedTo":null}}}"#
        ));
    }

    #[test]
    fn what_is_only_written_otherwise_is_no_edit() {
        let before = r#"{"a":[1,2,{"x":1,"y":"\u00e9"}],"b":1.50,"c":1e2,"d":"\u0041","e":{"f":null},"g":12345678901234567890123}"#;
        let same = r#"{"e": {"f":null }, "a":[ 1, 2.0, {"y":"é","x":1} ],"b":1.5,"c":100,"d":"A","g":12345678901234567890123.0}"#;
        assert!(told("user.updated", Some(before), same).ends_with(r#""diff":{}}"#));
        for (from, to) in [
            ("[1,2,", "[2,1,"),
            ("[1,2,", "[1,2,3,"),
            ("\"y\"", "\"z\""),
            ("00e9", "00e8"),
            ("1.50", "1.51"),
            ("1e2", "\"1e2\""),
            ("890123", "890124"),
            ("null", "false"),
        ] {
            let other = before.replace(from, to);
            assert!(!told("user.updated", Some(before), &other).ends_with(r#""diff":{}}"#), "{other}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in
            ["passPhrase", "db_pwd", "private-key", "clientSecret", "access_token", "PASSCODE", "secretarysToken"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["secretary", "Secretariat", "keyboard", "private", "author", "pass"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn the_example_of_an_edit_tells_an_edit() {
        for kind in crate::event_types::BUILT_IN.iter().filter(|kind| kind.name.ends_with(".updated")) {
            let previous = kind.previous.as_deref().unwrap();
            let told = told(&kind.name, Some(previous), &kind.example);
            assert!(told.contains("\"diff\":{\"/") && !told.contains("null"), "{told}");
        }
    }

    #[test]
    fn a_logout_tells_who_and_when() {
        let example = &crate::event_types::built_in("user.logged_out").unwrap().example;
        assert!(
            told("user.logged_out", None, example)
                .contains(r#""extraData":{"userId":"usr_01kaw0k2c8e9ht3x6f5yq7m4vd","#)
        );
        let data = [
            r#"{"id":"u-17","email":"ada@example.com"}"#,
            r#"{"id":1,"user_id":"u-17"}"#,
            r#"{"userId":"u-17","timestamp":"2026-11-24T09:59:59.000Z"}"#,
        ];
        for data in data {
            assert_eq!(
                told("user.logged_out", None, data),
                r#"{"company":"desk.example.com","type":"USER_LOGGED_OUT_EVENT","extraData":{"userId":"u-17","timestamp":"2026-11-24T10:00:00.000Z"},"createdAt":"2026-11-24T10:00:00.000Z","data":null,"event":"logout","diff":{}}"#
            );
        }
    }

    #[test]
    fn secrets_leave_neither_in_the_data_nor_in_the_differences() {
        let before = r#"{"Password":"hush-1","login":{"api-key":"hush-2"},"list":[{"accessToken":"hush-3"}],"n":1}"#;
        let after =
            r#"{"Password":"hush-4","login":{"api-key":"hush-5"},"list":[{"accessToken":"hush-6","x":1}],"n":2}"#;
        for type_name in ["user.updated", "user.created", "user.removed"] {
            let told = told(type_name, Some(before), after);
            assert!(!told.contains("hush"), "{told}");
            assert!(told.contains(r#""data":{"login":{},"list":[{"x":1}],"n":2}"#), "{told}");
        }
    }

    proptest! {
        #[test]
        fn what_is_the_same_has_no_differences_and_keeps_its_bytes(
            fields in proptest::collection::btree_map("[a-f]{1,3}", (any::<i64>(), any::<bool>(), "[ -~]{0,9}"), 0..6)
        ) {
            let parts = fields.iter().map(|(name, (number, flag, text))| {
                format!(r#""{name}":{{"n":{number}.0,"f":{flag},"t":{}}}"#, serde_json::to_string(text).unwrap())
            });
            let data = format!("{{{}}}", parts.collect::<Vec<_>>().join(","));
            let told = told("element.updated", Some(&data), &data);
            let expected = format!(r#""data":{data},"#);
            prop_assert!(told.contains(&expected) && told.ends_with(r#""diff":{}}"#), "{told}");
        }
    }
}
