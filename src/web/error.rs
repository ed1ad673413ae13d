//! What a handler may answer instead of a page: a sentence for the person, the cause for the log.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::db::DbError;

/// A refusal or a fault; becomes an error page or `application/problem+json`.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Nothing is at this address.
    #[error("There is nothing at this address.")]
    NotFound,
    /// The person may not do this.
    #[error("You are not allowed to do this.")]
    Forbidden,
    /// The request cannot be understood; the sentence says what to change.
    #[error("{0}")]
    BadRequest(String),
    /// Somebody else was faster; the sentence says what to do.
    #[error("{0}")]
    Conflict(String),
    /// More than the limit was sent.
    #[error("This is larger than Postrider takes.")]
    TooLarge,
    /// A form or body of the wrong type.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// Too many tries; may be repeated after so many seconds.
    #[error("Too many tries. Wait {0} seconds and try again.")]
    TooMany(u64),
    /// The database is away or busy.
    #[error("Postrider cannot store this now. Try again in a few seconds.")]
    Unavailable(#[source] DbError),
    /// A fault of ours.
    #[error("Something went wrong on our side.")]
    Internal(#[source] anyhow::Error),
}

impl From<DbError> for WebError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::NotFound,
            DbError::Unavailable(_) | DbError::Interrupted(_) => Self::Unavailable(error),
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
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body(self.to_string())
    }
}
