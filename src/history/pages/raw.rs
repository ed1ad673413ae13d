//! Exact bytes to keep: what was sent and what came back, never shown by the browser.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};

use crate::db::DbError;
use crate::delivery::DeliveryId;
use crate::history::store::letter;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::{PathId, WebError};

/// The body of the request.
pub(super) async fn body(
    _admin: Admin,
    app: web::Data<App>,
    PathId(id): PathId<DeliveryId>,
) -> Result<HttpResponse, WebError> {
    let body = app.db.read(move |conn| letter::body(conn, id)).await?.ok_or(WebError::NotFound)?;
    Ok(download(&format!("{id}-request.txt"), body.into_bytes()))
}

/// What is kept of the answer to one attempt.
pub(super) async fn answer(
    _admin: Admin,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, WebError> {
    let (id, number) = path.into_inner();
    let id = DeliveryId::parse(&id).ok_or(WebError::NotFound)?;
    let number = number.parse::<i32>().map_err(|_| WebError::NotFound)?;
    let attempt = app.db.read::<_, DbError, _>(move |conn| letter::attempt(conn, id, number)).await?;
    let bytes = attempt.response_body.ok_or(WebError::NotFound)?;
    Ok(download(&format!("{id}-{number}-answer.txt"), bytes))
}

/// A receiver may have written anything: the browser must save it, not read it.
fn download(name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(bytes)
}
