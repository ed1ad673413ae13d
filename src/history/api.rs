//! The API of events and deliveries as lists: what happened, what was sent and what came back, and one more attempt.

pub(crate) mod events;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;

use super::answer::{Delivery, DeliveryList, DeliverySummary};
use super::form::{Misread, Typed};
use super::{Filter, Request, attempts, find, letter, page, unsendable};
use crate::api_keys::{Caller, Environment};
use crate::db::DbError;
use crate::delivery::{self, DeliveryId};
use crate::state::App;
use crate::web::refusal::{BadQuery, NotNow};
use crate::web::{Access, PathId, Route, WebError, form};

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let (read, write) = (Access::ApiKey("deliveries:read"), Access::ApiKey("deliveries:write"));
    vec![
        Route::get("/api/v1/events", Access::ApiKey("events:read"), events::list),
        Route::get("/api/v1/deliveries", read, list),
        Route::get("/api/v1/deliveries/{id}", read, show),
        Route::post("/api/v1/deliveries/{id}/resend", write, "delivery.resent", resend),
    ]
}

/// List deliveries
///
/// The deliveries of the key's environment, newest first, with the filters of the page **Deliveries**. What arrives
/// while the pages are turned never moves them: each delivery is told once.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    operation_id = "listDeliveries",
    tag = "Deliveries",
    security(("api_key" = ["deliveries:read"])),
    params(Typed),
    responses(
        (status = 200, description = "A page of deliveries.", body = DeliveryList),
        (status = 400, response = BadQuery),
    )
)]
pub(crate) async fn list(app: web::Data<App>, caller: Caller, request: HttpRequest) -> Result<HttpResponse, WebError> {
    let typed: Typed = typed(request.query_string(), Typed::has)?;
    let asked = of(typed.read(app.clock.now()).map_err(misread)?, caller.key.environment);
    let webhooks = app.webhooks.clone();
    let look = app.db.read::<_, DbError, _>(move |conn| {
        let held = unsendable(&*webhooks.read(conn)?);
        Ok(DeliveryList::of(&page(conn, &asked, &held)?, &held))
    });
    Ok(HttpResponse::Ok().json(look.await?))
}

/// Read a delivery
///
/// Tells a delivery of the key's environment with its body and every attempt: what was sent, what came back, what it
/// means and what to do. Logins and other secrets were stored as dots.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}",
    operation_id = "readDelivery",
    tag = "Deliveries",
    security(("api_key" = ["deliveries:read"])),
    params(("id" = inline(DeliveryId), Path, description = "The delivery.")),
    responses((status = 200, description = "The delivery.", body = Delivery))
)]
pub(crate) async fn show(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<DeliveryId>,
) -> Result<HttpResponse, WebError> {
    let (webhooks, environment) = (app.webhooks.clone(), caller.key.environment);
    let look = app.db.read::<_, DbError, _>(move |conn| {
        find(conn, id, environment)?;
        Ok(Delivery::of(letter(conn, &webhooks, id, None)?, attempts(conn, id)?))
    });
    Ok(HttpResponse::Ok().json(look.await?))
}

/// Send a delivery again
///
/// Asks for one more attempt of the same delivery, with the same body and `webhook-id`, out of its schedule. It leaves
/// as soon as its webhook has room; `GET /api/v1/deliveries/{id}` tells what came of it. A delivered one stays delivered.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/resend",
    operation_id = "resendDelivery",
    tag = "Deliveries",
    security(("api_key" = ["deliveries:write"])),
    params(("id" = inline(DeliveryId), Path, description = "The delivery.")),
    responses(
        (status = 202, description = "One more attempt was asked for.", body = DeliverySummary),
        (status = 409, response = NotNow),
    )
)]
pub(crate) async fn resend(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<DeliveryId>,
) -> Result<HttpResponse, WebError> {
    let (webhooks, lanes, environment) = (app.webhooks.clone(), app.lanes.clone(), caller.key.environment);
    let ask = caller.write(&app, move |tx, actor| {
        find(tx, id, environment)?;
        let asked = delivery::resend(tx, &webhooks, &lanes, actor, id, "")?;
        asked.map_err(|refused| WebError::problem(StatusCode::CONFLICT, "conflict", refused.to_string()))?;
        let held = unsendable(&*webhooks.in_transaction(tx)?);
        let summary = find(tx, id, environment)?;
        Ok(DeliverySummary::of(&summary, summary.reading(&held)))
    });
    Ok(HttpResponse::Accepted().json(ask.await?))
}

/// The fields of the address; a program that sends one that does not exist expects something of it.
fn typed<T: DeserializeOwned>(query: &str, has: impl Fn(&str) -> bool) -> Result<T, WebError> {
    let unknown = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "environment" || !has(name));
    if let Some((name, _)) = unknown {
        let path = name.chars().take(64).collect();
        let message = "There is no such field.".to_owned();
        return Err(bad("unknown_field", "The query has a field that this list does not have.", path, message));
    }
    form::parse(query.as_bytes()).map_err(|_| {
        let detail = "A field of the query stands twice, or holds bytes that are no text.";
        WebError::problem(StatusCode::BAD_REQUEST, "bad_request", detail)
    })
}

fn misread(Misread { field, sentence }: Misread) -> WebError {
    let detail = "A field of the query has a value that is not understood.";
    bad("invalid_parameter", detail, field.to_owned(), sentence.to_owned())
}

fn bad(code: &'static str, detail: &str, path: String, message: String) -> WebError {
    WebError::problem_at(StatusCode::BAD_REQUEST, code, detail, [(path, message)])
}

/// The same in the key's world alone.
fn of(request: Request, environment: Environment) -> Request {
    Request { filter: Filter { environment: Some(environment), ..request.filter }, ..request }
}
