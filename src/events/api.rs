//! `POST /api/v1/events`: other systems say what happened; answered only after the commit.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::EventId;
use super::intake::{self, Faults, Refusal};
use super::receive::{Idempotency, Received, receive};
use crate::api_keys::Caller;
use crate::db::DbError;
use crate::secret::bytes_hash;
use crate::state::App;
use crate::web::{Access, Audited, JsonBody, Problem, ProblemField, Route, WebError};

/// The largest request, in bytes.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
/// How many requests may wait for their commit before senders are asked to slow down.
const MOST_WAITING: usize = 20_000;

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let audited = Audited::Exempt("the event is its own record, with the key that posted it");
    vec![Route::new(Method::POST, "/api/v1/events", Access::ApiKey("events:write"), audited, post)]
}

async fn post(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<LARGEST_REQUEST>,
) -> Result<HttpResponse, WebError> {
    if app.db.waiting() >= MOST_WAITING {
        return Err(WebError::TooMany(1));
    }
    let once = idempotency(&request, &caller, &body)?;
    let intake = intake::read(&body, caller.key.environment, app.clock.now()).map_err(refused)?;
    let (many, intake) = (intake.many, Arc::new(intake));
    let (keys, key) = (app.keys.clone(), caller.key.id);
    let publish = app.db.write_grouped(move |tx| {
        if !keys.recheck(tx, key)? {
            return Ok::<_, DbError>(None);
        }
        receive(tx, &intake, once.as_ref()).map(Some)
    });
    match publish.await.map_err(WebError::from)? {
        Some(Received::New(ids)) => Ok(accepted(StatusCode::ACCEPTED, many, &ids)),
        Some(Received::Again(ids)) => Ok(accepted(StatusCode::OK, many, &ids)),
        Some(Received::Conflict) => Err(WebError::problem(
            StatusCode::CONFLICT,
            "idempotency_conflict",
            "This Idempotency-Key was used for another body. Use a new key for a new request.",
        )),
        None => Err(WebError::Unauthorized),
    }
}

fn accepted(status: StatusCode, many: bool, ids: &[EventId]) -> HttpResponse {
    let answer = if many { json!({ "ids": ids }) } else { json!({ "id": ids.first() }) };
    HttpResponse::build(status).json(answer)
}

fn idempotency(request: &HttpRequest, caller: &Caller, body: &[u8]) -> Result<Option<Idempotency>, WebError> {
    let mut given = request.headers().get_all("idempotency-key");
    let Some(key) = given.next() else { return Ok(None) };
    let sound = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let sound = sound.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
    match (sound, given.next()) {
        (Some(key), None) => Ok(Some(Idempotency {
            api_key: caller.key.id.to_string(),
            key: key.to_owned(),
            body_hash: bytes_hash(body),
        })),
        _ => Err(WebError::problem(
            StatusCode::BAD_REQUEST,
            "invalid_event",
            "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once.",
        )),
    }
}

fn refused(faults: Faults) -> WebError {
    let (status, code, detail) = match faults.refusal {
        Refusal::InvalidJson => {
            (StatusCode::BAD_REQUEST, "invalid_json", "The body is not JSON as Postrider takes it.")
        }
        Refusal::UnknownField => {
            (StatusCode::BAD_REQUEST, "unknown_field", "The body has a field that events do not have.")
        }
        Refusal::InvalidEvent => {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_event", "An event is not as it must be; nothing was stored.")
        }
        Refusal::UnknownType => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_type",
            "The catalogue has no such event type; nothing was stored.",
        ),
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "One event holds at most 256 KiB."),
    };
    let errors =
        faults.faults.into_iter().map(|fault| ProblemField { path: fault.path, message: fault.message }).collect();
    WebError::Refused(Box::new(Problem { status, code, detail: detail.to_owned(), errors }))
}
