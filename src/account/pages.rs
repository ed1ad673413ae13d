//! The page My account and its forms.

use actix_web::http::StatusCode;
use actix_web::http::header::REFERER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::db::DbError;
use crate::history::pages::when;
use crate::sessions::own::{self, OwnSession, Which};
use crate::sessions::proof::{Proof, prove};
use crate::sessions::{Admin, pages::browser};
use crate::state::App;
use crate::users::password::Password;
use crate::users::{self, Name, Theme};
use crate::web::frame::{Frame, Place};
use crate::web::view::{Choice, Input, When};
use crate::web::{Access, Form, Page, Route, Site, WebError, see_other};

/// Where the page is.
const ACCOUNT: &str = "/account";

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(ACCOUNT, admin, show),
        Route::post(ACCOUNT, admin, "user.updated", change_name),
        Route::post("/account/password", admin, "user.password_changed", change_password),
        Route::post("/account/theme", admin, "user.theme_changed", change_theme),
        Route::post("/account/sessions/{name}/end", admin, "session.ended", end_session),
        Route::post("/account/sessions/end-others", admin, "session.ended", end_others),
    ]
}

/// One of the person's sessions.
struct Row {
    name: String,
    browser: String,
    address: String,
    began: When,
    seen: When,
    /// The one that looks.
    this: bool,
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    name: Input,
    current: Input,
    new: Input,
    themes: Vec<Choice>,
    sessions: Vec<Row>,
    others: usize,
}

/// What is wrong beside each field.
#[derive(Default)]
struct Faults {
    /// The typed name, where it is shown again.
    typed: Option<String>,
    name: String,
    current: String,
    new: String,
}

async fn show(app: web::Data<App>, admin: Admin) -> Result<HttpResponse, WebError> {
    page(&app, &admin, Faults::default()).await?.answer()
}

async fn page(app: &App, admin: &Admin, faults: Faults) -> Result<AccountPage, WebError> {
    let (user, now) = (admin.user().clone(), app.clock.now());
    let sessions = app.db.read::<_, DbError, _>(move |conn| own::list(conn, &user, now)).await?;
    let this = admin.session_name();
    let user = admin.user();
    let sessions: Vec<Row> = sessions.into_iter().map(|session| row(session, &this)).collect();
    let theme = |theme: &Theme| Choice {
        value: theme.as_str().to_owned(),
        label: label(*theme).to_owned(),
        chosen: user.theme == theme.as_str(),
    };
    Ok(AccountPage {
        frame: admin.frame("My account", Place::Account),
        email: user.email().to_owned(),
        name: Input::new(faults.typed.as_deref().unwrap_or(user.name()), &faults.name, ""),
        current: Input::new("", &faults.current, ""),
        new: Input::new("", &faults.new, ""),
        themes: Theme::ALL.iter().map(theme).collect(),
        others: sessions.iter().filter(|session| !session.this).count(),
        sessions,
    })
}

fn label(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "Auto",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}

fn row(session: OwnSession, this: &str) -> Row {
    Row {
        this: session.name == this,
        browser: browser(&session.agent),
        address: session.address,
        began: when(session.created_at),
        seen: when(session.seen_at),
        name: session.name,
    }
}

#[derive(Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

async fn change_name(app: web::Data<App>, admin: Admin, Form(form): Form<NameForm>) -> Result<HttpResponse, WebError> {
    let name = match Name::parse(&form.name) {
        Ok(name) => name,
        Err(sentence) => {
            let faults = Faults { typed: Some(form.name), name: sentence.to_owned(), ..Faults::default() };
            return page(&app, &admin, faults).await?.answer_with(StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let (actor, id) = (admin.actor().clone(), admin.user_id);
    let changed = app.db.write(move |tx| users::change_name(tx, &actor, id, &name)).await?;
    admin.flash(if changed { "Your name was changed." } else { "Nothing was changed." });
    Ok(see_other(ACCOUNT))
}

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default, deserialize_with = "secret")]
    current_password: SecretString,
    #[serde(default, deserialize_with = "secret")]
    new_password: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

async fn change_password(
    app: web::Data<App>,
    admin: Admin,
    request: HttpRequest,
    Form(form): Form<PasswordForm>,
) -> Result<HttpResponse, WebError> {
    let user = admin.user();
    let new = Password::parse(form.new_password.expose_secret(), &[user.email(), user.name()]);
    // What is wrong with the new one is told without a try at the old one.
    let proof = if new.is_ok() { prove(&app, &admin, &request, &form.current_password).await? } else { Proof::Right };
    let new = match (new, proof) {
        (Ok(new), Proof::Right) => new,
        (new, proof) => {
            let new = new.err().unwrap_or_default().to_owned();
            let faults = Faults { current: proof.sentence(), new, ..Faults::default() };
            let status = match proof {
                Proof::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
                Proof::Right | Proof::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
            };
            return page(&app, &admin, faults).await?.answer_with(status);
        }
    };
    let hash = app.hasher.hash(new).await?.map_err(|_| WebError::Busy)?;
    let (actor, user, this) = (admin.actor().clone(), admin.user().clone(), admin.session_name());
    let write = app.db.write::<_, DbError, _>(move |tx| {
        users::set_password(tx, &actor, user.id(), &hash)?;
        own::end(tx, &actor, &user, Which::Others(&this))
    });
    let ended = write.await?;
    admin.survive(admin.user().epoch + 1)?;
    admin.flash(&format!("Your password was changed. {}", told(ended)));
    Ok(see_other(ACCOUNT))
}

#[derive(Deserialize)]
struct ThemeForm {
    #[serde(default)]
    theme: String,
}

async fn change_theme(
    app: web::Data<App>,
    admin: Admin,
    site: web::Data<Site>,
    request: HttpRequest,
    Form(form): Form<ThemeForm>,
) -> Result<HttpResponse, WebError> {
    let theme = Theme::parse(&form.theme)
        .ok_or_else(|| WebError::BadRequest("The theme is Auto, Light or Dark.".to_owned()))?;
    let (actor, id) = (admin.actor().clone(), admin.user_id);
    app.db.write(move |tx| users::change_theme(tx, &actor, id, theme)).await?;
    Ok(see_other(site.way_back(&came_from(&request))))
}

/// The page on which the button was, from what the browser says.
fn came_from(request: &HttpRequest) -> String {
    let said = request.headers().get(REFERER).and_then(|value| value.to_str().ok());
    let url = said.and_then(|said| url::Url::parse(said).ok());
    url.map_or_else(
        || ACCOUNT.to_owned(),
        |url| url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
    )
}

async fn end_session(app: web::Data<App>, admin: Admin, name: web::Path<String>) -> Result<HttpResponse, WebError> {
    let name = name.into_inner();
    if name == admin.session_name() {
        admin.flash_problem("This is the session you are using. Use Sign out to end it.");
        return Ok(see_other(ACCOUNT));
    }
    let (actor, user) = (admin.actor().clone(), admin.user().clone());
    let ended = app.db.write::<_, DbError, _>(move |tx| own::end(tx, &actor, &user, Which::One(&name))).await?;
    if ended == 0 {
        return Err(WebError::NotFound);
    }
    admin.flash("The session was ended.");
    Ok(see_other(ACCOUNT))
}

async fn end_others(app: web::Data<App>, admin: Admin) -> Result<HttpResponse, WebError> {
    let (actor, user, this) = (admin.actor().clone(), admin.user().clone(), admin.session_name());
    let ended = app.db.write::<_, DbError, _>(move |tx| own::end(tx, &actor, &user, Which::Others(&this))).await?;
    admin.flash(&told(ended));
    Ok(see_other(ACCOUNT))
}

fn told(ended: usize) -> String {
    match ended {
        0 => "There was no other session.".to_owned(),
        1 => "1 other session was ended.".to_owned(),
        count => format!("{count} other sessions were ended."),
    }
}
