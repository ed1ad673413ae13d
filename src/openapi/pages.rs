//! The description of the API, and Swagger UI to read it and try it out: from this binary, with no other host asked.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use askama::Template;

use super::ADDRESS;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::{Access, Page, Route, Site, WebError};

/// The parts of Swagger UI, compressed as `build.rs` laid them out, with their types.
const PARTS: [(&str, &str, &[u8]); 3] = [
    (
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
    ),
    ("swagger-ui.css", "text/css; charset=utf-8", include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"))),
    ("LICENSE", "text/plain; charset=utf-8", include_bytes!(concat!(env!("OUT_DIR"), "/LICENSE.gz"))),
];

/// The routes; what they tell is no secret.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get(ADDRESS, Access::Public, document),
        Route::get("/api/docs", Access::Public, docs),
        Route::get("/api/docs/{part}", Access::Static, part),
    ]
}

#[derive(Template)]
#[template(path = "openapi/docs.html")]
struct DocsPage {
    frame: Frame,
    document: &'static str,
}

async fn docs(app: web::Data<App>, site: web::Data<Site>) -> Result<HttpResponse, WebError> {
    DocsPage { frame: Frame::outside("API", &app.assets, &site), document: ADDRESS }.answer()
}

async fn document() -> Result<HttpResponse, WebError> {
    Ok(HttpResponse::Ok().content_type("application/json").body(super::text()?))
}

async fn part(name: web::Path<String>) -> Result<HttpResponse, WebError> {
    let (_, kind, bytes) = PARTS.iter().find(|(known, ..)| *known == name.as_str()).ok_or(WebError::NotFound)?;
    // The names stay while their content changes with a release: browsers ask again after an hour.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, *kind))
        .insert_header((CONTENT_ENCODING, "gzip"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(*bytes))
}
