//! The embedded files of `static/`, served under names that hold the hash of their content, and compressed.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use actix_web::http::header::{AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, Encoding, Header, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
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
        ["app.css", "app.js", "live.js", "api-docs.css", "api-docs.js", "icons.svg", "favicon.svg"]
            .map(|name| (name, address(name))),
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

/// Each file compressed, once: a page must not weigh more than it has to.
static COMPRESSED: LazyLock<HashMap<String, Bytes>> = LazyLock::new(|| {
    let compressed = |name: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&Files::get(name)?.data).ok()?;
        encoder.finish().ok().map(Bytes::from)
    };
    Files::iter().filter_map(|name| Some((name.to_string(), compressed(&name)?))).collect()
});

async fn file(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, WebError> {
    let name = app.assets.named(request.path()).ok_or(WebError::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, content_type(name)))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"));
    match COMPRESSED.get(name).filter(|_| takes_gzip(&request)) {
        Some(small) => Ok(answer.insert_header((CONTENT_ENCODING, "gzip")).body(small.clone())),
        None => Ok(answer.body(Files::get(name).ok_or(WebError::NotFound)?.data)),
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|accept| accept.negotiate(offered.iter()) == Some(Encoding::gzip()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
