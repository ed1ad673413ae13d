//! The API of events: other systems say what happened, answered only after the commit, and read it again.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use super::answer::{Accepted, EventAnswer, ToPublish};
use super::intake::{self, Faults, Intake, Refusal};
use super::receive::{Idempotency, Received, receive};
use super::{Environment, EventId};
use crate::api_keys::Caller;
use crate::clock::Time;
use crate::db::DbError;
use crate::event_types::Catalogue;
use crate::secret::bytes_hash;
use crate::state::App;
use crate::web::refusal::{BadBody, InvalidEvent, RateLimited, Repeated, TooLarge, WrongType};
use crate::web::{Access, Audited, JsonBody, PathId, Route, WebError};

/// The largest request, in bytes.
pub(crate) const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
/// How many requests may wait for their commit before senders are asked to slow down.
const MOST_WAITING: usize = 20_000;
/// How often events are held against the types anew: each turn takes somebody who changes them at that very moment.
const MOST_TURNS: usize = 5;

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let audited = Audited::Exempt("the event is its own record, with the key that posted it");
    vec![
        Route::new(Method::POST, "/api/v1/events", Access::ApiKey("events:write"), audited, post),
        Route::get("/api/v1/events/{id}", Access::ApiKey("events:read"), show),
    ]
}

/// Publish events
///
/// Says what happened: one event, or an array of 1 to 1,000 that are published all or none. The answer comes after the
/// commit, so what is acknowledged is not lost. Events belong to the key's environment and go to the webhooks of that
/// environment that want their type.
///
/// With an `Idempotency-Key` the same request may be repeated within 24 hours: the same body is answered like the first
/// time, with 200, and nothing is published twice.
#[utoipa::path(
    post,
    path = "/api/v1/events",
    operation_id = "publishEvents",
    tag = "Events",
    security(("api_key" = ["events:write"])),
    params((
        "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "A word of the sender's choice for this request, of visible ASCII.", example = "release-1042-7"
    )),
    request_body(content = ToPublish, description = "At most 4 MiB.", example = json!({
        "type": "document.released", "subject": "document:1042",
        "data": { "resource_id": 1042, "resource_title": "Safety guide" },
        "actor": { "id": "u-17", "email": "ada@example.com" }
    })),
    responses(
        (status = 202, description = "Published.", body = Accepted),
        (status = 200, description = "Published before, under this Idempotency-Key.", body = Accepted),
        (status = 400, response = BadBody),
        (status = 409, response = Repeated),
        (status = 413, response = TooLarge),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidEvent),
        (status = 429, response = RateLimited),
    )
)]
pub(crate) async fn post(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    JsonBody(body): JsonBody<LARGEST_REQUEST>,
) -> Result<HttpResponse, WebError> {
    if app.db.waiting() >= MOST_WAITING {
        return Err(WebError::TooMany(1));
    }
    let once = idempotency(&request, &caller, &body)?;
    for _ in 0..MOST_TURNS {
        let (intake, judged) = read(&app, &body, caller.key.environment).await?;
        let many = intake.many;
        return match publish(&app, &caller, intake, judged, once.clone()).await? {
            Published::TypesMoved => continue,
            Published::KeyEnded => Err(WebError::Unauthorized),
            Published::Received(Received::New(ids)) => Ok(accepted(StatusCode::ACCEPTED, many, &ids)),
            Published::Received(Received::Again(ids)) => Ok(accepted(StatusCode::OK, many, &ids)),
            Published::Received(Received::Conflict) => Err(WebError::problem(
                StatusCode::CONFLICT,
                "idempotency_conflict",
                "This Idempotency-Key was used for another body. Use a new key for a new request.",
            )),
        };
    }
    Err(DbError::Interrupted("the event types were changed again and again".to_owned()).into())
}

/// Writes what was held against `judged`, if these are still the types.
async fn publish(
    app: &App,
    caller: &Caller,
    intake: Intake,
    judged: Arc<Catalogue>,
    once: Option<Idempotency>,
) -> Result<Published, DbError> {
    let (keys, key, webhooks) = (app.keys.clone(), caller.key.id, app.webhooks.clone());
    app.db
        .write_grouped(move |tx| {
            if !keys.recheck(tx, key)? {
                return Ok(Published::KeyEnded);
            }
            if !Arc::ptr_eq(&judged, webhooks.in_transaction(tx)?.catalogue()) {
                return Ok(Published::TypesMoved);
            }
            receive(tx, &intake, once.as_ref()).map(Published::Received)
        })
        .await
}

/// What the transaction found.
enum Published {
    Received(Received),
    /// The key was ended since it was proved.
    KeyEnded,
    /// The events were held against types that are others by now; nothing was written.
    TypesMoved,
}

/// Held against the types that this process knows, which are given back. What they refuse may have been declared
/// elsewhere just now, so it is looked at once more where they are others by now.
async fn read(app: &App, body: &Bytes, environment: Environment) -> Result<(Intake, Arc<Catalogue>), WebError> {
    let (now, seen) = (app.clock.now(), app.webhooks.catalogue_seen());
    let faults = match read_with(body, environment, now, &seen).await? {
        Ok(intake) => return Ok((intake, seen)),
        Err(faults) => faults,
    };
    if matches!(faults.refusal, Refusal::UnknownType | Refusal::SchemaMismatch | Refusal::TooMuchWork) {
        let fresh = app.catalogue().await?;
        if !Arc::ptr_eq(&seen, &fresh) {
            let again = read_with(body, environment, now, &fresh).await?;
            return again.map(|intake| (intake, fresh)).map_err(refused);
        }
    }
    Err(refused(faults))
}

/// Off the asynchronous threads where schemas may make work.
async fn read_with(
    body: &Bytes,
    environment: Environment,
    now: Time,
    catalogue: &Arc<Catalogue>,
) -> Result<Result<Intake, Faults>, WebError> {
    if !catalogue.checks() {
        return Ok(intake::read(body, environment, now, catalogue));
    }
    let (body, catalogue) = (body.clone(), Arc::clone(catalogue));
    let read = web::block(move || intake::read(&body, environment, now, &catalogue)).await;
    read.map_err(|fault| WebError::Internal(fault.into()))
}

fn accepted(status: StatusCode, many: bool, ids: &[EventId]) -> HttpResponse {
    let answer = if many { Accepted::Many { ids } } else { Accepted::One { id: ids.first() } };
    HttpResponse::build(status).json(answer)
}

/// Read an event
///
/// Tells an event of the key's environment. What became of it is told by `GET /api/v1/deliveries?q=` with its id.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}",
    operation_id = "readEvent",
    tag = "Events",
    security(("api_key" = ["events:read"])),
    params(("id" = inline(EventId), Path, description = "The event; receivers see it as `webhook-id`.")),
    responses((status = 200, description = "The event.", body = EventAnswer))
)]
pub(crate) async fn show(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<EventId>,
) -> Result<HttpResponse, WebError> {
    let event = app.db.read(move |conn| super::find(conn, id)).await?;
    let event = event.filter(|event| event.environment == caller.key.environment).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().json(EventAnswer::from(&event)))
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
        Refusal::InvalidJson => return WebError::invalid_json(faults.places()),
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
        Refusal::SchemaMismatch => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "schema_mismatch",
            "The data does not fit the schema of its type; nothing was stored.",
        ),
        Refusal::TooMuchWork => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Holding these events against their schemas is more work than one request may ask for; nothing was stored.",
        ),
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "One event holds at most 256 KiB."),
    };
    WebError::problem_at(status, code, detail, faults.places())
}
