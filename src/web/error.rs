//! What a handler may answer instead of a page: a sentence for the person, the cause for the log.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::DbError;
use crate::pointer;
use crate::text::shortened;

/// Every code of a problem, and what it says.
pub(crate) const CODES: &[(&str, &str)] = &[
    ("bad_request", "the request was damaged or cannot be read"),
    ("invalid_json", "the body is no JSON, or has a doubled key"),
    ("unknown_field", "the body or the query has a field that does not exist; its path is told"),
    ("invalid_parameter", "a field of the query has a value that is not understood; its path is told"),
    ("invalid_event", "a field of an event is missing or wrong; its path is told"),
    ("invalid_webhook", "a field of a webhook is missing or wrong; its path is told"),
    ("unknown_type", "there is no such event type"),
    ("schema_mismatch", "the data of an event does not fit the schema of its type; the path is told"),
    ("invalid_event_type", "a field of an event type is missing or wrong; its path is told"),
    ("invalid_credential", "a field of a credential is missing or wrong; its path is told"),
    ("unauthorized", "no API key, or none that is valid"),
    ("forbidden", "the key lacks the scope that is named"),
    ("not_found", "there is nothing at this address, or it belongs to the other environment"),
    ("method_not_allowed", "the address takes other methods; the header Allow names them"),
    ("timeout", "the body took too long to arrive"),
    ("conflict", "the thing is in a state that does not allow this"),
    ("idempotency_conflict", "the Idempotency-Key was used for another body"),
    ("too_large", "more was sent than is taken"),
    ("unsupported_media_type", "the body is not application/json in UTF-8, or is compressed"),
    ("misdirected", "the request names a host that is not this portal's"),
    ("rate_limited", "too much at once; repeat after the seconds of Retry-After"),
    ("unavailable", "the database is busy or away; repeat after the seconds of Retry-After"),
    ("internal", "a fault of the portal; its log has the cause under the request's id"),
];

/// A refusal or a fault; becomes an error page or `application/problem+json`.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nothing is at this address.
    #[error("It may have been deleted, or the address has a slip in it.")]
    NotFound,
    /// The address takes other methods, which the text names.
    #[error("The address exists, but it takes another kind of request. Open the page from its list.")]
    MethodNotAllowed(String),
    /// The person may not do this.
    #[error("Your account has no administrator role. Ask an administrator of this portal for it.")]
    Forbidden,
    /// A foreign page may have sent this.
    #[error(
        "This request did not come from a page of this portal, so nothing was changed. Open the page here and try again."
    )]
    CrossSite,
    /// No key, or none that is valid.
    #[error("Send a valid API key in the Authorization header: Bearer prk_….")]
    Unauthorized,
    /// The key lacks this scope.
    #[error("This API key lacks the scope {0}.")]
    LacksScope(&'static str),
    /// The request cannot be understood; the sentence says what to change.
    #[error("{0}")]
    BadRequest(String),
    /// Somebody else was faster; the sentence says what to do.
    #[error("{0}")]
    Conflict(String),
    /// More than the limit was sent.
    #[error("This is larger than Postrider takes. Shorten the longest text and send it again.")]
    TooLarge,
    /// A form or body of the wrong type.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The body took too long to arrive.
    #[error("The request took too long to arrive. Send it again.")]
    TimedOut,
    /// The host name is none of ours.
    #[error("This portal answers at its own address only. Use the link you were given.")]
    Misdirected,
    /// Too many tries; may be repeated after so many seconds.
    #[error("Too many tries. Wait {0} seconds and try again.")]
    TooMany(u64),
    /// Everybody wants the same at once.
    #[error("Postrider is busy. Try again in a few seconds.")]
    Busy,
    /// The database is away or busy.
    #[error("Postrider cannot store this now. Try again in a few seconds.")]
    Unavailable(#[source] DbError),
    /// A refusal of the API with a code of its own.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// A fault of ours.
    #[error("The cause is in the log under the request below. Nothing was saved; try again in a moment.")]
    Internal(#[source] anyhow::Error),
}

/// A refusal that a program can act on.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The stable word.
    pub code: &'static str,
    /// The sentence.
    pub detail: String,
    /// What is wrong where.
    pub errors: Vec<ProblemField>,
}

/// One wrong value of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where: a JSON pointer into the body, or the name of a query field.
    #[schema(example = "/3/type")]
    pub path: String,
    /// How to put it right.
    #[schema(example = "There is no event type document.relased.")]
    pub message: String,
}

impl WebError {
    /// A refusal of the API.
    pub fn problem(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::problem_at(status, code, detail, [])
    }

    /// A refusal of the API that tells what is wrong where, each as its place and how to put it right.
    pub(crate) fn problem_at(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        errors: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let errors = errors.into_iter().map(|(path, message)| ProblemField { path, message }).collect();
        Self::Refused(Box::new(Problem { status, code, detail: detail.into(), errors }))
    }

    /// The body is no JSON, or doubles a key; the places are told where they are known.
    pub(crate) fn invalid_json(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        let detail = "The body is not JSON as Postrider takes it.";
        Self::problem_at(StatusCode::BAD_REQUEST, "invalid_json", detail, errors)
    }

    /// The body has a field that does not exist; `things` are such as "webhooks".
    pub(crate) fn unknown_field(things: &str, name: &str) -> Self {
        let name = shortened(name, 64);
        let detail = format!("The body has a field that {things} do not have.");
        let fault = (pointer::step(&name), format!("There is no field {name}."));
        Self::problem_at(StatusCode::BAD_REQUEST, "unknown_field", detail, [fault])
    }

    /// What an answer of this status means when nothing else is known; never a sentence of a library.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed(String::new()),
            408 => Self::TimedOut,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType("Postrider does not take this type of content.".to_owned()),
            421 => Self::Misdirected,
            400..500 => Self::BadRequest(
                "The address or the form was damaged on its way. Go back and try once more.".to_owned(),
            ),
            503 => Self::Busy,
            _ => Self::Internal(anyhow::anyhow!("answered {status}")),
        }
    }

    /// The heading of the page and the title of the problem.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "There is no such page",
            Self::MethodNotAllowed(_) => "This address cannot be used that way",
            Self::Forbidden => "This page is for administrators",
            Self::CrossSite => "This request came from elsewhere",
            Self::Unauthorized => "An API key is needed",
            Self::LacksScope(_) => "The API key may not do this",
            Self::BadRequest(_) => "This request could not be read",
            Self::Conflict(_) => "Somebody changed this meanwhile",
            Self::TooLarge => "That was too much at once",
            Self::UnsupportedMediaType(_) => "This type of content is not taken",
            Self::TimedOut => "This took too long",
            Self::Misdirected => "Another address is needed",
            Self::TooMany(_) => "Too many tries",
            Self::Busy | Self::Unavailable(_) => "Not just now",
            Self::Refused(_) => "The request was refused",
            Self::Internal(_) => "Something broke on our side",
        }
    }

    /// The sentence for a program, where the page's would not fit.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::NotFound => "There is nothing at this address.".to_owned(),
            Self::MethodNotAllowed(allowed) => format!("This address takes {allowed}."),
            Self::Internal(_) => "The cause is in the log under this request's id.".to_owned(),
            Self::Forbidden
            | Self::CrossSite
            | Self::Unauthorized
            | Self::LacksScope(_)
            | Self::BadRequest(_)
            | Self::Conflict(_)
            | Self::TooLarge
            | Self::UnsupportedMediaType(_)
            | Self::TimedOut
            | Self::Misdirected
            | Self::TooMany(_)
            | Self::Busy
            | Self::Unavailable(_)
            | Self::Refused(_) => self.to_string(),
        }
    }

    /// The stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::Forbidden | Self::CrossSite | Self::LacksScope(_) => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::BadRequest(_) => "bad_request",
            Self::Conflict(_) => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::TimedOut => "timeout",
            Self::Misdirected => "misdirected",
            Self::TooMany(_) => "rate_limited",
            Self::Busy | Self::Unavailable(_) => "unavailable",
            Self::Refused(problem) => problem.code,
            Self::Internal(_) => "internal",
        }
    }

    /// After how many seconds the same request may pass.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Busy | Self::Unavailable(_) => Some(2),
            Self::Refused(problem) => (problem.status == StatusCode::TOO_MANY_REQUESTS).then_some(1),
            Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::Forbidden
            | Self::CrossSite
            | Self::Unauthorized
            | Self::LacksScope(_)
            | Self::BadRequest(_)
            | Self::Conflict(_)
            | Self::TooLarge
            | Self::UnsupportedMediaType(_)
            | Self::TimedOut
            | Self::Misdirected
            | Self::Internal(_) => None,
        }
    }
}

impl From<DbError> for WebError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::NotFound,
            DbError::Unavailable(_) | DbError::Interrupted(_) => Self::Unavailable(error),
            DbError::TooMuch(sentence) => Self::problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", sentence),
            DbError::Taken(_) | DbError::Query(_) => Self::Internal(error.into()),
        }
    }
}

impl From<anyhow::Error> for WebError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden | Self::CrossSite | Self::LacksScope(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(problem) => problem.status,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Without a body: the outer layer knows who asked and writes the page or the problem.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
