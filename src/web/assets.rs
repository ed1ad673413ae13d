//! The embedded files of `static/`, served under names that hold the hash of their content.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

use super::WebError;
use super::frame::Assets;
use super::route::{Access, Route};
use crate::secret::bytes_hash;
use crate::state::App;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The names of all embedded files and where each is served.
pub fn addresses() -> Arc<Assets> {
    Arc::new(Assets::new(
        ["app.css", "app.js", "live.js", "api-docs.js", "icons.svg", "favicon.svg"].map(|name| (name, address(name))),
    ))
}

/// The one route of the files.
pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/static/{name}", Access::Static, file)]
}

/// `app.css` becomes `/static/app.<hash>.css`.
fn address(name: &str) -> String {
    let hash = Files::get(name).map(|file| bytes_hash(&file.data)).unwrap_or_default();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("/static/{stem}.{}.{ending}", hash.get(..16).unwrap_or_default())
}

async fn file(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, WebError> {
    let name = app.assets.named(request.path()).ok_or(WebError::NotFound)?;
    let file = Files::get(name).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type(name)))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(file.data))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
