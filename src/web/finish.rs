//! The end of every refusal: a page in the frame of whoever asked, or a problem that a program can read.

use std::rc::Rc;

use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::WebError;
use super::error::{CODES, ProblemField};
use super::error_page::ErrorPage;
use super::frame::{Crumb, Frame, Place};
use crate::describe;

/// Makes the frame of the person who is signed in; put into the request by whoever knows the session.
#[derive(Clone)]
pub(crate) struct FrameOf(pub(crate) Rc<MakeFrame>);

type MakeFrame = dyn Fn(&str, Place) -> Frame;

/// What is known of a request when it must be refused.
pub(super) struct Asker<'a> {
    pub(super) path: &'a str,
    pub(super) request_id: &'a str,
    pub(super) frame: Frame,
}

/// Why a request was refused, or could not be answered (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Always `about:blank`: the code says what it is.
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// A few words for people.
    #[schema(example = "There is no such page")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// The stable word to act on.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// A sentence for people: what happened and what to do.
    #[schema(example = "There is nothing at this address.")]
    detail: String,
    /// What is wrong where; only where a part of the request is to blame.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [ProblemField],
    /// The request's id, as the log has it.
    #[schema(example = "req_4fTz0QmWc81LrXv92hJb")]
    request_id: &'a str,
}

fn codes() -> RefOr<Schema> {
    describe::word("The stable word to act on.", CODES)
}

/// True where programs ask, not people.
pub(super) fn is_for_programs(path: &str) -> bool {
    ["/api", "/hooks"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Logs a fault of ours once, with its causes.
pub(super) fn log(error: &WebError) {
    match error {
        WebError::Internal(cause) => tracing::error!(error = format!("{cause:#}"), "a request failed"),
        WebError::Unavailable(cause) => {
            let source = std::error::Error::source(cause).map(ToString::to_string);
            tracing::warn!(error = %cause, source, "a request could not be stored");
        }
        WebError::NotFound
        | WebError::MethodNotAllowed(_)
        | WebError::Forbidden
        | WebError::CrossSite
        | WebError::Unauthorized
        | WebError::LacksScope(_)
        | WebError::BadRequest(_)
        | WebError::Conflict(_)
        | WebError::TooLarge
        | WebError::UnsupportedMediaType(_)
        | WebError::TimedOut
        | WebError::Misdirected
        | WebError::TooMany(_)
        | WebError::Busy
        | WebError::Refused(_) => tracing::debug!(code = error.code(), "a request was refused"),
    }
}

/// The whole answer of a refusal.
pub(super) fn answer(error: &WebError, asker: Asker<'_>) -> HttpResponse {
    let mut response = HttpResponse::build(error.status_code());
    if let Some(seconds) = error.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if let WebError::MethodNotAllowed(allowed) = error
        && let Ok(allowed) = HeaderValue::from_str(allowed)
    {
        response.insert_header((ALLOW, allowed));
    }
    if is_for_programs(asker.path) {
        return problem(error, &asker, response);
    }
    let page = page(error, asker);
    match page.render() {
        Ok(html) => response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(html),
        Err(fault) => {
            tracing::error!(error = %fault, "the error page cannot be rendered");
            response.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(error.to_string())
        }
    }
}

fn problem(error: &WebError, asker: &Asker<'_>, mut response: actix_web::HttpResponseBuilder) -> HttpResponse {
    const TYPE: (HeaderName, &str) = (CONTENT_TYPE, "application/problem+json");
    let errors = match error {
        WebError::Refused(problem) => problem.errors.as_slice(),
        WebError::Unauthorized => {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            &[]
        }
        _ => &[],
    };
    let body = ProblemBody {
        r#type: "about:blank",
        title: error.title(),
        status: error.status_code().as_u16(),
        code: error.code(),
        detail: error.detail(),
        errors,
        request_id: asker.request_id,
    };
    response.insert_header(TYPE).body(serde_json::to_string(&body).unwrap_or_default())
}

fn page(error: &WebError, asker: Asker<'_>) -> ErrorPage {
    let way = |label: &str, href: &str| Crumb { label: label.to_owned(), href: href.to_owned() };
    let ways = if asker.frame.person.is_some() {
        vec![way("Go to Overview", "/"), way("Go to Deliveries", "/deliveries")]
    } else {
        vec![way("Sign in", "/sign-in")]
    };
    ErrorPage {
        frame: asker.frame,
        status: error.status_code().as_u16(),
        sentence: error.to_string(),
        ways,
        request_id: asker.request_id.to_owned(),
    }
}
