//! The API of what a press of a button does in the portal: hold and resume, switch on and off.

use actix_web::{HttpResponse, web};

use super::of_world;
use crate::api_keys::Caller;
use crate::audit::Actor;
use crate::db::{DbError, Tx};
use crate::secret::Sealer;
use crate::state::App;
use crate::web::{PathId, WebError};
use crate::webhooks::answer::WebhookAnswer;
use crate::webhooks::{WebhookId, ops};

/// Pause a webhook
///
/// Holds a webhook: what is new and what waits is kept, and sent after `resume`. One that is held already stays so.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/pause",
    operation_id = "pauseWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook, held.", body = WebhookAnswer))
)]
pub(crate) async fn pause(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    press(&app, &caller, id, |tx, sealer, actor, id| ops::pause(tx, sealer, actor, id).map(drop)).await
}

/// Resume a webhook
///
/// Ends a hold: what waits is sent, the longest waiting first.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/resume",
    operation_id = "resumeWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook, no longer held.", body = WebhookAnswer))
)]
pub(crate) async fn resume(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    press(&app, &caller, id, |tx, sealer, actor, id| ops::resume(tx, sealer, actor, id).map(drop)).await
}

/// Activate a webhook
///
/// Switches a webhook on, and enables it again where Postrider had disabled it.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/activate",
    operation_id = "activateWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook, switched on.", body = WebhookAnswer))
)]
pub(crate) async fn activate(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    press(&app, &caller, id, |tx, sealer, actor, id| ops::set_active(tx, sealer, actor, id, true).map(drop)).await
}

/// Deactivate a webhook
///
/// Switches a webhook off: new events make no deliveries, and what waits is cancelled.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/deactivate",
    operation_id = "deactivateWebhook",
    tag = "Webhooks",
    security(("api_key" = ["webhooks:write"])),
    params(("id" = inline(WebhookId), Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook, switched off.", body = WebhookAnswer))
)]
pub(crate) async fn deactivate(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    press(&app, &caller, id, |tx, sealer, actor, id| ops::set_active(tx, sealer, actor, id, false).map(drop)).await
}

/// Changes a webhook of the key's world, and tells how it stands then.
async fn press(
    app: &App,
    caller: &Caller,
    id: WebhookId,
    change: fn(&mut Tx<'_>, &Sealer, &Actor, WebhookId) -> Result<(), DbError>,
) -> Result<HttpResponse, WebError> {
    let (environment, sealer) = (caller.key.environment, app.sealer.clone());
    let write = caller.write(app, move |tx, actor| {
        of_world(tx, id, environment, &sealer)?;
        change(tx, &sealer, actor, id)?;
        of_world(tx, id, environment, &sealer)
    });
    Ok(HttpResponse::Ok().json(WebhookAnswer::of(&write.await?)))
}
