//! What the API receives: bytes become checked drafts, or a list of what is wrong with them; pure.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::strict::{self, Fields};
use super::{Draft, Environment, Person, Source};
use crate::clock::Time;
use crate::event_types::{Catalogue, MOST_WORK};
use crate::pointer;
use crate::text::shortened;

/// The most bytes of one event.
pub const LARGEST_EVENT: usize = 256 * 1024;
/// The most events of one request.
pub const MOST_EVENTS: usize = 1_000;
/// The most characters of a subject or of an actor's field.
const LONGEST_TEXT: usize = 256;
/// The most faults of one request that are told.
const MOST_FAULTS: usize = 100;
/// How much of a name that we do not know is told, in characters.
const LONGEST_SHOWN: usize = 64;
/// How far ahead of the clock an event may claim to have happened.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// A request that can be published.
#[derive(Debug)]
pub struct Intake {
    /// It was an array: the answer is a list.
    pub many: bool,
    /// In the order of the request.
    pub drafts: Vec<Draft>,
}

/// Why a request is refused; the code is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No JSON as RFC 8259 has it: a doubled key, a number out of range, more than 127 levels.
    InvalidJson,
    /// A field that events do not have.
    UnknownField,
    /// A field that is missing or not what it must be.
    InvalidEvent,
    /// A type that the catalogue does not have.
    UnknownType,
    /// Data that does not fit the schema of its type.
    SchemaMismatch,
    /// More to check than one request may ask for.
    TooMuchWork,
    /// An event of more than 256 KiB.
    TooLarge,
}

/// One thing that is wrong, and where (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A JSON pointer into the request.
    pub path: String,
    /// What to change.
    pub message: String,
}

/// All that is wrong with a request; the first decides the code.
#[derive(Debug, PartialEq, Eq)]
pub struct Faults {
    /// The kind of the first fault.
    pub refusal: Refusal,
    /// Every fault found.
    pub faults: Vec<Fault>,
}

impl Faults {
    fn one(refusal: Refusal, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { refusal, faults: vec![Fault { path: path.into(), message: message.into() }] }
    }

    fn is_full(&self) -> bool {
        self.faults.len() > MOST_FAULTS
    }

    /// Only what is told; the end says so where there is more.
    fn cut(mut self) -> Self {
        if self.is_full() {
            self.faults.truncate(MOST_FAULTS);
            let message = format!("There are more than these {MOST_FAULTS} faults; the rest was not looked at.");
            self.faults.push(Fault { path: String::new(), message });
        }
        self
    }

    /// Each fault's place and how to put it right.
    pub(crate) fn places(self) -> impl Iterator<Item = (String, String)> {
        self.faults.into_iter().map(|fault| (fault.path, fault.message))
    }
}

/// Reads one event or an array of events.
///
/// # Errors
/// Everything that is wrong, in words for the sender.
pub fn read(bytes: &[u8], environment: Environment, now: Time, catalogue: &Catalogue) -> Result<Intake, Faults> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Faults::one(Refusal::InvalidJson, "", "The body is not UTF-8."))?;
    check(text)?;
    let many = text.trim_start().starts_with('[');
    let events: Vec<&RawValue> = if many {
        serde_json::from_str(text).map_err(|_| not_json())?
    } else {
        vec![serde_json::from_str(text).map_err(|_| not_json())?]
    };
    if events.is_empty() || events.len() > MOST_EVENTS {
        let message = format!("An array holds 1 to {MOST_EVENTS} events.");
        return Err(Faults::one(Refusal::InvalidEvent, "", message));
    }
    let mut drafts = Vec::with_capacity(events.len());
    let mut faults: Option<Faults> = None;
    let mut work = 0;
    for (place, event) in events.iter().enumerate() {
        let path = if many { format!("/{place}") } else { String::new() };
        let draft = one(event.get(), &path, environment, now, catalogue);
        match draft.and_then(|draft| fits(&draft, &path, &mut work).map(|()| draft)) {
            Ok(draft) => drafts.push(draft),
            Err(found) => match &mut faults {
                Some(all) => all.faults.extend(found.faults),
                None => faults = Some(found),
            },
        }
        if work > MOST_WORK || faults.as_ref().is_some_and(Faults::is_full) {
            break;
        }
    }
    match faults {
        Some(faults) => Err(faults.cut()),
        None => Ok(Intake { many, drafts }),
    }
}

fn not_json() -> Faults {
    Faults::one(Refusal::InvalidJson, "", "The body is not JSON.")
}

fn one(text: &str, path: &str, environment: Environment, now: Time, catalogue: &Catalogue) -> Result<Draft, Faults> {
    if text.len() > LARGEST_EVENT {
        let message = format!("One event holds at most {LARGEST_EVENT} bytes.");
        return Err(Faults::one(Refusal::TooLarge, path, message));
    }
    let invalid = |field: &str, message: &str| Faults::one(Refusal::InvalidEvent, format!("{path}{field}"), message);
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|_| invalid("", "An event is an object with type and data."))?;
    let (mut kind, mut data, mut previous, mut occurred_at) = (None, None, None, None);
    let (mut subject, mut person) = (None, None);
    for (key, value) in &fields.0 {
        match key.as_ref() {
            "type" => kind = Some(string(value).ok_or_else(|| invalid("/type", "The type is a string."))?),
            "data" => data = Some(object(value).ok_or_else(|| invalid("/data", "The data is an object."))?),
            "previous" => {
                previous = Some(object(value).ok_or_else(|| invalid("/previous", "The previous data is an object."))?);
            }
            "occurred_at" => {
                let said = string(value).and_then(|said| moment(&said, now));
                occurred_at = Some(said.ok_or_else(|| {
                    invalid(
                        "/occurred_at",
                        "The moment is an RFC 3339 time with its zone, from 1970 to at most a day ahead.",
                    )
                })?);
            }
            "subject" => {
                let said = string(value).filter(|said| is_short(said));
                subject = Some(said.ok_or_else(|| {
                    invalid("/subject", "The subject is a string of 1 to 256 characters without control characters.")
                })?);
            }
            "actor" => person = Some(actor(value, path)?),
            unknown => {
                let message = format!("Events have no field {}.", shortened(unknown, LONGEST_SHOWN));
                let place = format!("{path}{}", pointer::step(&shortened(unknown, LONGEST_SHOWN)));
                return Err(Faults::one(Refusal::UnknownField, place, message));
            }
        }
    }
    let kind = kind.ok_or_else(|| invalid("/type", "The type is missing."))?;
    let kind = catalogue.find(&kind).ok_or_else(|| {
        let message = format!("There is no event type {}.", shortened(&kind, LONGEST_SHOWN));
        Faults::one(Refusal::UnknownType, format!("{path}/type"), message)
    })?;
    let data = data.ok_or_else(|| invalid("/data", "The data is missing."))?;
    Ok(Draft { kind: Arc::clone(kind), environment, source: Source::Api, subject, person, data, previous, occurred_at })
}

/// Holds data against the schema of its type, where the type says so; `work` is that of the events before it.
fn fits(draft: &Draft, path: &str, work: &mut usize) -> Result<(), Faults> {
    let Some(schema) = draft.kind.check() else { return Ok(()) };
    let data = serde_json::from_str(&draft.data).map_err(|_| not_json())?;
    *work = work.saturating_add(schema.work(&data));
    if *work > MOST_WORK {
        let message =
            "Post fewer or smaller events at once, of types with smaller schemas: from here on it is too much.";
        return Err(Faults::one(Refusal::TooMuchWork, format!("{path}/data"), message));
    }
    let faults = schema.faults(&data);
    let faults: Vec<Fault> =
        faults.into_iter().map(|(at, message)| Fault { path: format!("{path}/data{at}"), message }).collect();
    if faults.is_empty() { Ok(()) } else { Err(Faults { refusal: Refusal::SchemaMismatch, faults }) }
}

fn actor(value: &RawValue, path: &str) -> Result<Person, Faults> {
    #[derive(Deserialize)]
    struct Actor<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(borrow)]
        email: Cow<'a, str>,
    }
    let place = format!("{path}/actor");
    let fields: Option<Fields<'_>> = serde_json::from_str(value.get()).ok();
    let unknown = fields.iter().flat_map(|fields| &fields.0).find(|(key, _)| key != "id" && key != "email");
    if let Some((key, _)) = unknown {
        let message = format!("An actor has no field {}.", shortened(key, LONGEST_SHOWN));
        return Err(Faults::one(Refusal::UnknownField, place, message));
    }
    let actor: Option<Actor<'_>> = serde_json::from_str(value.get()).ok();
    match actor.filter(|actor| is_short(&actor.id) && is_short(&actor.email)) {
        Some(Actor { id, email }) => Ok(Person { id: id.into_owned(), email: email.into_owned() }),
        None => Err(Faults::one(
            Refusal::InvalidEvent,
            place,
            "The actor is an object with id and email, each a string of 1 to 256 characters.",
        )),
    }
}

fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The bytes of an object, as they came.
fn object(value: &RawValue) -> Option<String> {
    value.get().starts_with('{').then(|| value.get().to_owned())
}

fn is_short(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

fn moment(said: &str, now: Time) -> Option<Time> {
    let at = DateTime::parse_from_rfc3339(said).ok()?.with_timezone(&Utc);
    // chrono reads a leap second as the last nanosecond range of :59; both databases know only whole minutes of 60.
    let at = if at.nanosecond() >= 1_000_000_000 { at.with_nanosecond(999_999_999)? } else { at };
    let at = (at.year() >= 1970).then(|| Time::from_utc(at))?;
    (at <= now.plus(AHEAD)).then_some(at)
}

/// Whether a body is JSON as Postrider takes it. Walks it once: syntax, doubled keys, numbers out of range, lone surrogates, too many levels.
pub(crate) fn check(text: &str) -> Result<(), Faults> {
    strict::walk(text).map_err(|error| {
        let message = format!(
            "The body is not JSON as Postrider takes it (unique keys, at most 127 levels): line {}, column {}.",
            error.line(),
            error.column()
        );
        Faults::one(Refusal::InvalidJson, "", message)
    })
}

/// True for a body that is JSON at all; used where its shape does not matter.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// True for JSON in which no key stands twice, no number is out of range, and nothing is nested too deeply.
pub fn is_strict_json(text: &str) -> bool {
    check(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000_000_000;

    fn taken(body: &[u8], environment: Environment) -> Result<Intake, Faults> {
        read(body, environment, Time::from_micros(NOW), &Catalogue::default())
    }

    fn refusal(body: &str) -> Option<Refusal> {
        taken(body.as_bytes(), Environment::Production).err().map(|faults| faults.refusal)
    }

    fn event(fields: &str) -> String {
        format!(r#"{{"type":"document.released"{fields}}}"#)
    }

    #[test]
    fn data_is_kept_byte_for_byte() {
        let data = r#"{"n": 90071992547409930, "z":-0,  "f":1.0, "u":"\u00e9"}"#;
        let body = event(&format!(r#","data":{data}"#));
        let intake = taken(body.as_bytes(), Environment::Production).unwrap();
        assert!(!intake.many);
        assert_eq!(intake.drafts[0].data, data);
    }

    #[test]
    fn what_is_not_strict_json_is_refused() {
        let deep = |levels: usize| event(&format!(r#","data":{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels)));
        for body in [
            "",
            "{",
            "nul",
            "{}{}",
            "\u{feff}{}",
            r#"{"type":"a","type":"b"}"#,
            &event(r#","data":{"a":1,"a":2}"#),
            &event(r#","data":{"a":1e400}"#),
            &event(r#","data":{"a":"\ud800"}"#),
            &deep(127),
            &deep(200),
        ] {
            assert_eq!(refusal(body), Some(Refusal::InvalidJson), "{body}");
        }
        assert_eq!(refusal(&deep(124)), None);
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(taken(&utf16, Environment::Production).is_err());
        assert!(taken(b"\xff", Environment::Production).is_err());
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_place() {
        for body in
            ["[]", "null", "\"x\"", "1", &event(""), &event(r#","data":[]"#), &event(r#","data":{},"actor":{}"#)]
        {
            assert_eq!(refusal(body), Some(Refusal::InvalidEvent), "{body}");
        }
        assert_eq!(refusal(&event(r#","data":{},"extra":1"#)), Some(Refusal::UnknownField));
        assert_eq!(refusal(r#"{"type":"a..b","data":{}}"#), Some(Refusal::UnknownType));
        let many = format!("[{},{}]", event(r#","data":{}"#), event(""));
        let faults = taken(many.as_bytes(), Environment::Test).unwrap_err();
        assert_eq!(faults.faults[0].path, "/1/data");
        let large = event(&format!(r#","data":{{"a":"{}"}}"#, "x".repeat(LARGEST_EVENT)));
        assert_eq!(refusal(&large), Some(Refusal::TooLarge));
        assert_eq!(refusal(&format!("[{}]", vec!["1"; 1001].join(","))), Some(Refusal::InvalidEvent));
    }

    #[test]
    fn moments_have_a_zone_and_are_not_far_ahead() {
        let at = |said: &str| refusal(&event(&format!(r#","data":{{}},"occurred_at":"{said}""#)));
        for bad in
            ["1960-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-02-03T00:00:00", "now"]
        {
            assert_eq!(at(bad), Some(Refusal::InvalidEvent), "{bad}");
        }
        assert_eq!(at("2016-12-31T23:59:60Z"), None);
        assert_eq!(at("2024-02-03T00:00:00+02:00"), None);
        assert_eq!(
            moment("2016-12-31T23:59:60Z", Time::from_micros(NOW)).unwrap().rfc3339(),
            "2016-12-31T23:59:59.999Z"
        );
    }
}
