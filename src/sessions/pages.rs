//! Sign-in, sign-out and the set-up of the first administrator.

use actix_session::SessionExt;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, RETRY_AFTER, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::cookie::key;
use super::guard::{Visitor, person, stranger};
use super::limits::{Turn, counted};
use super::{links, ops, store};
use crate::ids::random_word;
use crate::state::App;
use crate::users::password::{self, Password, Verdict};
use crate::users::{self, Email, Name, User};
use crate::web::frame::Frame;
use crate::web::view::Input;
use crate::web::{Access, ClientAddress, Form, Page, Query, Route, Site, WebError, need_another_look, see_other};

/// The routes of signing in and out.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Access::Public, show),
        Route::post("/sign-in", Access::Public, "login.ok login.limited", sign_in),
        Route::get("/sign-in/{token}", Access::Link, sign_in_by_link).writes("login.ok"),
        Route::post("/sign-out", Access::Public, "logout.ok", sign_out),
        Route::get("/setup/{token}", Access::Link, show_setup),
        Route::post("/setup/{token}", Access::Link, "user.created login.ok", set_up),
    ]
}

/// E-mail and password; after a refusal with the reason on top.
#[derive(Template)]
#[template(path = "sessions/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) frame: Frame,
    pub(crate) problem: String,
    pub(crate) email: String,
    pub(crate) next: String,
}

/// Makes the first administrator, by a link that works once.
#[derive(Template)]
#[template(path = "sessions/setup.html")]
pub(crate) struct SetupPage {
    pub(crate) frame: Frame,
    /// The address of this page, with its token.
    pub(crate) target: String,
    pub(crate) problem: String,
    pub(crate) name: Input,
    pub(crate) email: Input,
    pub(crate) password: Input,
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Setup {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

const NO_MATCH: &str = "That e-mail and password do not match. Check both and try again.";

async fn show(
    request: HttpRequest,
    app: web::Data<App>,
    site: web::Data<Site>,
    Query(wish): Query<Wish>,
) -> Result<HttpResponse, WebError> {
    if Visitor::of(&request).is_some_and(|visitor| visitor.user().is_administrator()) {
        return Ok(see_other(site.way_back(&wish.next)));
    }
    let next = site.way_back(&wish.next).to_owned();
    let frame = Frame::outside("Sign in", &app.assets, &site);
    SignInPage { frame, problem: String::new(), email: String::new(), next }.answer()
}

async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    site: web::Data<Site>,
    Form(login): Form<Login>,
) -> Result<HttpResponse, WebError> {
    let again = |problem: String, status| {
        let next = site.way_back(&login.next).to_owned();
        let frame = Frame::outside("Sign in", &app.assets, &site);
        SignInPage { frame, problem, email: login.email.clone(), next }.answer_with(status)
    };
    // Nothing longer can be right, and hashing it would cost us more than the sender.
    if login.password.len() > password::LONGEST || login.email.len() > users::LONGEST_EMAIL {
        return again(NO_MATCH.to_owned(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    match attempt(&request, &app, &login).await? {
        Attempt::Right(user, fresh) => {
            enter(&request, &app, &user, "password", fresh).await?;
            Ok(see_other(site.way_back(&login.next)))
        }
        Attempt::Wrong => again(NO_MATCH.to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        Attempt::Wait(seconds) => {
            let problem = format!("Too many tries. Wait {}, then try again.", in_words(seconds));
            let mut page = again(problem, StatusCode::TOO_MANY_REQUESTS)?;
            page.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(page)
        }
    }
}

/// How a try to sign in went.
enum Attempt {
    /// With a fresh hash where the stored one is outdated.
    Right(User, Option<password::PasswordHash>),
    Wrong,
    Wait(u64),
}

async fn attempt(request: &HttpRequest, app: &App, login: &Login) -> Result<Attempt, WebError> {
    let email = login.email.trim().to_lowercase();
    let (actor, address) = (stranger(request), counted(client_address(request)));
    let taken = app.db.write(move |tx| ops::take_turn(tx, &actor, &email, &address)).await;
    let (turn, user) = taken.map_err(WebError::from)?;
    let id = match turn {
        Turn::Granted { id, .. } => id,
        Turn::Wait(seconds) => return Ok(Attempt::Wait(seconds)),
    };
    let user = user.filter(|user| user.enabled);
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let typed = SecretString::from(login.password.as_str());
    let Ok(verdict) = app.hasher.verify(typed.clone(), stored).await? else {
        app.db.write(move |tx| store::delete_failure(tx, id)).await.map_err(WebError::from)?;
        return Err(WebError::Busy);
    };
    match (verdict, user) {
        (Verdict::Right, Some(user)) => Ok(Attempt::Right(user, None)),
        (Verdict::Outdated, Some(user)) => Ok(Attempt::Right(user, app.hasher.again(typed).await?.ok())),
        (Verdict::Wrong, _) | (Verdict::Right | Verdict::Outdated, None) => Ok(Attempt::Wrong),
    }
}

/// Starts a session under a new key: one that was planted before is worth nothing.
async fn enter(
    request: &HttpRequest,
    app: &App,
    user: &User,
    by: &'static str,
    fresh: Option<password::PasswordHash>,
) -> Result<(), WebError> {
    let (actor, who) = (person(user, request), user.clone());
    let written = app.db.write(move |tx| ops::signed_in(tx, &actor, &who, by, fresh.as_ref())).await;
    written.map_err(WebError::from)?;
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let address = client_address(request).map(|address| address.to_string()).unwrap_or_default();
    let session = request.get_session();
    session.clear();
    session.renew();
    let kept = session
        .insert(key::USER, user.id())
        .and_then(|()| session.insert(key::NAME, random_word(16)))
        .and_then(|()| session.insert(key::EPOCH, user.epoch))
        .and_then(|()| session.insert(key::ADDRESS, address))
        .and_then(|()| session.insert(key::AGENT, agent.chars().take(200).collect::<String>()));
    kept.map_err(|error| WebError::Internal(anyhow::anyhow!("{error}")))
}

async fn sign_in_by_link(
    request: HttpRequest,
    app: web::Data<App>,
    token: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let now = app.clock.now();
    let found = app.db.read(move |conn| match links::who(conn, &token, now)? {
        Some(id) => users::find(conn, id),
        None => Ok(None),
    });
    let user = found.await.map_err(WebError::from)?.filter(|user| user.enabled).ok_or(WebError::NotFound)?;
    enter(&request, &app, &user, "link", None).await?;
    Ok(see_other("/"))
}

async fn sign_out(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, WebError> {
    const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");
    if let Some(visitor) = Visitor::of(&request) {
        let (actor, user) = (visitor.actor().clone(), visitor.user().clone());
        let written = app.db.write(move |tx| ops::signed_out(tx, &actor, &user)).await;
        written.map_err(WebError::from)?;
    }
    request.get_session().purge();
    let mut answer = see_other("/sign-in");
    let everything = actix_web::http::header::HeaderValue::from_static("\"cookies\", \"storage\"");
    answer.headers_mut().insert(CLEAR, everything);
    Ok(answer)
}

async fn show_setup(
    request: HttpRequest,
    app: web::Data<App>,
    site: web::Data<Site>,
    token: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    check_setup(&app, token.into_inner()).await?;
    setup_page(&request, &app, &site, &Setup::empty(), Faults::default()).answer()
}

async fn set_up(
    request: HttpRequest,
    app: web::Data<App>,
    site: web::Data<Site>,
    token: web::Path<String>,
    Form(form): Form<Setup>,
) -> Result<HttpResponse, WebError> {
    check_setup(&app, token.clone()).await?;
    let (name, email, password) = match form.parse() {
        Ok(values) => values,
        Err(faults) => {
            return setup_page(&request, &app, &site, &form, faults).answer_with(StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let hash = app.hasher.hash(password).await?.map_err(|_| WebError::Busy)?;
    let (actor, wanted) = (stranger(&request), email.clone());
    let made = app.db.write(move |tx| ops::set_up(tx, &actor, &token, &wanted, &name, &hash)).await;
    match made.map_err(WebError::from)?.ok_or(WebError::NotFound)? {
        Ok(id) => {
            let user = app.db.read(move |conn| users::find(conn, id)).await.map_err(WebError::from)?;
            enter(&request, &app, &user.ok_or(WebError::NotFound)?, "setup", None).await?;
            Ok(see_other("/"))
        }
        Err(users::EmailTaken) => {
            let faults = Faults { email: "Somebody has this address already. Use another one.", ..Faults::default() };
            setup_page(&request, &app, &site, &form, faults).answer_with(StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

async fn check_setup(app: &App, token: String) -> Result<(), WebError> {
    let now = app.clock.now();
    let open = app.db.read(move |conn| links::may_set_up(conn, &token, now)).await.map_err(WebError::from)?;
    if open { Ok(()) } else { Err(WebError::NotFound) }
}

/// What is wrong beside each field.
#[derive(Default)]
struct Faults {
    name: &'static str,
    email: &'static str,
    password: &'static str,
}

impl Setup {
    fn empty() -> Self {
        Self { name: String::new(), email: String::new(), password: String::new() }
    }

    fn parse(&self) -> Result<(Name, Email, Password), Faults> {
        let known = [self.email.as_str(), self.name.as_str()];
        match (Name::parse(&self.name), Email::parse(&self.email), Password::parse(&self.password, &known)) {
            (Ok(name), Ok(email), Ok(password)) => Ok((name, email, password)),
            (name, email, password) => Err(Faults {
                name: name.err().unwrap_or_default(),
                email: email.err().unwrap_or_default(),
                password: password.err().unwrap_or_default(),
            }),
        }
    }
}

fn setup_page(request: &HttpRequest, app: &App, site: &Site, form: &Setup, faults: Faults) -> SetupPage {
    let count = [faults.name, faults.email, faults.password].iter().filter(|fault| !fault.is_empty()).count();
    let input =
        |value: &str, fault: &str| Input { value: value.to_owned(), error: fault.to_owned(), ..Input::default() };
    SetupPage {
        frame: Frame::outside("Set up Postrider", &app.assets, site),
        target: request.path().to_owned(),
        problem: need_another_look(count),
        name: input(&form.name, faults.name),
        email: input(&form.email, faults.email),
        password: input("", faults.password),
    }
}

pub(super) fn client_address(request: &HttpRequest) -> Option<std::net::IpAddr> {
    use actix_web::HttpMessage;
    request.extensions().get::<ClientAddress>().and_then(|address| address.0)
}

/// A browser in words: `Firefox on Linux`.
pub(crate) fn browser(agent: &str) -> String {
    // The more special first: each of these names its forebears too.
    const BROWSERS: [(&str, &str); 5] =
        [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari")];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        1 => "one second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
