//! `events send`: posts events to a running Postrider by its API, as any other program would.

mod portal;

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::value::RawValue;

use self::portal::Portal;
use super::{Failure, say, tell, usage};
use crate::config;
use crate::events::api::LARGEST_REQUEST;
use crate::events::intake::MOST_EVENTS;

/// The most bytes of a file: it is held in memory as a whole.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;
/// The most bytes of a file with a key.
const LARGEST_KEY: u64 = 1024;
/// The most characters of an idempotency key.
const LONGEST_ONCE: usize = 255;

#[derive(Subcommand)]
pub(super) enum EventsCommand {
    /// Post one event, or a file of them, and print their ids
    Send(Send),
}

/// What is sent, and where to.
#[derive(Args)]
pub(super) struct Send {
    /// The address of the portal
    #[arg(long)]
    url: String,
    #[arg(long, value_name = "FILE", help = "A file with the API key; unless given, POSTRIDER_API_KEY has the key")]
    key_file: Option<PathBuf>,
    /// The event type
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "events_file")]
    kind: Option<String>,
    /// The object that receivers get
    #[arg(long, value_name = "JSON", required_unless_present_any = ["data_file", "events_file"])]
    data: Option<String>,
    /// A file with that object; - for the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    data_file: Option<PathBuf>,
    /// The thing that the event is about
    #[arg(long)]
    subject: Option<String>,
    /// Who caused it: the id in the system that it came from
    #[arg(long, value_name = "ID", requires = "actor_email")]
    actor_id: Option<String>,
    /// Who caused it: the e-mail address
    #[arg(long, value_name = "EMAIL", requires = "actor_id")]
    actor_email: Option<String>,
    /// When it happened, in RFC 3339; now unless given
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<String>,
    /// The object before the change
    #[arg(long, value_name = "JSON")]
    previous: Option<String>,
    /// A word for this work: within 24 hours the same command with the same word publishes nothing twice
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// A file of whole events instead, as an array or one after the other (NDJSON); - for the standard input
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["kind", "data", "data_file", "subject", "actor_id", "actor_email", "occurred_at", "previous"])]
    events_file: Option<PathBuf>,
}

pub(super) fn send(asked: &Send) -> Result<(), Failure> {
    let portal = Portal::new(&asked.url, key(asked.key_file.as_deref())?)?;
    let once = asked.idempotency_key.as_deref();
    if once.is_some_and(|once| !is_sound(once)) {
        return Err(usage("--idempotency-key: give 1 to 255 visible ASCII characters"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &asked.events_file {
        Some(file) => runtime.block_on(send_all(&portal, &read(file, LARGEST_FILE)?, once)),
        None => runtime.block_on(send_one(&portal, asked, once)),
    }
}

async fn send_one(portal: &Portal, asked: &Send, once: Option<&str>) -> Result<(), Failure> {
    let body = one(asked)?;
    let taken = portal.post(body, once, 0).await?;
    taken.ids.iter().for_each(say);
    if taken.again {
        tell("This was published before, under the same idempotency key; nothing was published again.");
    }
    Ok(())
}

/// The file's events in as many requests as they need; what was taken before a refusal stays published.
async fn send_all(portal: &Portal, text: &str, once: Option<&str>) -> Result<(), Failure> {
    let events = events(text)?;
    let batches = batches(&events);
    // A place of its own for each part: a file that was changed since is refused there, and not published twice.
    let part = |number: usize| once.map(|once| format!("{once}-{number}"));
    if part(batches.len()).is_some_and(|longest| longest.len() > LONGEST_ONCE) {
        return Err(usage("--idempotency-key: it is too long, as each part of the file adds its number to it"));
    }
    let mut again = 0;
    for (number, range) in (1..).zip(batches) {
        let (first, body) = (range.start, array(&events[range]));
        let taken = portal.post(body, part(number).as_deref(), first).await.map_err(|failure| after(first, failure))?;
        taken.ids.iter().for_each(say);
        again += if taken.again { taken.ids.len() } else { 0 };
    }
    if again > 0 {
        tell(format!("{again} of these were published before, under the same idempotency key, and not again."));
    }
    Ok(())
}

fn after(published: usize, failure: Failure) -> Failure {
    match failure {
        Failure::Fault(error) if published > 0 => {
            Failure::Fault(error.context(format!("the first {published} events were published, then")))
        }
        failure => failure,
    }
}

/// The body of one event; its data is sent as the bytes it is.
fn one(asked: &Send) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Event<'a> {
        r#type: &'a str,
        data: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        actor: Option<Actor<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        occurred_at: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        previous: Option<&'a RawValue>,
    }
    #[derive(Serialize)]
    struct Actor<'a> {
        id: &'a str,
        email: &'a str,
    }
    let (flag, data) = match &asked.data_file {
        Some(file) => ("--data-file", Cow::Owned(read(file, LARGEST_FILE)?)),
        None => ("--data", Cow::Borrowed(asked.data.as_deref().unwrap_or_default())),
    };
    Ok(serde_json::to_string(&Event {
        r#type: asked.kind.as_deref().unwrap_or_default(),
        data: json(flag, &data)?,
        subject: asked.subject.as_deref(),
        actor: asked.actor_id.as_deref().zip(asked.actor_email.as_deref()).map(|(id, email)| Actor { id, email }),
        occurred_at: asked.occurred_at.as_deref(),
        previous: asked.previous.as_deref().map(|previous| json("--previous", previous)).transpose()?,
    })?)
}

fn json<'a>(flag: &str, text: &'a str) -> Result<&'a RawValue, Failure> {
    serde_json::from_str(text).map_err(|error| usage(format!("{flag}: this is not JSON ({error})")))
}

/// The events of a file, each as the bytes it is.
fn events(text: &str) -> Result<Vec<&RawValue>, Failure> {
    let read = if text.trim_start().starts_with('[') {
        serde_json::from_str(text)
    } else {
        serde_json::Deserializer::from_str(text).into_iter().collect()
    };
    let events: Vec<&RawValue> = read.map_err(|error| {
        usage(format!("--events-file: this is neither an array nor one JSON object after the other ({error})"))
    })?;
    if events.is_empty() {
        return Err(usage("--events-file: there is no event in it"));
    }
    Ok(events)
}

/// Which events go together: the same each time for the same file, and never more than one request may hold.
fn batches(events: &[&RawValue]) -> Vec<Range<usize>> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 2);
    for (at, event) in events.iter().enumerate() {
        let more = event.get().len() + 1;
        if at > start && (at - start == MOST_EVENTS || bytes + more > LARGEST_REQUEST) {
            batches.push(start..at);
            (start, bytes) = (at, 2);
        }
        bytes += more;
    }
    batches.push(start..events.len());
    batches
}

fn array(events: &[&RawValue]) -> String {
    let events: Vec<&str> = events.iter().map(|event| event.get()).collect();
    format!("[{}]", events.join(","))
}

fn is_sound(once: &str) -> bool {
    (1..=LONGEST_ONCE).contains(&once.len()) && once.bytes().all(|byte| byte.is_ascii_graphic())
}

fn key(file: Option<&Path>) -> Result<SecretString, Failure> {
    let key = match file {
        Some(file) => SecretString::from(read(file, LARGEST_KEY)?.trim()),
        None => config::api_key()
            .ok_or_else(|| usage("give the API key in a file with --key-file, or in the variable POSTRIDER_API_KEY"))?,
    };
    let sound = !key.expose_secret().is_empty() && key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
    if sound { Ok(key) } else { Err(usage("what is given as the API key is none")) }
}

/// A file, or the standard input where it is called `-`.
pub(super) fn read(file: &Path, most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(most + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(most + 1).read_to_string(&mut text))
    };
    match read {
        Ok(length) if length as u64 > most => {
            Err(usage(format!("{} is larger than {} KiB", file.display(), most / 1024)))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(usage(format!("{} cannot be read: {error}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> Vec<usize> {
        events(text).map(|events| batches(&events).into_iter().map(|range| range.len()).collect()).unwrap_or_default()
    }

    #[test]
    fn a_file_is_parted_by_number_and_by_bytes() {
        assert_eq!(sizes("[{}]"), [1]);
        assert_eq!(sizes("{}\n{}\n\n{}\n"), [3]);
        assert_eq!(sizes(&"{}\n".repeat(2_001)), [1_000, 1_000, 1]);
        let large = format!("{{\"d\":\"{}\"}}\n", "x".repeat(LARGEST_REQUEST / 3 - 11));
        assert_eq!(sizes(&large.repeat(7)), [3, 3, 1]);
        let each = events(&large).map(|events| array(&events).len()).unwrap_or_default();
        assert!(each * 3 > LARGEST_REQUEST - 20, "three fill a request almost");
        for wrong in ["", " \n", "[]", "{", "[{}", "{}]", "[{}]x"] {
            assert_eq!(sizes(wrong), [0; 0], "{wrong}");
        }
    }

    #[test]
    fn the_events_of_a_file_keep_their_bytes() {
        let text = "{\"n\": 1.50,\n \"n\":-0}\n{\"u\":\"\\u00e9\"}";
        let events = events(text).unwrap_or_default();
        assert_eq!(array(&events), "[{\"n\": 1.50,\n \"n\":-0},{\"u\":\"\\u00e9\"}]");
    }
}
