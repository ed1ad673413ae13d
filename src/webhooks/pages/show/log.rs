//! The log of a webhook: one row for each attempt, and one attempt with what triggered it and what came back.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::super::edit::read as read_webhook;
use super::super::{LIST, address};
use super::overview::tab_of_log;
use super::own_frame;
use crate::clock::Time;
use crate::delivery::{DeliveryId, Kind};
use crate::event_types::Catalogue;
use crate::history::pages::{exact, result, shown_attempt, verdict};
use crate::history::{self, LogCursor, LogPage, LogRow, Verdict};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Body, Filled, Message, Pager, Sheet, View, When};
use crate::web::{Page, WebError};
use crate::webhooks::WebhookId;

/// How many rows a page has.
const SIZE: i64 = 25;

/// An attempt in the table.
pub(super) struct Row {
    /// "SUCCESS", "FAILED", "UNKNOWN", or a dash while it runs.
    pub(super) result: String,
    pub(super) state: Badge,
    pub(super) when: When,
    /// The code, or a dash and the cause.
    pub(super) status: String,
    pub(super) event: String,
    pub(super) title: String,
    pub(super) test: bool,
    pub(super) href: String,
}

/// The second tab.
pub(super) struct Log {
    pub(super) views: Vec<View>,
    pub(super) filled: Filled,
    pub(super) rows: Vec<Row>,
    pub(super) pager: Pager,
}

/// One attempt of the log.
#[derive(Template)]
#[template(path = "webhooks/log_dialog.html")]
struct LogDialog {
    frame: Frame,
    sheet: Sheet,
    result: String,
    state: Badge,
    when: When,
    event: String,
    title: String,
    request: Message,
    answer: Option<Message>,
    /// Why there is no answer.
    silence: String,
    delivery: String,
}

/// The word of the column Result.
fn word(state: Badge) -> String {
    if state == Badge::Sending { "–".to_owned() } else { state.word().to_uppercase() }
}

pub(super) async fn read(app: &App, id: WebhookId, wish: &str, cursor: &str) -> Result<Log, WebError> {
    let verdict = match wish {
        "" => None,
        word => Some(Verdict::parse(word).ok_or_else(|| bad("There is no such result. Choose one of the links."))?),
    };
    let from = match cursor {
        "" => None,
        text => Some(parse(text).ok_or_else(|| bad("This page address is not valid. Start again at the first page."))?),
    };
    let catalogue = app.catalogue().await?;
    let page = app.db.read(move |conn| history::log(conn, id, verdict, from, SIZE)).await?;
    let own = tab_of_log(id);
    let with = |word: &str| if word.is_empty() { own.clone() } else { format!("{own}&result={word}") };
    let view = |label, word: &str| View { label, href: with(word), current: wish == word };
    Ok(Log {
        views: vec![view("All", ""), view("SUCCESS", "success"), view("FAILED", "failed")],
        filled: match (page.rows.is_empty(), wish.is_empty() && cursor.is_empty()) {
            (false, _) => Filled::Rows,
            (true, true) => Filled::Empty,
            (true, false) => Filled::NoMatch,
        },
        pager: pager(&page, &with(wish)),
        rows: page.rows.into_iter().map(|found| row(id, found, &catalogue)).collect(),
    })
}

fn bad(sentence: &str) -> WebError {
    WebError::BadRequest(sentence.to_owned())
}

fn row(id: WebhookId, found: LogRow, catalogue: &Catalogue) -> Row {
    Row {
        result: word(verdict(found.outcome)),
        state: verdict(found.outcome),
        when: exact(found.sent_at),
        status: match found.status {
            Some(status) => result(Some(found.outcome), Some(status)),
            None => match result(Some(found.outcome), None).as_str() {
                "–" => "–".to_owned(),
                cause => format!("– {cause}"),
            },
        },
        event: catalogue.label(&found.event_type),
        title: found.title,
        test: found.kind == Kind::Test,
        href: format!("{}/log/{}/{}", address(id), found.delivery_id, found.number),
    }
}

fn pager(page: &LogPage, own: &str) -> Pager {
    let to = |back: bool, row: &LogRow| {
        let at = LogCursor { back, at: row.sent_at, delivery: row.delivery_id, number: row.number };
        format!("{own}&cursor={}", text(at))
    };
    let range = match (page.rows.last(), page.rows.first()) {
        (Some(oldest), Some(newest)) => format!("{} to {}", oldest.sent_at, newest.sent_at),
        (_, _) => String::new(),
    };
    Pager {
        range,
        newer: page.rows.first().filter(|_| page.newer).map(|row| to(true, row)),
        older: page.rows.last().filter(|_| page.older).map(|row| to(false, row)),
    }
}

/// As the address carries a cursor: letters, digits, underscores and dots.
fn text(cursor: LogCursor) -> String {
    let letter = if cursor.back { 'n' } else { 'o' };
    format!("{letter}.{}.{}.{}", cursor.at.micros(), cursor.delivery, cursor.number)
}

fn parse(text: &str) -> Option<LogCursor> {
    let parts: Vec<&str> = text.split('.').collect();
    let [letter, at, delivery, number] = parts.as_slice() else { return None };
    let back = match *letter {
        "n" => true,
        "o" => false,
        _ => return None,
    };
    let at = at.parse().ok().filter(|at: &i64| (0..=253_402_300_799_000_000).contains(at))?;
    let (delivery, number) = (DeliveryId::parse(delivery)?, number.parse().ok()?);
    Some(LogCursor { back, at: Time::from_micros(at), delivery, number })
}

pub(in crate::webhooks::pages) async fn attempt(
    app: Data<App>,
    admin: Admin,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse, WebError> {
    let (id, delivery, number) = path.into_inner();
    let id = WebhookId::parse(&id).ok_or(WebError::NotFound)?;
    let delivery = DeliveryId::parse(&delivery).ok_or(WebError::NotFound)?;
    let number: i32 = number.parse().map_err(|_| WebError::NotFound)?;
    let webhook = read_webhook(&app, id).await?;
    let webhooks = app.webhooks.clone();
    let letter = app.db.read(move |conn| history::letter(conn, &webhooks, delivery, Some(number))).await?;
    let summary = &letter.delivery.summary;
    let chosen = letter.chosen.as_ref().filter(|_| summary.webhook_id == Some(id)).ok_or(WebError::NotFound)?;
    let (request, answer) = shown_attempt(&letter.delivery, chosen);
    let line = &chosen.line;
    let page = LogDialog {
        frame: own_frame(&admin, &webhook),
        sheet: Sheet {
            heading: format!("Attempt {number}"),
            target: LIST.to_owned(),
            back: tab_of_log(id),
            ..Sheet::default()
        },
        result: word(verdict(line.outcome)),
        state: verdict(line.outcome),
        when: exact(line.sent_at),
        event: app.catalogue().await?.label(&summary.event_type),
        title: summary.title.clone(),
        request,
        answer,
        silence: line.outcome.cause(None),
        delivery: format!("/deliveries/{delivery}?attempt={number}"),
    };
    page.answer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let delivery: DeliveryId = Ids::random().make();
        for back in [true, false] {
            let cursor = LogCursor { back, at: Time::from_micros(1_795_514_400_000_001), delivery, number: 3 };
            assert_eq!(parse(&text(cursor)), Some(cursor));
        }
        for wrong in ["", "o", "o.1.2.3", "x.1.dlv_1.1", &format!("o.-1.{delivery}.1"), &format!("o.1.{delivery}.x")] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
