//! The API's list of events.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{misread, typed};
use crate::api_keys::Caller;
use crate::db::DbError;
use crate::history;
use crate::history::answer::EventList;
use crate::history::form::events::Typed;
use crate::state::App;
use crate::web::WebError;
use crate::web::refusal::BadQuery;

/// List events
///
/// The events of the key's environment, newest first, with the filters of the page **Events**. What arrives while the
/// pages are turned never moves them: each event is told once.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "listEvents",
    tag = "Events",
    security(("api_key" = ["events:read"])),
    params(Typed),
    responses(
        (status = 200, description = "A page of events.", body = EventList),
        (status = 400, response = BadQuery),
    )
)]
pub(crate) async fn list(app: web::Data<App>, caller: Caller, request: HttpRequest) -> Result<HttpResponse, WebError> {
    let typed: Typed = typed(request.query_string(), Typed::has)?;
    let mut asked = typed.read(app.clock.now()).map_err(misread)?;
    asked.filter.environment = Some(caller.key.environment);
    let look = app.db.read::<_, DbError, _>(move |conn| {
        Ok(EventList::of(&history::events(conn, &asked.filter, asked.cursor, asked.limit)?))
    });
    Ok(HttpResponse::Ok().json(look.await?))
}
