//! History: what was sent, to whom, and what came back; reads deliveries and attempts, and changes nothing.

mod answer;
pub(crate) mod api;
mod export;
mod form;
pub(crate) mod pages;
mod store;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) use answer::Delivery as DeliveryAnswer;
pub use pages::routes;
pub use store::events::{EventFilter, EventPage, EventSearch, EventSummary, page as events};
pub use store::hours::{HOURS, Hour, Total, day, hours, latencies, totals};
pub use store::last::{
    Last, MOST_WAITING, Signs, Waiting, count_waiting, count_waiting_each, last_deliveries, signs, waiting,
};
pub use store::letter::{Attempt, AttemptLine, Delivery, Letter, Origin, attempts, letter};
pub use store::log::{LogCursor, LogPage, LogRow, Verdict, log};
pub use store::{Page, Summary, find, page};

use crate::clock::Time;
use crate::delivery::{DeliveryId, State};
use crate::events::{Environment, EventId};
use crate::webhooks::WebhookId;
use crate::webhooks::set::WebhookSet;

crate::word_enum! {
    /// How the state of a delivery reads: as it is stored, but for what waits.
    Reading {
        /// Waits for its first attempt.
        Queued = "queued",
        /// Waits for another attempt.
        Retrying = "retrying",
        /// Waits for its webhook, which is not sent to.
        Held = "held",
        /// A request is on its way.
        Sending = "sending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Every attempt failed.
        Failed = "failed",
        /// Its webhook was switched off or deleted first.
        Cancelled = "cancelled",
    }
}

impl Reading {
    /// How a delivery of that state reads; `held` says that its webhook is not sent to.
    pub fn of(state: State, attempts: i32, held: bool) -> Self {
        match state {
            State::Queued if held => Self::Held,
            State::Queued if attempts > 0 => Self::Retrying,
            State::Queued => Self::Queued,
            State::Sending => Self::Sending,
            State::Delivered => Self::Delivered,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }

    /// The state that is stored.
    pub fn state(self) -> State {
        match self {
            Self::Queued | Self::Retrying | Self::Held => State::Queued,
            Self::Sending => State::Sending,
            Self::Delivered => State::Delivered,
            Self::Failed => State::Failed,
            Self::Cancelled => State::Cancelled,
        }
    }
}

/// What came back last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status from the first to the second.
    Status(i32, i32),
    /// Something was sent, and no status came.
    Nothing,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// This delivery.
    Delivery(DeliveryId),
    /// The deliveries of this event.
    Event(EventId),
    /// The deliveries of this webhook.
    Webhook(WebhookId),
    /// The deliveries of this resource.
    Resource(String),
    /// Text in the title or in the webhook's name at that time, or the id of a resource.
    Text(String),
}

/// Which deliveries are asked for; what is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// How its state reads.
    pub reading: Option<Reading>,
    /// Whose.
    pub webhook: Option<WebhookId>,
    /// Of which event type.
    pub event_type: Option<String>,
    /// What came back last.
    pub answer: Option<Answer>,
    /// Made at this time or later.
    pub from: Option<Time>,
    /// Made before this time.
    pub until: Option<Time>,
    /// Search text or id.
    pub search: Option<Search>,
    /// Only tests.
    pub tests: bool,
    /// Only of this world.
    pub environment: Option<Environment>,
}

/// Where a page begins; opaque in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Goes on with what is older than this one.
    Older(DeliveryId),
    /// Goes back to what is newer than this one.
    Newer(DeliveryId),
}

impl Cursor {
    /// As the address carries it.
    pub fn to_text(self) -> String {
        let (letter, id) = match self {
            Self::Older(id) => ('o', id),
            Self::Newer(id) => ('n', id),
        };
        URL_SAFE_NO_PAD.encode(format!("{letter}{id}"))
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (letter, id) = bytes.split_first()?;
        let id = DeliveryId::parse(std::str::from_utf8(id).ok()?)?;
        match letter {
            b'o' => Some(Self::Older(id)),
            b'n' => Some(Self::Newer(id)),
            _ => None,
        }
    }
}

/// A page that is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which deliveries.
    pub filter: Filter,
    /// From where; the newest first when not given.
    pub cursor: Option<Cursor>,
    /// How many.
    pub limit: i64,
}

/// The times of two filter fields, `from` and `to`, as the lists of this portal take them.
///
/// # Errors
/// How a time is written.
pub(crate) fn moments(from: &str, to: &str, now: Time) -> Result<(Option<Time>, Option<Time>), &'static str> {
    let from = form::given(from).map(|text| form::from(text, now)).transpose()?;
    Ok((from, form::given(to).map(form::until).transpose()?))
}

/// The webhooks that are not sent to now: what waits for them reads as held.
pub fn unsendable(set: &WebhookSet) -> Vec<WebhookId> {
    set.all().iter().filter(|webhook| !webhook.is_sendable()).map(|webhook| webhook.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let id: DeliveryId = Ids::random().make();
        for cursor in [Cursor::Older(id), Cursor::Newer(id)] {
            assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }
        let foreign = URL_SAFE_NO_PAD.encode("oevt_00000000000000000000000001");
        let other = URL_SAFE_NO_PAD.encode(format!("x{id}"));
        let longer = format!("{}A", Cursor::Older(id).to_text());
        for text in ["", "o", "!!", id.as_str(), &foreign, &other, &longer] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_reading_leads_back_to_its_state() {
        for state in State::ALL {
            for (attempts, held) in [(0, false), (0, true), (3, false), (3, true)] {
                assert_eq!(Reading::of(*state, attempts, held).state(), *state);
            }
        }
    }
}
