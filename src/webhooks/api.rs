//! The API of webhooks: the same rules, changes and audit rows as in the portal, with the key as who acts.

pub(crate) mod buttons;
pub(crate) mod test;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};

use super::answer::{CreatedWebhook, TOLD_ONLY, ToSave, WebhookAnswer, WebhookList};
use super::form::{Draft, FieldErrors, Known, WebhookForm};
use super::ops::{self, Rejected};
use super::{Webhook, WebhookId, store};
use crate::api_keys::{Caller, Environment};
use crate::db::Tx;
use crate::events::intake;
use crate::pointer;
use crate::secret::Sealer;
use crate::state::App;
use crate::web::refusal::{BadJson, InvalidWebhook, LargeBody, NoRoom, Older, WrongType};
use crate::web::{Access, Audited, JsonBody, PathId, Route, WebError};

/// Where they are.
const ADDRESS: &str = "/api/v1/webhooks";

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let (read, write) = (Access::ApiKey("webhooks:read"), Access::ApiKey("webhooks:write"));
    let one = "/api/v1/webhooks/{id}";
    let (changed, deleted) = (Audited::Writes("webhook.changed"), Audited::Writes("webhook.deleted"));
    vec![
        Route::get(ADDRESS, read, list),
        Route::post(ADDRESS, write, "webhook.created", create),
        Route::get(one, read, show),
        Route::new(Method::PUT, one, write, changed, change),
        Route::new(Method::DELETE, one, write, deleted, delete),
        Route::post("/api/v1/webhooks/{id}/pause", write, "webhook.paused", buttons::pause),
        Route::post("/api/v1/webhooks/{id}/resume", write, "webhook.resumed", buttons::resume),
        Route::post("/api/v1/webhooks/{id}/activate", write, "webhook.activated", buttons::activate),
        Route::post("/api/v1/webhooks/{id}/deactivate", write, "webhook.deactivated", buttons::deactivate),
        Route::post("/api/v1/webhooks/{id}/test", write, "webhook.tested", test::send),
    ]
}

/// List webhooks
///
/// All webhooks of the key's environment, by name.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:read"])),
    responses((status = 200, description = "The webhooks.", body = WebhookList))
)]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, WebError> {
    let set = app.webhook_set().await?;
    let mine = set.all().iter().map(AsRef::as_ref).filter(|webhook| is_of(webhook, &caller));
    Ok(HttpResponse::Ok().json(WebhookList::of(mine)))
}

/// Read a webhook
///
/// Tells a webhook of the key's environment, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}",
    operation_id = "readWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:read"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = WebhookAnswer))
)]
pub(crate) async fn show(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let webhook = saved(&app, &caller, id).await?;
    Ok(HttpResponse::Ok().json(WebhookAnswer::of(&webhook)))
}

/// Add a webhook
///
/// Adds a webhook to the key's environment. The answer alone tells its signing secret.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    operation_id = "addWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    request_body(content = ToSave, description = "At most 256 KiB.", example = json!({
        "name": "Build server", "url": "https://ci.example.com/hooks/release", "events": ["document.released"],
        "auth": "basic", "username": "ci", "password": "example-password"
    })),
    responses(
        (status = 201, description = "Added.", body = CreatedWebhook),
        (status = 400, response = BadJson),
        (status = 409, response = NoRoom),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidWebhook),
    )
)]
pub(crate) async fn create(app: web::Data<App>, caller: Caller, body: JsonBody) -> Result<HttpResponse, WebError> {
    let form = typed(&body.0, caller.key.environment)?.into_form(caller.key.environment);
    let draft = parsed(&app, &form, None).await?;
    let sealer = app.sealer.clone();
    let add = caller.write(&app, move |tx, actor| ops::create(tx, &sealer, actor, draft).map_err(rejected));
    let webhook = add.await?;
    let location = format!("{ADDRESS}/{}", webhook.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(CreatedWebhook::of(&webhook)))
}

/// Replace a webhook
///
/// Gives a webhook all of its settings anew: what is left out has the value of a new webhook, but for its secrets and
/// its code, which stay. With the `version` that was read, a change that somebody else made meanwhile is not lost.
#[utoipa::path(
    put,
    path = "/api/v1/webhooks/{id}",
    operation_id = "replaceWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    request_body(content = ToSave, description = "At most 256 KiB.", example = json!({
        "name": "Build server", "url": "https://ci.example.com/hooks/release", "events": ["document.released"],
        "filters": { "mode": "all", "rules": [{ "path": "status", "operator": "equals", "value": "released" }] }
    })),
    responses(
        (status = 200, description = "Replaced, or the same already.", body = WebhookAnswer),
        (status = 400, response = BadJson),
        (status = 409, response = Older),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidWebhook),
    )
)]
pub(crate) async fn change(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    body: JsonBody,
) -> Result<HttpResponse, WebError> {
    let wish = typed(&body.0, caller.key.environment)?;
    let saved = saved(&app, &caller, id).await?;
    let version = wish.version().unwrap_or(saved.version);
    if version != saved.version {
        return Err(rejected(Rejected::Stale));
    }
    let form: WebhookForm = wish.into_form(caller.key.environment);
    let draft = parsed(&app, &form, Some(&saved)).await?;
    let sealer = app.sealer.clone();
    let write = caller.write(&app, move |tx, actor| {
        ops::change(tx, &sealer, actor, (id, version), draft).map_err(rejected)?;
        store::find(tx, id, &sealer)?.ok_or(WebError::NotFound)
    });
    Ok(HttpResponse::Ok().json(WebhookAnswer::of(&write.await?)))
}

/// Delete a webhook
///
/// Removes a webhook and erases its secrets; what waits for it is cancelled, and its history stays.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 204, description = "Deleted."))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let (environment, sealer) = (caller.key.environment, app.sealer.clone());
    let gone = caller.write(&app, move |tx, actor| {
        of_world(tx, id, environment, &sealer)?;
        Ok(ops::delete(tx, &sealer, actor, id)?)
    });
    gone.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Held against the same rules as the dialog, with the credentials that may be chosen.
async fn parsed(app: &App, form: &WebhookForm, saved: Option<&Webhook>) -> Result<Draft, WebError> {
    let set = app.webhook_set().await?;
    let known = Known { policy: app.client.policy(), credentials: set.credentials(), catalogue: set.catalogue() };
    form.parse(known, saved).map_err(|errors| invalid(&errors))
}

fn is_of(webhook: &Webhook, caller: &Caller) -> bool {
    webhook.environment == caller.key.environment
}

async fn saved(app: &App, caller: &Caller, id: WebhookId) -> Result<Webhook, WebError> {
    let sealer = app.sealer.clone();
    let webhook = app.db.read(move |conn| store::find(conn, id, &sealer)).await?;
    webhook.filter(|webhook| is_of(webhook, caller)).ok_or(WebError::NotFound)
}

fn of_world(tx: &mut Tx<'_>, id: WebhookId, environment: Environment, sealer: &Sealer) -> Result<Webhook, WebError> {
    let webhook = store::find(tx, id, sealer)?.filter(|webhook| webhook.environment == environment);
    webhook.ok_or(WebError::NotFound)
}

/// Reads a body: sound JSON, no field that is not described, each of its type.
fn typed(body: &[u8], environment: Environment) -> Result<ToSave, WebError> {
    let text = std::str::from_utf8(body).map_err(|_| WebError::invalid_json([]))?;
    intake::check(text).map_err(|faults| WebError::invalid_json(faults.places()))?;
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| invalid_at("", "A webhook is an object."))?;
    if let Some(name) = object.keys().find(|name| !is_field(name)) {
        return Err(WebError::unknown_field("webhooks", name));
    }
    let wish: ToSave = serde_path_to_error::deserialize(serde_json::Value::Object(object)).map_err(|error| {
        invalid_at(
            &place_of(error.path()),
            "This is not of the type that the description of the API tells, or has a field that is not there.",
        )
    })?;
    if wish.environment().is_some_and(|named| named != environment.as_str()) {
        return Err(invalid_at("/environment", "An API key reaches the webhooks of its own environment alone."));
    }
    Ok(wish)
}

/// A field that is described, or told in answers.
fn is_field(name: &str) -> bool {
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::Schema;
    let described = match <ToSave as utoipa::PartialSchema>::schema() {
        RefOr::T(Schema::Object(object)) => object.properties.contains_key(name),
        RefOr::T(_) | RefOr::Ref(_) => false,
    };
    described || TOLD_ONLY.contains(&name)
}

/// `filters.rules[2].path` as a JSON pointer.
fn place_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => pointer::step(key),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

fn invalid_at(path: &str, message: &str) -> WebError {
    invalid_with([(path.to_owned(), message.to_owned())])
}

fn invalid(errors: &FieldErrors) -> WebError {
    invalid_with(errors.iter().map(|(field, sentence)| (place(field), sentence.to_owned())))
}

/// Where the body has what the form calls so.
fn place(field: &str) -> String {
    match field {
        "filter_mode" => "/filters/mode".to_owned(),
        field => format!("/{field}"),
    }
}

fn invalid_with(errors: impl IntoIterator<Item = (String, String)>) -> WebError {
    let detail = "A field is not as it must be; nothing was saved.";
    WebError::problem_at(StatusCode::UNPROCESSABLE_ENTITY, "invalid_webhook", detail, errors)
}

fn rejected(error: Rejected) -> WebError {
    let sentence = error.to_string();
    let at = |path: &str, message: &str| {
        let place = (path.to_owned(), message.to_owned());
        WebError::problem_at(StatusCode::CONFLICT, "conflict", &*sentence, [place])
    };
    match &error {
        Rejected::CodeTaken => at("/code", &sentence),
        Rejected::Stale => at("/version", "Read the webhook again, and change that."),
        Rejected::CredentialMoved => at("/credential_id", &sentence),
        Rejected::TypeGone(_) => at("/events", &sentence),
        Rejected::Full => WebError::problem(StatusCode::CONFLICT, "conflict", sentence),
        Rejected::Gone | Rejected::Database(_) => error.into(),
    }
}
