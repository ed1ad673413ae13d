//! The API of event types: programs read all of them, and declare, change and delete their own.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Path};
use serde_json::{Map, Value};

use super::answer::{EventTypeAnswer, EventTypeList, FIELDS, ToDeclare};
use super::ops::{self, Over, Rejected, Saved};
use crate::api_keys::Caller;
use crate::events::Environment;
use crate::events::intake::is_strict_json;
use crate::state::App;
use crate::web::refusal::{BadJson, EventTypeConflict, InvalidEventType, LargeBody, WrongType};
use crate::web::{Access, Audited, FieldErrors, JsonBody, Route, WebError};

/// The routes. Types are those of both environments: a key of either reads them, a key of production changes them.
pub(crate) fn routes() -> Vec<Route> {
    let (read, write) = (Access::ApiKey("events:read"), Access::ApiKey("event-types:write"));
    let one = "/api/v1/event-types/{name}";
    let put_audited = Audited::Writes("event_type.declared event_type.changed");
    vec![
        Route::get("/api/v1/event-types", read, list),
        Route::get(one, read, show),
        Route::new(Method::PUT, one, write, put_audited, put),
        Route::new(Method::DELETE, one, write, Audited::Writes("event_type.deleted"), delete),
    ]
}

/// List event types
///
/// Every type that can be posted and ticked: those that are built in, and those that were declared. They are of both
/// environments.
#[utoipa::path(
    get,
    path = "/api/v1/event-types",
    operation_id = "listEventTypes",
    tag = "Event types",
    security(("api_key" = ["events:read"])),
    responses((status = 200, description = "The types.", body = EventTypeList))
)]
pub(crate) async fn list(app: web::Data<App>, _: Caller) -> Result<HttpResponse, WebError> {
    let catalogue = app.catalogue().await?;
    Ok(HttpResponse::Ok().json(EventTypeList::of(&catalogue)))
}

/// Read an event type
///
/// With its schema and its example, whether it is built in or declared.
#[utoipa::path(
    get,
    path = "/api/v1/event-types/{name}",
    operation_id = "readEventType",
    tag = "Event types",
    security(("api_key" = ["events:read"])),
    params(("name" = String, Path, description = "The type.", example = "document.released")),
    responses((status = 200, description = "The type.", body = EventTypeAnswer))
)]
pub(crate) async fn show(app: web::Data<App>, _: Caller, name: Path<String>) -> Result<HttpResponse, WebError> {
    let catalogue = app.catalogue().await?;
    let kind = catalogue.find(&name).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().json(EventTypeAnswer::of(kind)))
}

/// Declare or change an event type
///
/// Declares a type of this name, or replaces all of the one that is there. A built-in one cannot be replaced, and only a
/// key of production may do it.
#[utoipa::path(
    put,
    path = "/api/v1/event-types/{name}",
    operation_id = "putEventType",
    tag = "Event types",
    security(("api_key" = ["event-types:write"])),
    params((
        "name" = String, Path, max_length = 100, pattern = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$",
        description = "Words with dots between.", example = "order.shipped"
    )),
    request_body(content = ToDeclare, description = "At most 256 KiB.", example = json!({
        "label": "Order shipped", "group": "Orders", "description": "An order left the warehouse.",
        "schema": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } },
        "example": { "id": 1042 }
    })),
    responses(
        (status = 200, description = "Changed.", body = EventTypeAnswer),
        (status = 201, description = "Declared.", body = EventTypeAnswer),
        (status = 400, response = BadJson),
        (status = 409, response = EventTypeConflict),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidEventType),
    )
)]
pub(crate) async fn put(
    app: web::Data<App>,
    caller: Caller,
    name: Path<String>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, WebError> {
    for_both_environments(&caller)?;
    let asked = read(&body)?;
    let over = asked.version().map_or(Over::Anything, Over::Version);
    let draft = asked.into_form(&name).parse().map_err(|errors| invalid(&errors))?;
    let webhooks = app.webhooks.clone();
    let write = caller.write(&app, move |tx, actor| ops::put(tx, actor, over, draft, &webhooks).map_err(refused));
    Ok(match write.await? {
        Saved::Declared(kind) => HttpResponse::Created().json(EventTypeAnswer::of(&kind)),
        Saved::Changed(kind) | Saved::Same(kind) => HttpResponse::Ok().json(EventTypeAnswer::of(&kind)),
    })
}

/// Delete an event type
///
/// Removes a declared type that no webhook ticks, with a key of production. Its events stay, under its name.
#[utoipa::path(
    delete,
    path = "/api/v1/event-types/{name}",
    operation_id = "deleteEventType",
    tag = "Event types",
    security(("api_key" = ["event-types:write"])),
    params(("name" = String, Path, description = "The type.", example = "order.shipped")),
    responses((status = 204, description = "Deleted."), (status = 409, response = EventTypeConflict))
)]
pub(crate) async fn delete(app: web::Data<App>, caller: Caller, name: Path<String>) -> Result<HttpResponse, WebError> {
    for_both_environments(&caller)?;
    let webhooks = app.webhooks.clone();
    caller.write(&app, move |tx, actor| ops::delete(tx, actor, &name, &webhooks).map_err(refused)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A type decides what production takes in, too.
fn for_both_environments(caller: &Caller) -> Result<(), WebError> {
    match caller.key.environment {
        Environment::Production => Ok(()),
        Environment::Test => Err(WebError::problem(
            StatusCode::FORBIDDEN,
            "forbidden",
            "Event types are those of both environments, so only a key of production changes them.",
        )),
    }
}

fn read(body: &[u8]) -> Result<ToDeclare, WebError> {
    let text = std::str::from_utf8(body).ok().filter(|text| is_strict_json(text));
    let text = text.ok_or_else(|| WebError::invalid_json([]))?;
    let fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| invalid(&FieldErrors::one("", "An event type is an object.")))?;
    if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(WebError::unknown_field("event types", name));
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|fault| {
        let place = fault.path().to_string();
        let field = FIELDS.iter().find(|field| **field == place).copied().unwrap_or_default();
        invalid(&FieldErrors::one(field, "This is not of the right type."))
    })
}

/// What is wrong with the fields, as the form says it.
fn invalid(errors: &FieldErrors) -> WebError {
    // The name is part of the address.
    let path = |field: &str| if field.is_empty() || field == "name" { String::new() } else { format!("/{field}") };
    let errors: Vec<(String, String)> = errors.iter().map(|(field, told)| (path(field), told.to_owned())).collect();
    let detail = "A field is not as it must be; nothing was stored.";
    WebError::problem_at(StatusCode::UNPROCESSABLE_ENTITY, "invalid_event_type", detail, errors)
}

fn refused(error: Rejected) -> WebError {
    match error {
        Rejected::Full | Rejected::NameTaken | Rejected::CodeTaken(_) | Rejected::InUse(_) | Rejected::Stale => {
            WebError::problem(StatusCode::CONFLICT, "conflict", error.to_string())
        }
        Rejected::Gone => WebError::NotFound,
        Rejected::Database(error) => error.into(),
    }
}
