//! The filters of the list of events, as an address carries them.

use serde::Deserialize;
use utoipa::IntoParams;

use super::{LONGEST_SEARCH, Misread, field};
use crate::clock::Time;
use crate::events::{EventId, Source};
use crate::history::{EventFilter, EventSearch};
use crate::web::listing;

/// Where the list is.
pub(crate) const LIST: &str = "/events";

/// The fields of the address, as they came.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Typed {
    /// An event type, such as `document.released`.
    #[serde(rename = "type")]
    #[param(example = "document.released")]
    pub(crate) event_type: String,
    /// Where it came from.
    #[param(value_type = Source, inline)]
    pub(crate) source: String,
    /// `production` or `test`; a program sees that of its key alone.
    #[param(ignore)]
    pub(crate) environment: String,
    /// Taken at this time or later, in UTC: `2026-11-24T10:05`, `2026-11-24`, or `24h` for the last day.
    #[param(example = "2026-11-24T10:05")]
    pub(crate) from: String,
    /// Taken until this time, in UTC: `2026-11-24T10:05` or `2026-11-24`; the whole of the minute or day belongs to it.
    #[param(example = "2026-11-24")]
    pub(crate) to: String,
    /// The id of an event or of a resource, or text with which a word of the title begins.
    #[param(max_length = 256, example = "Safety guide")]
    pub(crate) q: String,
    /// Where the page begins: `next_cursor` of the page before.
    #[param(example = "oevt_01kaz4q9sjf6zr2v8ag2x3p7dm")]
    pub(crate) cursor: String,
    /// How many: 25 unless given, 50 or 100; what lies between gets the next larger.
    #[param(value_type = u32, minimum = 1, maximum = 100, example = 50)]
    pub(crate) limit: String,
}

/// A page that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) filter: EventFilter,
    /// Where it begins, towards newer ones (`true`) or older ones.
    pub(crate) cursor: Option<(bool, EventId)>,
    pub(crate) limit: i64,
}

impl Typed {
    /// What it asks for, or what was not understood.
    pub(crate) fn read(&self, now: Time) -> Result<Asked, Misread> {
        let filter = EventFilter {
            event_type: field("type", &self.event_type, super::event_type)?,
            source: field("source", &self.source, source)?,
            environment: field("environment", &self.environment, super::environment)?,
            from: field("from", &self.from, |text| super::from(text, now))?,
            until: field("to", &self.to, super::until)?,
            search: field("q", &self.q, search)?,
        };
        let cursor = field("cursor", &self.cursor, |text| listing::cursor(text, EventId::parse))?.flatten();
        Ok(Asked { filter, cursor, limit: field("limit", &self.limit, super::limit)?.unwrap_or(super::USUAL_SIZE) })
    }

    /// True for the name of a field.
    pub(crate) fn has(name: &str) -> bool {
        ["limit", "cursor"].contains(&name) || Self::default().filters().iter().any(|(known, _)| *known == name)
    }

    /// The filters; a changed one begins at its first page.
    pub(crate) fn filters(&self) -> [(&'static str, &str); 6] {
        [
            ("type", &self.event_type),
            ("source", &self.source),
            ("environment", &self.environment),
            ("from", &self.from),
            ("to", &self.to),
            ("q", &self.q),
        ]
    }

    /// The address of these filters without one of them, or at a cursor.
    pub(crate) fn address(&self, without: &str, cursor: &str) -> String {
        let filters = self.filters().into_iter().filter(|(name, _)| *name != without);
        listing::address(LIST, filters.chain([("limit", self.limit.as_str()), ("cursor", cursor)]))
    }
}

fn source(text: &str) -> Result<Source, &'static str> {
    Source::parse(text).ok_or("There is no such source. Choose one from the list.")
}

fn search(text: &str) -> Result<EventSearch, &'static str> {
    if text.chars().count() > LONGEST_SEARCH || text.contains('\0') {
        return Err("Search for at most 256 characters, without control characters.");
    }
    Ok(EventId::parse(text).map_or_else(|| EventSearch::Text(text.to_owned()), EventSearch::Event))
}
