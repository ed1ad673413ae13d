//! The id in a path.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::WebError;
use crate::ids::{self, Id};

/// What stands for `{id}` in a path; what is no id of ours leads nowhere.
pub(crate) struct PathId<I>(pub(crate) I);

impl<I: Id> FromRequest for PathId<I> {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").and_then(|text| ids::parse(I::PREFIX, text));
        ready(text.map(|text| Self(I::from_text(text))).ok_or(WebError::NotFound))
    }
}
