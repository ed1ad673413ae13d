//! How the description of the API tells of refusals: one response for each status, with its codes.

use serde_json::json;
use utoipa::ToResponse;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};

/// A response that operations refer to: its name, what it says, and an example.
struct Refusal {
    name: &'static str,
    about: &'static str,
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
    /// What is to blame in the example.
    path: &'static str,
}

impl Refusal {
    fn response(&self) -> Response {
        let Self { about, status, code, title, detail, path, .. } = self;
        let mut example =
            json!({ "type": "about:blank", "title": title, "status": status, "code": code, "detail": detail });
        if !path.is_empty() {
            example["errors"] = json!([{ "path": path, "message": "There is no such field." }]);
        }
        example["request_id"] = "req_4fTz0QmWc81LrXv92hJb".into();
        let content =
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(Some(example)).build();
        let response = ResponseBuilder::new().description(about.trim()).content("application/problem+json", content);
        match status {
            429 | 503 => {
                let seconds = HeaderBuilder::new().description(Some("After how many seconds to repeat it.")).build();
                response.header("Retry-After", seconds).build()
            }
            _ => response.build(),
        }
    }
}

/// Declares the responses as types, which operations name.
macro_rules! refusals {
    ($($(#[doc = $about:literal])+ $name:ident($status:literal, $code:literal, $title:literal, $detail:literal $(, $path:literal)?);)+) => {
        $(
            $(#[doc = $about])+
            pub(crate) struct $name;

            impl<'r> ToResponse<'r> for $name {
                fn response() -> (&'r str, RefOr<Response>) {
                    let refusal = Refusal {
                        name: stringify!($name),
                        about: concat!($($about),+),
                        status: $status,
                        code: $code,
                        title: $title,
                        detail: $detail,
                        path: concat!($($path)?),
                    };
                    (refusal.name, refusal.response().into())
                }
            }
        )+

        /// All of them, with their names.
        pub(crate) fn responses() -> Vec<(&'static str, RefOr<Response>)> {
            vec![$($name::response()),+]
        }
    };
}

refusals! {
    /// The query cannot be read: `unknown_field`, `invalid_parameter` or `bad_request`.
    BadQuery(400, "unknown_field", "The request was refused", "The query has a field that this list does not have.", "color");
    /// The body cannot be read: `invalid_json`, `unknown_field`, or `invalid_event` for the Idempotency-Key.
    BadBody(400, "unknown_field", "The request was refused", "The body has a field that events do not have.", "/0/color");
    /// The body cannot be read: `invalid_json` or `unknown_field`.
    BadJson(400, "unknown_field", "The request was refused", "The body has a field that webhooks do not have.", "/color");
    /// There is no API key, or none that is valid: `unauthorized`.
    Unauthorized(401, "unauthorized", "An API key is needed", "Send a valid API key in the Authorization header: Bearer prk_….");
    /// The key lacks the scope: `forbidden`.
    Forbidden(403, "forbidden", "The API key may not do this", "This API key lacks the scope events:read.");
    /// There is no such thing in the key's environment: `not_found`.
    NotFound(404, "not_found", "There is no such page", "There is nothing at this address.");
    /// The body took too long to arrive: `timeout`.
    TimedOut(408, "timeout", "This took too long", "The request took too long to arrive. Send it again.");
    /// It cannot be sent again now: `conflict`; the sentence says why.
    NotNow(409, "conflict", "The request was refused", "It is being sent right now. Wait for the end of this attempt.");
    /// Another webhook has this code, or there are as many webhooks as there may be: `conflict`.
    NoRoom(409, "conflict", "The request was refused", "Another webhook has this code; choose another, or leave it empty for a suggestion.");
    /// Somebody changed it since that version: `conflict`.
    Older(409, "conflict", "The request was refused", "Somebody saved this webhook while you were editing.");
    /// The Idempotency-Key was used for another body: `idempotency_conflict`.
    Repeated(409, "idempotency_conflict", "The request was refused", "This Idempotency-Key was used for another body. Use a new key for a new request.");
    /// The body is larger than 4 MiB, or an event than 256 KiB, or schemas and templates make more work of the events than
    /// one request may ask for: `too_large`; nothing was stored, and the sentence says whether to post fewer events at once.
    TooLarge(413, "too_large", "The request was refused", "One event holds at most 256 KiB.");
    /// Its state, or that of the others, does not allow it: `conflict`; the sentence says why.
    CredentialConflict(409, "conflict", "The request was refused", "1 webhook uses it: “Build server”. Choose another login there first.");
    /// The body is larger than 256 KiB: `too_large`.
    LargeBody(413, "too_large", "The request was refused", "This is larger than Postrider takes. Shorten the longest text and send it again.");
    /// A field is not as it must be: `invalid_credential`; nothing was stored.
    InvalidCredential(422, "invalid_credential", "The request was refused", "A field is not as it must be; nothing was stored.", "/password");
    /// The body is not `application/json` in UTF-8, or is compressed: `unsupported_media_type`.
    WrongType(415, "unsupported_media_type", "This type of content is not taken", "Send Content-Type: application/json in UTF-8.");
    /// An event type is not as it must be: `invalid_event_type`; nothing was stored.
    InvalidEventType(422, "invalid_event_type", "The request was refused", "A field is not as it must be; nothing was stored.", "/example");
    /// Webhooks are sent it, or its code is that of another: `conflict`; the sentence says why.
    EventTypeConflict(409, "conflict", "The request was refused", "Webhooks are sent it: “Build server”. Take it out there first.");
    /// An event is not as it must be: `invalid_event`, `unknown_type` or `schema_mismatch`; nothing was published.
    InvalidEvent(422, "unknown_type", "The request was refused", "The catalogue has no such event type; nothing was stored.");
    /// A field is not as it must be: `invalid_webhook`; nothing was saved.
    InvalidWebhook(422, "invalid_webhook", "The request was refused", "A field is not as it must be; nothing was saved.");
    /// There is no such event type: `unknown_type`, or the template fails with its example: `invalid_webhook`; nothing was sent.
    Untestable(422, "unknown_type", "The request was refused", "The catalogue has no such event type; nothing was sent.", "/type");
    /// This key tested too often: `rate_limited`.
    TooManyTests(429, "rate_limited", "Too many tries", "Too many tries. Wait 6 seconds and try again.");
    /// Too many wait for their commit: `rate_limited`.
    RateLimited(429, "rate_limited", "Too many tries", "Too many tries. Wait 1 seconds and try again.");
    /// A fault of the portal: `internal`.
    Internal(500, "internal", "Something broke on our side", "The cause is in the log under this request's id.");
    /// The database is busy or away: `unavailable`.
    Unavailable(503, "unavailable", "Not just now", "Postrider cannot store this now. Try again in a few seconds.");
}
