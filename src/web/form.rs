//! Form and query extractors that read repeated fields and refuse what is not UTF-8.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::WebError;

/// The largest form, in bytes.
pub const LARGEST_FORM: usize = 256 * 1024;

/// A posted form.
pub struct Form<T>(pub T);

/// The fields of the address.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await.map_err(|_| WebError::TooLarge)?;
            read(&body).map(Self)
        })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = WebError;
    type Future = std::future::Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(read(request.query_string().as_bytes()).map(Self))
    }
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, WebError> {
    serde_html_form::from_bytes(text).map_err(|_| {
        WebError::BadRequest("The form was not complete. Go back, reload the page and try again.".to_owned())
    })
}
