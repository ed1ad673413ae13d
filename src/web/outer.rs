//! The outermost layer of every request: its id and span, the host check, the end of refusals, the headers.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::finish::{self, Asker, FrameOf};
use super::frame::{Frame, Place};
use super::route::Access;
use super::{Site, WebError, headers};
use crate::db::DbError;
use crate::ids::random_word;
use crate::state::App;

/// The request's id: in its log lines, its audit rows, its error page.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Where a request came from, by [`Site::client_address`].
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// The route as it was declared; its path is the only form of a path that is logged.
#[derive(Clone, Copy)]
pub(crate) struct Template {
    pub(crate) path: &'static str,
    pub(crate) access: Access,
}

/// Wraps the whole application.
pub(crate) async fn outer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = format!("req_{}", random_word(20));
    let span = tracing::info_span!(
        "request", request.id = %id, http.method = %request.method(), http.route = Empty, user.id = Empty, http.status = Empty
    );
    let started = Instant::now();
    let response = run(request, next, id).instrument(span.clone()).await;
    let _entered = span.enter();
    let status = match &response {
        Ok(response) => response.status(),
        Err(lost) => lost.as_response_error().status_code(),
    };
    span.record("http.status", status.as_u16());
    tracing::debug!(duration_us = started.elapsed().as_micros(), "answered");
    response
}

async fn run<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    id: String,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (Some(app), Some(site)) = (request.app_data::<web::Data<App>>(), request.app_data::<web::Data<Site>>()) else {
        return Ok(request.into_response(HttpResponse::InternalServerError()));
    };
    let (app, site) = (app.clone(), site.clone());
    let address = site.client_address(request.peer_addr().map(|peer| peer.ip()), request.headers());
    request.extensions_mut().insert(ClientAddress(address));
    request.extensions_mut().insert(RequestId(id.clone()));
    let authority = request.uri().authority().map(ToString::to_string);
    let known = site.known_host(request.headers(), authority.as_deref()).is_some();
    if !known && !site.is_probe(request.path()) {
        let response = request.error_response(WebError::Misdirected);
        return Ok(finished(response, &id, &app, &site));
    }
    let path = request.path().to_owned();
    match next.call(request).await {
        Ok(response) => Ok(finished(response.map_into_boxed_body(), &id, &app, &site)),
        // Only the session's layer gives up without an answer, and only when the database is away.
        Err(cause) => Err(Lost::new(&cause, path, id, app, site).into()),
    }
}

/// Writes the page or the problem of a refusal, and the headers of every answer.
fn finished(response: ServiceResponse<BoxBody>, id: &str, app: &App, site: &Site) -> ServiceResponse<BoxBody> {
    let (request, mut response) = response.into_parts();
    if let Some(route) = request.extensions().get::<Template>() {
        Span::current().record("http.route", route.path);
    }
    let own = response.error().and_then(|error| error.as_error::<WebError>());
    let guessed = if own.is_none() { guess(&response) } else { None };
    if let Some(error) = own.or(guessed.as_ref()) {
        finish::log(error);
        let frame = match request.extensions().get::<FrameOf>() {
            Some(person) => (person.0)(error.title(), Place::Elsewhere),
            None => Frame::outside(error.title(), &app.assets, site),
        };
        let mut page = finish::answer(error, Asker { path: request.path(), request_id: id, frame });
        for cookie in response.headers().get_all(SET_COOKIE) {
            page.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response = page;
    }
    harden(response.headers_mut(), id, site);
    ServiceResponse::new(request, response)
}

/// What an answer of a library refuses; `None` for answers that are whole.
fn guess(response: &HttpResponse) -> Option<WebError> {
    let status = response.status();
    let empty = matches!(response.body().size(), BodySize::None | BodySize::Sized(0));
    match response.error() {
        Some(error) if status.is_server_error() => Some(WebError::Internal(anyhow::anyhow!("{error}"))),
        Some(_) => Some(WebError::from_status(status)),
        None if empty && status.as_u16() >= 400 => Some(WebError::from_status(status)),
        None => None,
    }
}

fn harden(headers: &mut HeaderMap, id: &str, site: &Site) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers::harden(headers, site.is_https());
}

/// The answer for a request that a layer did not give back; its frame is that of nobody.
struct Lost {
    error: WebError,
    path: String,
    id: String,
    app: web::Data<App>,
    site: web::Data<Site>,
}

impl Lost {
    fn new(cause: &Error, path: String, id: String, app: web::Data<App>, site: web::Data<Site>) -> Self {
        tracing::warn!(error = %cause, "a session could not be read or kept");
        let error = WebError::Unavailable(DbError::Interrupted("the session could not be read or kept".to_owned()));
        Self { error, path, id, app, site }
    }
}

impl std::fmt::Debug for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.error, f)
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.error, f)
    }
}

impl ResponseError for Lost {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let frame = Frame::outside(self.error.title(), &self.app.assets, &self.site);
        let asker = Asker { path: &self.path, request_id: &self.id, frame };
        let mut response = finish::answer(&self.error, asker);
        harden(response.headers_mut(), &self.id, &self.site);
        response
    }
}
