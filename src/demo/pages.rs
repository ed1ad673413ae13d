//! What the receiver shows: each request as it arrived, the newest first.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::receiver::{Kept, Receiver};
use crate::receiver::{Received, Signature};

/// Nothing but the receiver's own two files; what was received is text and can do nothing.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// A body is shown up to this many characters.
const SHOWN: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "demo/receiver.html")]
struct List {
    requests: Vec<Shown>,
    last: u64,
}

struct Shown {
    number: u64,
    request: Received,
    event: String,
    body: String,
    cut: bool,
}

impl Shown {
    fn new(Kept { number, request }: Kept) -> Self {
        let json = serde_json::from_slice::<serde_json::Value>(&request.body).ok();
        let event = json
            .as_ref()
            .and_then(|json| ["event", "type", "event_type"].into_iter().find_map(|key| json.get(key)?.as_str()));
        let event = event.unwrap_or_default().to_owned();
        let text = String::from_utf8_lossy(&request.body);
        let body: String = text.chars().take(SHOWN).collect();
        let cut = body.len() < text.len();
        Self { number, request, event, body, cut }
    }

    fn is_good(&self) -> bool {
        matches!(self.request.signature, Signature::Verifies(_))
    }

    fn is_taken(&self) -> bool {
        (200..210).contains(&self.request.answered.as_u16())
    }

    fn verdict(&self) -> String {
        match &self.request.signature {
            Signature::Verifies(webhook) => format!("signature verifies: {webhook}"),
            Signature::Unknown => "signed by no saved webhook".to_owned(),
            Signature::Stale(_) => "signed more than 5 minutes ago".to_owned(),
            Signature::Missing(_) => "not signed".to_owned(),
        }
    }

    fn is_test(&self) -> bool {
        self.request.is_test()
    }
}

pub(super) async fn list(receiver: web::Data<Receiver>) -> HttpResponse {
    let page = List { last: receiver.last(), requests: receiver.all().into_iter().map(Shown::new).collect() };
    match page.render() {
        Ok(html) => answer("text/html; charset=utf-8", html),
        Err(error) => {
            tracing::error!(error = %error, "the receiver's page cannot be rendered");
            HttpResponse::InternalServerError().body("The page cannot be shown.")
        }
    }
}

/// The number of the newest request, for the page to know whether it is still the newest.
pub(super) async fn last(receiver: web::Data<Receiver>) -> HttpResponse {
    answer("text/plain; charset=utf-8", receiver.last().to_string())
}

pub(super) async fn style() -> HttpResponse {
    answer("text/css; charset=utf-8", include_str!("../../static/receiver.css").to_owned())
}

pub(super) async fn script() -> HttpResponse {
    answer("text/javascript; charset=utf-8", include_str!("../../static/receiver.js").to_owned())
}

fn answer(content_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("content-security-policy", POLICY))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("cache-control", "no-store"))
        .body(body)
}
