//! The API of Test webhook: one real request of a saved webhook, answered with what was sent and what came back.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::of_world;
use crate::api_keys::Caller;
use crate::db::DbError;
use crate::delivery::test::{example, prepare, run};
use crate::events::intake;
use crate::history::{self, DeliveryAnswer};
use crate::state::App;
use crate::web::refusal::{BadJson, LargeBody, TooManyTests, Untestable, WrongType};
use crate::web::{OptionalJson, PathId, WebError};
use crate::webhooks::WebhookId;
use crate::webhooks::template::with_example;

/// What to test with.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookTest)]
pub(crate) struct ToTest {
    /// The event type whose example is sent; the first that the webhook is sent unless given, or the first of all.
    #[schema(nullable = false, example = "document.released")]
    r#type: Option<String>,
}

/// Test a webhook
///
/// Sends one real request for an event's example, with the webhook's login and signature and the header
/// `X-Webhook-Test: true`, and waits for its end. The answer is the delivery that it made, with its one attempt: what was
/// sent, what came back, the time of each phase, the cause and the remedy. It is 200 also where the receiver refused;
/// `state` and `outcome` tell. A webhook that is paused, inactive or disabled can be tested too; filters do not count. One
/// key may test 10 times in a minute.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    request_body(
        content = Option<ToTest>, description = "May be left out.", example = json!({ "type": "document.released" })
    ),
    responses(
        (status = 200, description = "It was tested; what came of it.", body = DeliveryAnswer),
        (status = 400, response = BadJson),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = Untestable),
        (status = 429, response = TooManyTests),
    )
)]
pub(crate) async fn send(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    OptionalJson(body): OptionalJson,
) -> Result<HttpResponse, WebError> {
    let chosen = chosen(body.as_deref())?;
    let (environment, sealer) = (caller.key.environment, app.sealer.clone());
    let webhook = caller.write(&app, move |tx, _| of_world(tx, id, environment, &sealer)).await?;
    let catalogue = app.catalogue().await?;
    let kind = example(&catalogue, &chosen, &webhook.events)
        .ok_or_else(|| unknown("/type", "There is no such event type."))?;
    let prepared = prepare(&app.tester(), webhook, kind).map_err(|fault| {
        let fault = with_example(kind, &fault.to_string());
        refused("invalid_webhook", "The webhook's template fails; nothing was sent.", "/type", &fault)
    })?;
    app.test_limit.count(caller.key.id.as_str()).map_err(WebError::TooMany)?;
    let report = run(&app.tester(), caller.actor(), prepared, Some(id)).await?;
    let (webhooks, id) = (app.webhooks.clone(), report.delivery_id);
    let told = app.db.read::<_, DbError, _>(move |conn| {
        Ok(DeliveryAnswer::of(history::letter(conn, &webhooks, id, None)?, history::attempts(conn, id)?))
    });
    Ok(HttpResponse::Ok().json(told.await?))
}

/// The type that the body names; empty for none.
fn chosen(body: Option<&[u8]>) -> Result<String, WebError> {
    let Some(body) = body else { return Ok(String::new()) };
    let text = std::str::from_utf8(body).map_err(|_| WebError::invalid_json([]))?;
    intake::check(text).map_err(|faults| WebError::invalid_json(faults.places()))?;
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|_| unknown("", "A test is an object."))?;
    if let Some(name) = fields.keys().find(|name| *name != "type") {
        return Err(WebError::unknown_field("tests", name));
    }
    match fields.get("type") {
        None => Ok(String::new()),
        Some(Value::String(name)) if !name.is_empty() => Ok(name.clone()),
        Some(_) => Err(unknown("/type", "The type is a string.")),
    }
}

fn unknown(path: &str, message: &str) -> WebError {
    refused("unknown_type", "The catalogue has no such event type; nothing was sent.", path, message)
}

fn refused(code: &'static str, detail: &str, path: &str, message: &str) -> WebError {
    let fault = (path.to_owned(), message.to_owned());
    WebError::problem_at(StatusCode::UNPROCESSABLE_ENTITY, code, detail, [fault])
}
