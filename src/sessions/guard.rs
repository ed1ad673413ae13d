//! The proof that a request comes from an administrator who is signed in.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_session::{Session, SessionExt};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, LOCATION};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use tracing::Span;

use super::cookie::{cookie_name, key};
use crate::audit::{Actor, ActorKind, Changes, Object, record};
use crate::db::DbError;
use crate::state::App;
use crate::users::{self, User, UserId};
use crate::web::frame::{Assets, Flash, Frame, Person, Place, Theme};
use crate::web::{ClientAddress, FrameOf, RequestId, Site, Template, WebError};

/// An administrator; a handler that takes one cannot run for anybody else.
#[derive(Clone)]
pub struct Admin {
    /// The user.
    pub user_id: UserId,
    visitor: Visitor,
}

impl Admin {
    /// Who acts, for operations and their audit rows.
    pub fn actor(&self) -> &Actor {
        &self.visitor.0.actor
    }

    /// The frame of a page: title, place in the navigation, the person, the messages that wait.
    pub(crate) fn frame(&self, title: &str, place: Place) -> Frame {
        self.visitor.frame(title, place, self.visitor.take_flashes())
    }

    /// Keeps a word in the session until [`Admin::take`] asks for it.
    pub(crate) fn keep(&self, name: &'static str, word: &str) {
        if let Err(error) = self.visitor.0.session.insert(name, word) {
            tracing::warn!(%error, "a word could not be kept in the session");
        }
    }

    /// The person.
    pub(crate) fn user(&self) -> &User {
        &self.visitor.0.user
    }

    /// The name of this session, as its list shows it; not its key.
    pub(crate) fn session_name(&self) -> String {
        self.kept(key::NAME).unwrap_or_default()
    }

    /// Goes on under a new key and the person's new epoch, after a change that ended every session.
    ///
    /// # Errors
    /// When the session cannot hold it.
    pub(crate) fn survive(&self, epoch: i32) -> Result<(), WebError> {
        let session = &self.visitor.0.session;
        session.renew();
        session.insert(key::EPOCH, epoch).map_err(|error| WebError::Internal(anyhow::anyhow!("{error}")))
    }

    /// The e-mail address of the person.
    pub(crate) fn email(&self) -> &str {
        &self.visitor.0.user.email
    }

    /// What is kept under that name, and stays there.
    pub(crate) fn kept(&self, name: &'static str) -> Option<String> {
        self.visitor.0.session.get(name).ok().flatten()
    }

    /// What was kept under that name; there once.
    pub(crate) fn take(&self, name: &'static str) -> Option<String> {
        let session = &self.visitor.0.session;
        if session.contains_key(name) { session.remove_as(name).and_then(Result::ok) } else { None }
    }

    /// A message for the next page: what was done.
    pub fn flash(&self, text: &str) {
        self.visitor.flash(true, text);
    }

    /// A message for the next page: what did not work.
    pub fn flash_problem(&self, text: &str) {
        self.visitor.flash(false, text);
    }
}

impl FromRequest for Admin {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor =
            request.extensions().get::<Visitor>().filter(|visitor| visitor.0.user.is_administrator()).cloned();
        ready(visitor.map(|visitor| Self { user_id: visitor.0.user.id, visitor }).ok_or(WebError::Forbidden))
    }
}

/// Somebody who is signed in, whatever they may do.
#[derive(Clone)]
pub(super) struct Visitor(Rc<Inner>);

struct Inner {
    user: User,
    actor: Actor,
    session: Session,
    assets: Arc<Assets>,
    insecure: bool,
}

impl Visitor {
    /// The person who sent this request.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.0.actor
    }

    pub(super) fn user(&self) -> &User {
        &self.0.user
    }

    fn frame(&self, title: &str, place: Place, flashes: Vec<Flash>) -> Frame {
        let user = &self.0.user;
        Frame {
            title: title.to_owned(),
            count: String::new(),
            crumbs: Vec::new(),
            place,
            open: false,
            person: Some(Person { name: user.name.clone(), email: user.email.clone(), initials: initials(&user.name) }),
            theme: Theme::parse(&user.theme),
            flashes,
            insecure: self.0.insecure,
            assets: Arc::clone(&self.0.assets),
        }
    }

    fn flash(&self, ok: bool, text: &str) {
        let mut waiting: Vec<(bool, String)> = self.0.session.get(key::FLASHES).ok().flatten().unwrap_or_default();
        waiting.push((ok, text.to_owned()));
        if let Err(error) = self.0.session.insert(key::FLASHES, waiting) {
            tracing::warn!(%error, "a message could not be kept for the next page");
        }
    }

    fn take_flashes(&self) -> Vec<Flash> {
        if !self.0.session.contains_key(key::FLASHES) {
            return Vec::new();
        }
        let waiting = self.0.session.remove_as::<Vec<(bool, String)>>(key::FLASHES);
        let waiting = waiting.and_then(Result::ok).unwrap_or_default();
        waiting.into_iter().map(|(ok, text)| Flash { ok, text }).collect()
    }
}

/// Who asks, before anybody is known.
pub(super) fn stranger(request: &HttpRequest) -> Actor {
    with_origin(Actor::system(), request)
}

/// A person who acts.
pub(super) fn person(user: &User, request: &HttpRequest) -> Actor {
    let actor = Actor {
        kind: ActorKind::User,
        id: Some(user.id.as_str().to_owned()),
        name: user.name.clone(),
        email: Some(user.email.clone()),
        address: None,
        request_id: None,
    };
    with_origin(actor, request)
}

fn with_origin(actor: Actor, request: &HttpRequest) -> Actor {
    let extensions = request.extensions();
    let address = extensions.get::<ClientAddress>().and_then(|address| address.0);
    Actor {
        address: address.map(|address| address.to_string()),
        request_id: extensions.get::<RequestId>().map(|id| id.0.clone()),
        ..actor
    }
}

/// Two cookies of the session's name: one of them was planted, and nobody can tell which.
pub(crate) async fn drop_doubles<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Some(site) = request.app_data::<web::Data<Site>>().cloned()
        && count_cookies(&request, cookie_name(&site)) > 1
    {
        request.headers_mut().remove(COOKIE);
        request.extensions_mut().insert(Stray);
    }
    next.call(request).await
}

/// A session cookie came that is good for nothing.
struct Stray;

fn count_cookies(request: &ServiceRequest, name: &str) -> usize {
    let cookies = request.headers().get_all(COOKIE);
    cookies
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter(|pair| pair.trim_ascii_start().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
        .count()
}

/// Finds out who asks: role, enabled flag and epoch are read for each request, so that a change counts at once.
pub(crate) async fn recognise<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (Some(app), Some(site)) =
        (request.app_data::<web::Data<App>>().cloned(), request.app_data::<web::Data<Site>>().cloned())
    else {
        return Ok(request.error_response(WebError::NotFound));
    };
    let session = request.get_session();
    let stray = request.extensions().get::<Stray>().is_some() || count_cookies(&request, cookie_name(&site)) > 0;
    match find_user(&app, &session).await {
        Ok(Some(user)) => greet(&request, user, session.clone(), &app, &site),
        Ok(None) if !session.entries().is_empty() => session.purge(),
        Ok(None) => {}
        Err(error) => return Ok(request.error_response(WebError::from(error))),
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    if stray && session.entries().is_empty() {
        clear_cookie(&mut response, &site);
    }
    Ok(response)
}

async fn find_user(app: &App, session: &Session) -> Result<Option<User>, DbError> {
    let id = session.get::<String>(key::USER).ok().flatten().and_then(|id| UserId::parse(&id));
    let epoch = session.get::<i32>(key::EPOCH).ok().flatten();
    let (Some(id), Some(epoch)) = (id, epoch) else { return Ok(None) };
    let user = app.db.read(move |conn| users::find(conn, id)).await?;
    Ok(user.filter(|user| user.enabled && user.epoch == epoch))
}

fn greet(request: &ServiceRequest, user: User, session: Session, app: &App, site: &Site) {
    Span::current().record("user.id", user.id.as_str());
    let actor = person(&user, request.request());
    let assets = Arc::clone(&app.assets);
    let visitor = Visitor(Rc::new(Inner { user, actor, session, assets, insecure: site.is_insecure() }));
    let framed = visitor.clone();
    let frame = FrameOf(Rc::new(move |title, place| framed.frame(title, place, Vec::new())));
    request.extensions_mut().insert(visitor);
    request.extensions_mut().insert(frame);
}

/// Refuses a change that a foreign page may have sent, and puts the refusal on record.
pub(crate) async fn check_origin(request: &ServiceRequest) -> Result<(), HttpResponse> {
    let (Some(app), Some(site)) = (request.app_data::<web::Data<App>>(), request.app_data::<web::Data<Site>>()) else {
        return Err(HttpResponse::from_error(WebError::NotFound));
    };
    if request.method().is_safe() {
        return Ok(());
    }
    let Err(refused) = site.check_origin(request.headers()) else { return Ok(()) };
    tracing::warn!("a request from a foreign page was refused");
    // Without a session nothing could have happened; and anybody could fill the trail.
    if let Some(visitor) = Visitor::of(request.request()) {
        note(app, &visitor, "request.refused", request).await?;
    }
    Err(HttpResponse::from_error(refused))
}

/// Lets administrators pass; others learn why not.
pub(crate) async fn admit(request: &ServiceRequest) -> Result<(), HttpResponse> {
    let Some(visitor) = Visitor::of(request.request()) else {
        return Err(to_sign_in(request));
    };
    if visitor.user().is_administrator() {
        return Ok(());
    }
    if let Some(app) = request.app_data::<web::Data<App>>() {
        note(app, &visitor, "access.refused", request).await?;
    }
    Err(HttpResponse::from_error(WebError::Forbidden))
}

/// Puts a refusal on record.
async fn note(
    app: &App,
    visitor: &Visitor,
    action: &'static str,
    request: &ServiceRequest,
) -> Result<(), HttpResponse> {
    let route = request.extensions().get::<Template>().map_or("", |route| route.path);
    let (actor, changes) = (visitor.actor().clone(), Changes::none().value("method", request.method().as_str()));
    let object = Object { kind: "route", id: route, name: route };
    let written = app.db.write(move |tx| record(tx, &actor, action, &object, &changes)).await;
    written.map_err(|error: DbError| HttpResponse::from_error(WebError::from(error)))
}

fn to_sign_in(request: &ServiceRequest) -> HttpResponse {
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let next = if request.method().is_safe() { asked } else { "/" };
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/sign-in?{query}"))).finish()
}

fn clear_cookie(response: &mut ServiceResponse<BoxBody>, site: &Site) {
    let mut cookie = Cookie::build(cookie_name(site), "").path("/").secure(site.is_https()).http_only(true).finish();
    cookie.make_removal();
    if let Err(error) = response.response_mut().add_cookie(&cookie) {
        tracing::warn!(%error, "a cookie could not be cleared");
    }
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}
