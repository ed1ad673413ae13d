//! The log of one webhook: its attempts, the newest first, found through an index.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text, Timestamp};

use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::delivery::{DeliveryId, Kind, Outcome};
use crate::schema::{attempts, deliveries};
use crate::webhooks::WebhookId;

crate::word_enum! {
    /// Which attempts are asked for.
    Verdict {
        /// 200 to 209 came back.
        Success = "success",
        /// Anything else, or nothing.
        Failed = "failed",
    }
}

/// An attempt in the log.
#[derive(Clone, Debug, Queryable)]
pub struct LogRow {
    /// Its delivery.
    pub delivery_id: DeliveryId,
    /// Its number, from 1.
    pub number: i32,
    /// When it left.
    pub sent_at: Time,
    /// How it ended.
    pub outcome: Outcome,
    /// What came back.
    pub status: Option<i32>,
    /// How long it took, in microseconds.
    pub total_us: Option<i64>,
    /// The type of its event.
    pub event_type: String,
    /// The event's title.
    pub title: String,
    /// What it was for.
    pub kind: Kind,
}

/// Where a page of the log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCursor {
    /// Towards newer ones, and not older.
    pub back: bool,
    /// The row before the page.
    pub at: Time,
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Its number.
    pub number: i32,
}

/// A page of the log, the newest first, and whether there is more in each direction.
pub struct LogPage {
    /// The rows.
    pub rows: Vec<LogRow>,
    /// Newer ones exist.
    pub newer: bool,
    /// Older ones exist.
    pub older: bool,
}

/// Up to `limit` attempts for a webhook.
///
/// # Errors
/// When the database cannot be read.
pub fn log(
    conn: &mut Conn,
    webhook: WebhookId,
    verdict: Option<Verdict>,
    cursor: Option<LogCursor>,
    limit: i64,
) -> Result<LogPage, DbError> {
    let back = cursor.is_some_and(|cursor| cursor.back);
    let mut query = attempts::table
        .inner_join(deliveries::table.on(deliveries::id.eq(attempts::delivery_id)))
        .filter(attempts::webhook_id.eq(webhook))
        .into_boxed::<Backend>();
    query = match verdict {
        None => query,
        Some(Verdict::Success) => query.filter(attempts::outcome.eq(Outcome::Ok)),
        // Word for word the condition of the index.
        Some(Verdict::Failed) => query.filter(sql::<Bool>("attempts.outcome not in ('ok', 'sending', 'unknown')")),
    };
    if let Some(cursor) = cursor {
        let op = if back { ">" } else { "<" };
        query = query.filter(
            sql::<Bool>(&format!("(attempts.sent_at, attempts.delivery_id, attempts.number) {op} ("))
                .bind::<Timestamp, _>(cursor.at)
                .sql(", ")
                .bind::<Text, _>(cursor.delivery)
                .sql(", ")
                .bind::<Integer, _>(cursor.number)
                .sql(")"),
        );
    }
    query = if back {
        query.order((attempts::sent_at.asc(), attempts::delivery_id.asc(), attempts::number.asc()))
    } else {
        query.order((attempts::sent_at.desc(), attempts::delivery_id.desc(), attempts::number.desc()))
    };
    let mut rows: Vec<LogRow> = query
        .limit(limit + 1)
        .select((
            attempts::delivery_id,
            attempts::number,
            attempts::sent_at,
            attempts::outcome,
            attempts::status,
            attempts::total_us,
            deliveries::event_type,
            deliveries::title,
            deliveries::kind,
        ))
        .load(conn)?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if back {
        rows.reverse();
    }
    let (newer, older) = if back { (more, true) } else { (cursor.is_some(), more) };
    Ok(LogPage { rows, newer, older })
}
