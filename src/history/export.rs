//! Deliveries as a file: every row that a filter finds, the newest first, as CSV or as one line of JSON each.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::Value;

use super::answer::DeliverySummary;
use super::{Cursor, Page, Request, page, unsendable};
use crate::db::{Conn, DbError};
use crate::events::Environment;
use crate::webhooks::WebhookId;
use crate::webhooks::set::Webhooks;

/// How many rows are read at once: what an export holds in memory.
pub(super) const AT_ONCE: i64 = 500;

/// The columns: the fields of the API, and the world, of which a person sees both.
const COLUMNS: [&str; 17] = [
    "id",
    "event_id",
    "event_type",
    "title",
    "webhook_id",
    "webhook_name",
    "test",
    "state",
    "attempt_count",
    "scheduled_attempts",
    "schedule_length",
    "next_attempt_at",
    "last_outcome",
    "last_status",
    "last_duration_ms",
    "created_at",
    "environment",
];

/// A delivery as a file tells it.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    summary: DeliverySummary,
    environment: Environment,
}

crate::word_enum! {
    /// The kind of file, as its name ends.
    Kind {
        /// A table with a row of names (RFC 4180).
        Csv = "csv",
        /// One JSON object a line.
        Ndjson = "ndjson",
    }
}

impl Kind {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// What stands before the rows.
    pub(super) fn head(self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Csv => table([COLUMNS.map(Cow::Borrowed)]),
            Self::Ndjson => Ok(Vec::new()),
        }
    }

    fn rows(self, page: &Page, held: &[WebhookId]) -> anyhow::Result<Vec<u8>> {
        let rows = page.rows.iter().map(|summary| Line {
            summary: DeliverySummary::of(summary, summary.reading(held)),
            environment: summary.environment,
        });
        match self {
            Self::Csv => {
                let values = rows.map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
                table(values.iter().map(|row| COLUMNS.map(|name| cell(&row[name]))))
            }
            Self::Ndjson => {
                let mut text = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut text, &row)?;
                    text.push(b'\n');
                }
                Ok(text)
            }
        }
    }
}

/// The rows of one page, and where the next one begins.
pub(super) fn part(
    conn: &mut Conn,
    webhooks: &Webhooks,
    kind: Kind,
    request: &Request,
) -> Result<(Vec<u8>, Option<Cursor>), DbError> {
    let held = unsendable(&*webhooks.read(conn)?);
    let page = page(conn, request, &held)?;
    Ok((kind.rows(&page, &held).map_err(DbError::unwritable)?, page.older))
}

fn table<'a>(rows: impl IntoIterator<Item = [Cow<'a, str>; COLUMNS.len()]>) -> anyhow::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(AsRef::<str>::as_ref))?;
    }
    writer.into_inner().map_err(|error| anyhow::anyhow!("{}", error.error()))
}

fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => harmless(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
    }
}

/// A text that a spreadsheet would run as a formula begins with an apostrophe instead.
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}
