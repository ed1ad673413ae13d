//! The filters of the list of deliveries, as an address carries them: what was typed, and what it asks for.

pub(crate) mod events;

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Answer, Cursor, Filter, Reading, Request, Search};
use crate::clock::Time;
use crate::delivery::DeliveryId;
use crate::events::{Environment, EventId};
use crate::web::listing;
use crate::web::listing::NO_ENVIRONMENT;
use crate::webhooks::WebhookId;

/// Where the list lives.
pub(crate) const ADDRESS: &str = "/deliveries";
/// The value of `from` that moves with the time.
pub(crate) const LAST_DAY: &str = "24h";
/// How many rows a page has.
const SIZES: [i64; 3] = [25, 50, 100];
const USUAL_SIZE: i64 = 25;
/// In characters.
pub(crate) const LONGEST_SEARCH: usize = 256;

/// The fields of the address, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typed {
    /// How the state reads.
    #[param(value_type = Reading, inline)]
    pub(crate) state: String,
    /// The id of a webhook.
    #[param(value_type = WebhookId, inline)]
    pub(crate) webhook: String,
    /// An event type, such as `document.released`.
    #[serde(rename = "type")]
    #[param(example = "document.released")]
    pub(crate) event_type: String,
    /// What came back last: a class such as `5xx`, a status such as `404`, or `none`.
    #[param(example = "5xx")]
    pub(crate) status: String,
    /// Made at this time or later, in UTC: `2026-11-24T10:05`, `2026-11-24`, or `24h` for the last day.
    #[param(example = "2026-11-24T10:05")]
    pub(crate) from: String,
    /// Made until this time, in UTC: `2026-11-24T10:05` or `2026-11-24`; the whole of the minute or day belongs to it.
    #[param(example = "2026-11-24")]
    pub(crate) to: String,
    /// The id of a delivery, an event, a webhook or a resource, or text of the title or of the webhook's name.
    #[param(max_length = 256, example = "Safety guide")]
    pub(crate) q: String,
    /// `true` for tests alone.
    #[param(example = "true")]
    pub(crate) test: String,
    /// `production` or `test`; a program sees that of its key alone.
    #[param(ignore)]
    pub(crate) environment: String,
    /// Where the page begins: `next_cursor` of the page before.
    #[param(example = "b2Rsdl8wMWthejRxOXNqZjZ6cjJ2OGFnMngzcDdkbQ")]
    pub(crate) cursor: String,
    /// How many: 25 unless given, 50 or 100; what lies between gets the next larger.
    #[param(value_type = u32, minimum = 1, maximum = 100, example = 50)]
    pub(crate) limit: String,
}

/// A field that was not understood, and what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misread {
    pub(crate) field: &'static str,
    pub(crate) sentence: &'static str,
}

impl Typed {
    /// What it asks for, or what was not understood.
    pub(crate) fn read(&self, now: Time) -> Result<Request, Misread> {
        let filter = Filter {
            reading: field("state", &self.state, state)?,
            webhook: field("webhook", &self.webhook, webhook)?,
            event_type: field("type", &self.event_type, event_type)?,
            answer: field("status", &self.status, answer)?,
            from: field("from", &self.from, |text| from(text, now))?,
            until: field("to", &self.to, until)?,
            search: field("q", &self.q, search)?,
            tests: field("test", &self.test, test)?.unwrap_or(false),
            environment: field("environment", &self.environment, environment)?,
        };
        let cursor = field("cursor", &self.cursor, cursor)?;
        Ok(Request { filter, cursor, limit: field("limit", &self.limit, limit)?.unwrap_or(USUAL_SIZE) })
    }

    /// True for the name of a field.
    pub(crate) fn has(name: &str) -> bool {
        Self::default().fields().iter().any(|(known, _)| *known == name)
    }

    /// The address of these filters and this page size, with some fields changed (an empty value takes one off).
    pub(crate) fn address(&self, changes: &[(&str, &str)]) -> String {
        listing::address(
            ADDRESS,
            self.fields().into_iter().map(|(name, value)| {
                (name, changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| *value))
            }),
        )
    }

    /// The filters in use, by field.
    pub(crate) fn used(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields().into_iter().filter(|(field, value)| !value.is_empty() && *field != "limit")
    }

    /// The address of everything that these filters find, in a file of that kind.
    pub(crate) fn export(&self, kind: &str) -> String {
        let address = self.filters().address(&[]);
        format!("{ADDRESS}.{kind}{}", address.strip_prefix(ADDRESS).unwrap_or_default())
    }

    /// Every field but the cursor belongs to the filters; a changed filter begins at its first page.
    fn fields(&self) -> [(&'static str, &str); 11] {
        [
            ("state", &self.state),
            ("webhook", &self.webhook),
            ("type", &self.event_type),
            ("status", &self.status),
            ("from", &self.from),
            ("to", &self.to),
            ("q", &self.q),
            ("test", &self.test),
            ("environment", &self.environment),
            ("limit", &self.limit),
            ("cursor", ""),
        ]
    }

    /// What failed since then.
    pub(crate) fn failed(from: &str) -> Self {
        Self { state: Reading::Failed.as_str().to_owned(), from: from.to_owned(), ..Self::default() }
    }

    /// The filters alone.
    pub(crate) fn filters(&self) -> Self {
        Self { limit: String::new(), cursor: String::new(), ..self.clone() }
    }
}

pub(super) fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// An empty field is one that was not given.
fn field<T>(
    field: &'static str,
    text: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, Misread> {
    given(text).map(read).transpose().map_err(|sentence| Misread { field, sentence })
}

fn state(text: &str) -> Result<Reading, &'static str> {
    Reading::parse(text).ok_or("There is no such state. Choose one from the list.")
}

fn environment(text: &str) -> Result<Environment, &'static str> {
    Environment::parse(text).ok_or(NO_ENVIRONMENT)
}

fn webhook(text: &str) -> Result<WebhookId, &'static str> {
    WebhookId::parse(text).ok_or("This is no webhook's id. Choose a webhook from the list.")
}

fn event_type(text: &str) -> Result<String, &'static str> {
    let sound = text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if sound { Ok(text.to_owned()) } else { Err("There is no such event. Choose one from the list.") }
}

/// `2xx`, `404` or `none`.
fn answer(text: &str) -> Result<Answer, &'static str> {
    const UNKNOWN: &str = "An answer is a class such as 5xx, a status such as 404, or none.";
    if text == "none" {
        return Ok(Answer::Nothing);
    }
    let class =
        text.strip_suffix("xx").and_then(|class| class.parse::<i32>().ok()).filter(|class| (1..=5).contains(class));
    if let Some(class) = class {
        return Ok(Answer::Status(class * 100, class * 100 + 99));
    }
    let status = text.parse::<i32>().ok().filter(|status| text.len() == 3 && (100..=999).contains(status));
    status.map(|status| Answer::Status(status, status)).ok_or(UNKNOWN)
}

pub(super) fn from(text: &str, now: Time) -> Result<Time, &'static str> {
    if text == LAST_DAY {
        return Ok(now.minus(Duration::from_secs(24 * 3600)));
    }
    moment(text).map(|(time, _)| time)
}

/// The whole of the minute or day that was typed belongs to the time asked for.
pub(super) fn until(text: &str) -> Result<Time, &'static str> {
    moment(text).map(|(time, precision)| time.plus(precision))
}

/// A time in UTC, and how exact it is.
fn moment(text: &str) -> Result<(Time, Duration), &'static str> {
    const UNKNOWN: &str = "A time is written as 2026-11-24T10:05 or 2026-11-24, in UTC.";
    let bare = text.strip_suffix('Z').unwrap_or(text).replacen(' ', "T", 1);
    let exact = |format, seconds| {
        let time = NaiveDateTime::parse_from_str(&bare, format).ok()?;
        Some((time, Duration::from_secs(seconds)))
    };
    let day = || {
        Some((NaiveDate::parse_from_str(&bare, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?, Duration::from_secs(86_400)))
    };
    let (time, precision) =
        exact("%Y-%m-%dT%H:%M", 60).or_else(|| exact("%Y-%m-%dT%H:%M:%S", 1)).or_else(day).ok_or(UNKNOWN)?;
    // Years beyond these mean nothing here, and no database takes them all.
    let year = chrono::Datelike::year(&time);
    if (1970..=9999).contains(&year) { Ok((Time::from_utc(time.and_utc()), precision)) } else { Err(UNKNOWN) }
}

fn search(text: &str) -> Result<Search, &'static str> {
    if text.chars().count() > LONGEST_SEARCH {
        return Err("Search for at most 256 characters.");
    }
    if text.contains('\0') {
        return Err("The search text holds a character that no title or name can hold.");
    }
    Ok(DeliveryId::parse(text)
        .map(Search::Delivery)
        .or_else(|| EventId::parse(text).map(Search::Event))
        .or_else(|| WebhookId::parse(text).map(Search::Webhook))
        .unwrap_or_else(|| Search::Text(text.to_owned())))
}

fn test(text: &str) -> Result<bool, &'static str> {
    if text == "true" { Ok(true) } else { Err("The filter for tests is test=true.") }
}

fn cursor(text: &str) -> Result<Cursor, &'static str> {
    Cursor::parse(text).ok_or("This page address is not valid. Start again at the first page.")
}

/// The next larger size there is; what is beyond the largest gets the largest.
fn limit(text: &str) -> Result<i64, &'static str> {
    let wish = text.parse::<u32>().ok().filter(|wish| *wish > 0).ok_or("A page has 25, 50 or 100 rows.")?;
    Ok(SIZES.into_iter().find(|size| *size >= i64::from(wish)).unwrap_or(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(change: impl FnOnce(&mut Typed)) -> Result<Request, Misread> {
        let mut typed = Typed::default();
        change(&mut typed);
        typed.read(Time::from_micros(86_400_000_000))
    }

    #[test]
    fn what_cannot_be_understood_is_said_and_never_ignored() {
        let refused = |change: fn(&mut Typed, String), values: &[&str]| {
            for value in values {
                assert!(typed(|typed| change(typed, (*value).to_owned())).is_err(), "{value}");
            }
        };
        refused(|typed, value| typed.state = value, &["lost", "Failed", "failed'"]);
        refused(|typed, value| typed.webhook = value, &["1 or 1=1", "evt_00000000000000000000000001"]);
        refused(|typed, value| typed.event_type = value, &["a b", "ä", "'"]);
        refused(|typed, value| typed.status = value, &["6xx", "0xx", "20", "-20", "+20", "1000", "xx", "ok"]);
        refused(
            |typed, value| typed.from = value,
            &["yesterday", "2026-13-01", "2026-11-24T25:00", "-9999-01-01", "99999-01-01"],
        );
        refused(|typed, value| typed.to = value, &["24h", "2026-11-24T10:05:00+02:00"]);
        refused(|typed, value| typed.q = value, &[&"a".repeat(257), "a\0b"]);
        refused(|typed, value| typed.test = value, &["false", "1"]);
        refused(|typed, value| typed.environment = value, &["Test", "all"]);
        refused(|typed, value| typed.cursor = value, &["x", "' or 1=1"]);
        refused(|typed, value| typed.limit = value, &["0", "-1", "9e9", "abc", "99999999999"]);
    }

    #[test]
    fn a_page_size_is_the_next_larger_one() {
        for (text, size) in [("", 25), ("1", 25), ("25", 25), ("26", 50), ("100", 100), ("100000", 100)] {
            assert_eq!(typed(|typed| typed.limit = text.to_owned()).unwrap().limit, size, "{text}");
        }
    }

    #[test]
    fn a_minute_or_a_day_belongs_to_its_time_as_a_whole() {
        let until = |text: &str| typed(|typed| typed.to = text.to_owned()).unwrap().filter.until.unwrap().rfc3339();
        assert_eq!(until("2026-11-24T10:05"), "2026-11-24T10:06:00.000Z");
        assert_eq!(until("2026-11-24T10:05:07Z"), "2026-11-24T10:05:08.000Z");
        assert_eq!(until("2026-11-24"), "2026-11-25T00:00:00.000Z");
        let from = typed(|typed| typed.from = LAST_DAY.to_owned()).unwrap().filter.from;
        assert_eq!(from, Some(Time::from_micros(0)));
    }

    #[test]
    fn a_changed_filter_begins_at_its_first_page_and_keeps_the_rest() {
        let typed = Typed {
            q: "a&b =c".to_owned(),
            state: "failed".to_owned(),
            cursor: "x".to_owned(),
            limit: "25".to_owned(),
            ..Typed::default()
        };
        assert_eq!(typed.address(&[("state", "")]), "/deliveries?q=a%26b+%3Dc&limit=25");
        assert_eq!(typed.address(&[("cursor", "y")]), "/deliveries?state=failed&q=a%26b+%3Dc&limit=25&cursor=y");
        assert_eq!(Typed::default().address(&[]), "/deliveries");
    }
}
