//! What the API tells of deliveries: the fields of its answers, as programs read them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::store::letter::pairs;
use super::{Letter, Page, Reading, Summary, store};
use crate::clock::Time;
use crate::delivery::{DeliveryId, Outcome, Reason, State};
use crate::events::{Environment, EventId, Source};
use crate::outbound::Note;
use crate::web::exchange;
use crate::webhooks::WebhookId;

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryList {
    /// The newest first.
    data: Vec<DeliverySummary>,
    /// What `cursor` must be for the page after this one; null at the end. A page may be short, or empty, and still
    /// have one after it: a search looks at 50,000 deliveries at most for each page.
    #[schema(example = "b2Rsdl8wMWthejRxOXNqZjZ6cjJ2OGFnMngzcDdkbQ")]
    next_cursor: Option<String>,
}

impl DeliveryList {
    pub(super) fn of(page: &Page, held: &[WebhookId]) -> Self {
        Self {
            data: page.rows.iter().map(|summary| DeliverySummary::of(summary, summary.reading(held))).collect(),
            next_cursor: page.older.map(super::Cursor::to_text),
        }
    }
}

/// A delivery: one event on its way to one webhook.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliverySummary {
    id: DeliveryId,
    /// Its event; null for tests.
    event_id: Option<EventId>,
    /// The type of its event.
    #[schema(example = "document.released")]
    event_type: String,
    /// What the event is about.
    #[schema(example = "Safety guide")]
    title: String,
    /// Its webhook; null for a test of a webhook that was not saved.
    webhook_id: Option<WebhookId>,
    /// The webhook's name when the delivery was made.
    #[schema(example = "CI")]
    webhook_name: String,
    /// Made by **Test webhook**.
    #[schema(example = false)]
    test: bool,
    state: Reading,
    /// How many attempts were made, those that somebody asked for included.
    #[schema(example = 2)]
    attempt_count: i32,
    /// How many of them by the schedule.
    #[schema(example = 2)]
    scheduled_attempts: i32,
    /// How many the schedule makes at most.
    #[schema(example = 10)]
    schedule_length: i32,
    /// When the next attempt is due; null where none is, and while the delivery is held.
    next_attempt_at: Option<Time>,
    /// How the last attempt ended; null before the first.
    last_outcome: Option<Outcome>,
    /// The status that came back last.
    #[schema(example = 503)]
    last_status: Option<i32>,
    /// How long the last attempt that ended took.
    #[schema(example = 143)]
    last_duration_ms: Option<i32>,
    /// When it was made.
    created_at: Time,
}

impl DeliverySummary {
    pub(super) fn of(summary: &Summary, reading: Reading) -> Self {
        let due = match reading {
            Reading::Queued | Reading::Retrying => Some(summary.due_at),
            Reading::Held | Reading::Sending | Reading::Delivered | Reading::Failed | Reading::Cancelled => None,
        };
        Self {
            id: summary.id,
            event_id: summary.event_id,
            event_type: summary.event_type.clone(),
            title: summary.title.clone(),
            webhook_id: summary.webhook_id,
            webhook_name: summary.target_name.clone(),
            test: summary.is_test(),
            state: reading,
            attempt_count: summary.attempts,
            scheduled_attempts: summary.scheduled,
            schedule_length: summary.schedule_length,
            next_attempt_at: due,
            last_outcome: summary.last_outcome,
            last_status: summary.last_status,
            last_duration_ms: summary.last_duration_ms,
            created_at: summary.created_at,
        }
    }
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(super) struct EventList {
    /// The newest first.
    data: Vec<EventSummary>,
    /// What `cursor` must be for the page after this one; null at the end. A page may be short, or empty, and still
    /// have one after it: a search looks at 50,000 events at most for each page.
    #[schema(example = "oevt_01kaz4q9sjf6zr2v8ag2x3p7dm")]
    next_cursor: Option<String>,
}

impl EventList {
    pub(super) fn of(page: &super::EventPage) -> Self {
        let of = |id: &EventId| page.deliveries.get(id).map_or(&[][..], Vec::as_slice);
        Self {
            data: page.rows.iter().map(|row| EventSummary::of(row, of(&row.id))).collect(),
            next_cursor: page.older.map(|id| format!("o{id}")),
        }
    }
}

/// An event, and what became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct EventSummary {
    id: EventId,
    /// The event type.
    #[schema(example = "document.released")]
    r#type: String,
    environment: Environment,
    source: Source,
    /// What it is about: a title, or else an id.
    #[schema(example = "Safety guide")]
    title: String,
    /// How many deliveries it has in each state; empty where it was sent to nobody.
    #[schema(example = json!({ "delivered": 2 }))]
    deliveries: BTreeMap<&'static str, i64>,
    /// When it happened.
    occurred_at: Time,
    /// When it was published.
    created_at: Time,
}

impl EventSummary {
    fn of(row: &super::EventSummary, deliveries: &[(State, i64)]) -> Self {
        Self {
            id: row.id,
            r#type: row.type_.clone(),
            environment: row.environment,
            source: row.source,
            title: row.title.clone(),
            deliveries: deliveries.iter().map(|(state, count)| (state.as_str(), *count)).collect(),
            occurred_at: row.occurred_at,
            created_at: row.created_at,
        }
    }
}

/// A delivery with its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    #[serde(flatten)]
    summary: DeliverySummary,
    /// Where its event came from; null for tests.
    source: Option<Source>,
    /// When its event happened; null for tests.
    occurred_at: Option<Time>,
    /// What the body is.
    #[schema(example = "application/json")]
    content_type: String,
    /// The body, the same for all attempts; null once it is past the time that bodies are kept.
    body: Option<Body>,
    /// When it ended.
    settled_at: Option<Time>,
    /// Why it ended, where no attempt tells.
    #[schema(example = "The webhook was deleted.")]
    settled_reason: Option<String>,
    /// When its webhook was deleted.
    webhook_deleted_at: Option<Time>,
    /// When somebody asked for the attempt that waits now.
    resend_requested_at: Option<Time>,
    /// Who asked for it: a person or an API key, by name.
    #[schema(example = "Ada Admin")]
    resend_requested_by: Option<String>,
    /// Why it cannot be sent again now, in a sentence; null when it can.
    #[schema(example = "Its webhook is paused. Resume it first.")]
    resend_refused: Option<String>,
    /// The attempts in their order; of more than 200 the latest.
    attempts: Vec<Attempt>,
}

impl Delivery {
    pub(crate) fn of(letter: Letter, attempts: Vec<store::letter::Attempt>) -> Self {
        let reading = letter.reading();
        let delivery = letter.delivery;
        let by = delivery.asked_by().map(str::to_owned);
        Self {
            summary: DeliverySummary::of(&delivery.summary, reading),
            source: letter.origin.as_ref().map(|origin| origin.source),
            occurred_at: letter.origin.as_ref().map(|origin| origin.occurred_at),
            content_type: delivery.content_type,
            body: delivery.body.map(|text| Body { bytes: length(text.len()), ..Body::text(text) }),
            settled_at: delivery.settled_at,
            settled_reason: delivery.settled_reason,
            webhook_deleted_at: letter.deleted_at,
            resend_requested_at: delivery.resend_at,
            resend_requested_by: by,
            resend_refused: letter.refused.map(|refused| refused.to_string()),
            attempts: attempts.into_iter().map(Attempt::from).collect(),
        }
    }
}

/// One request to the receiver, and what came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Attempt {
    /// From 1.
    #[schema(example = 2)]
    number: i32,
    reason: Reason,
    /// Who asked for it: a person or an API key, by name; null for one of the schedule.
    #[schema(example = "Ada Admin")]
    requested_by: Option<String>,
    /// When it left.
    sent_at: Time,
    /// When it ended; null while it is on its way.
    ended_at: Option<Time>,
    outcome: Outcome,
    /// What happened, in a sentence; null when it succeeded.
    #[schema(example = "The receiver answered 503, so the service behind it is down or overloaded.")]
    cause: Option<String>,
    /// What to do, in a sentence; null when it succeeded.
    #[schema(example = "Look at the receiver's log; the message is tried again.")]
    remedy: Option<String>,
    /// Names and dates that help to find the fault.
    #[schema(example = "DNS does not know the name ci.example.com")]
    detail: Option<String>,
    /// What else is known, in a sentence.
    #[schema(example = "The receiver closed the connection before the answer's body was complete.")]
    note: Option<String>,
    /// When the next attempt was set for, then.
    next_attempt_at: Option<Time>,
    request: Request,
    /// Null when no answer came.
    response: Option<Response>,
    /// The address that was connected to.
    #[schema(example = "203.0.113.7:443")]
    remote_address: Option<String>,
    /// It went over a connection that was open already.
    #[schema(example = true)]
    connection_reused: bool,
    timing: Timing,
}

/// The head of a request; its body is that of the delivery.
#[derive(Serialize, ToSchema)]
struct Request {
    /// The method then.
    #[schema(example = "POST")]
    method: String,
    /// The address then.
    #[schema(example = "https://ci.example.com/hook")]
    url: String,
    /// As they were sent; what is secret was stored as dots.
    headers: Vec<Header>,
}

/// What the receiver answered.
#[derive(Serialize, ToSchema)]
struct Response {
    /// The status.
    #[schema(example = 503)]
    status: i32,
    /// As they came; cookies are left out.
    headers: Vec<Header>,
    /// The beginning of the body; null once it is past the time that bodies are kept.
    body: Option<Body>,
}

/// A header.
#[derive(Serialize, ToSchema)]
struct Header {
    /// In lower case.
    #[schema(example = "content-type")]
    name: String,
    /// Dots where it is secret.
    #[schema(example = "application/json")]
    value: String,
}

/// The bytes of a body.
#[derive(Serialize, ToSchema)]
struct Body {
    encoding: Encoding,
    /// What is kept: the text, or the bytes in base64.
    #[schema(example = r#"{"error":"out of memory"}"#)]
    data: String,
    /// How many bytes there were, as far as they were read.
    #[schema(example = 25)]
    bytes: i64,
    /// There was more than is kept.
    #[schema(example = false)]
    truncated: bool,
}

crate::word_enum! {
    /// How a body is written here.
    Encoding {
        /// UTF-8, as it was.
        Text = "text",
        /// Base64 of bytes that are no text.
        Base64 = "base64",
    }
}

impl Body {
    fn text(data: String) -> Self {
        Self { encoding: Encoding::Text, data, bytes: 0, truncated: false }
    }

    fn of(kept: &[u8], bytes: Option<i64>, truncated: bool) -> Self {
        let body = match exchange::text(kept, truncated) {
            Some(text) => Self::text(text.to_owned()),
            None => Self { encoding: Encoding::Base64, ..Self::text(STANDARD.encode(kept)) },
        };
        Self { bytes: bytes.unwrap_or_else(|| length(kept.len())), truncated, ..body }
    }
}

/// Where the time went, in microseconds; null for what did not happen.
#[derive(Serialize, ToSchema)]
struct Timing {
    /// The look-up of the name.
    #[schema(example = 1500)]
    dns_us: Option<i64>,
    /// The connection.
    #[schema(example = 12000)]
    connect_us: Option<i64>,
    /// The handshake.
    #[schema(example = 21000)]
    tls_us: Option<i64>,
    /// From the request to the head of the answer.
    #[schema(example = 98000)]
    first_byte_us: Option<i64>,
    /// All of it.
    #[schema(example = 143_000)]
    total_us: Option<i64>,
}

impl From<store::letter::Attempt> for Attempt {
    fn from(stored: store::letter::Attempt) -> Self {
        let line = &stored.line;
        let telling = !matches!(line.outcome, Outcome::Ok | Outcome::Sending);
        let response = line.status.map(|status| Response {
            status,
            headers: headers(stored.response_headers.as_deref()),
            body: stored.response_body.as_deref().map(|kept| Body::of(kept, stored.response_bytes, stored.truncated)),
        });
        Self {
            number: line.number,
            reason: line.reason,
            requested_by: Some(line.by().to_owned()).filter(|name| !name.is_empty()),
            sent_at: line.sent_at,
            ended_at: line.ended_at,
            outcome: line.outcome,
            cause: telling.then(|| line.cause()),
            remedy: telling.then(|| line.remedy().to_owned()),
            note: stored.note.as_deref().and_then(Note::from_code).map(|note| note.sentence().to_owned()),
            request: Request {
                method: stored.method,
                url: stored.url,
                headers: headers(stored.request_headers.as_deref()),
            },
            response,
            timing: Timing {
                dns_us: stored.dns_us,
                connect_us: stored.connect_us,
                tls_us: stored.tls_us,
                first_byte_us: stored.first_byte_us,
                total_us: line.total_us,
            },
            detail: stored.detail,
            next_attempt_at: stored.next_due_at,
            remote_address: stored.remote_address,
            connection_reused: stored.reused,
        }
    }
}

fn headers(stored: Option<&str>) -> Vec<Header> {
    pairs(stored).into_iter().map(|(name, value)| Header { name, value }).collect()
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
