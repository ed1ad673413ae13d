//! The proof that a request comes from an administrator who is signed in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::audit::Actor;
use crate::users::UserId;
use crate::web::WebError;
use crate::web::frame::{Frame, Place};

/// An administrator; a handler that takes one cannot run for anybody else.
#[derive(Clone)]
pub struct Admin {
    /// The user.
    pub user_id: UserId,
    actor: Actor,
    frame: std::rc::Rc<dyn Fn(&str, Place) -> Frame>,
}

impl Admin {
    /// Who acts, for operations and their audit rows.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The frame of a page: title, place in the navigation, the person, the messages that wait.
    pub(crate) fn frame(&self, title: &str, place: Place) -> Frame {
        (self.frame)(title, place)
    }

    /// A message for the next page: what was done.
    pub fn flash(&self, _text: &str) {}
}

impl FromRequest for Admin {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::Forbidden))
    }
}
