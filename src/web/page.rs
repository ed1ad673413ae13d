//! Rendering: a template struct becomes an answer.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::WebError;

/// A template that is a whole answer.
pub trait Page: Template {
    /// The page with 200.
    ///
    /// # Errors
    /// When the template fails.
    fn answer(&self) -> Result<HttpResponse, WebError> {
        self.answer_with(StatusCode::OK)
    }

    /// The page with another status, such as 422 for a form that comes back.
    ///
    /// # Errors
    /// When the template fails.
    fn answer_with(&self, status: StatusCode) -> Result<HttpResponse, WebError> {
        let html = self.render().map_err(|error| WebError::Internal(error.into()))?;
        Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
    }
}

impl<T: Template> Page for T {}

/// 303 to a path of ours, after a form that worked.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// True when a whole page is wanted; a script that opens a dialog in place wants nothing behind it.
pub(crate) struct Whole(pub(crate) bool);

impl FromRequest for Whole {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let by_script = request.headers().get("sec-fetch-dest").is_some_and(|dest| dest == "empty");
        ready(Ok(Self(!by_script)))
    }
}
