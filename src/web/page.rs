//! Rendering: a template struct becomes an answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
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
