//! Create API key: the dialog, and the token in the answer to it, since it is kept nowhere.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{LIST, List, behind, frame, label};
use crate::api_keys::{Draft, Environment, LONGEST_NAME, Scope, create as make};
use crate::clock::Time;
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Filled, Input, Sheet};
use crate::web::{Form, Page, WebError, need_another_look, see_other};

/// The scopes that some route asks for; with another one there is nothing to do.
const OFFERED: [Scope; 9] = [
    Scope::EventsWrite,
    Scope::EventsRead,
    Scope::DeliveriesRead,
    Scope::DeliveriesWrite,
    Scope::WebhooksRead,
    Scope::WebhooksWrite,
    Scope::CredentialsRead,
    Scope::CredentialsWrite,
    Scope::EventTypesWrite,
];
/// The ends that are offered, in days; none for never.
const ENDS: [(&str, &str); 4] = [("never", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")];

#[derive(Template)]
#[template(path = "api_keys/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: List,
    name: Input,
    scopes: Vec<Choice>,
    scopes_error: Input,
    test: bool,
    expires: Input,
    ends: Vec<Choice>,
}

/// The token, this one time. No `Debug`: it holds it.
#[derive(Template)]
#[template(path = "api_keys/token_dialog.html")]
struct TokenDialog {
    frame: Frame,
    sheet: Sheet,
    list: List,
    name: String,
    token: SecretString,
    address: String,
}

/// The fields of the dialog.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    scopes: Vec<String>,
    environment: String,
    expires: String,
    form_id: String,
}

pub(super) async fn new(app: Data<App>, admin: Admin) -> Result<HttpResponse, WebError> {
    let typed = Typed { scopes: vec![Scope::EventsWrite.to_string()], ..Typed::default() };
    dialog(&app, &admin, typed, ["", "", ""], StatusCode::OK).await
}

pub(super) async fn create(app: Data<App>, admin: Admin, Form(typed): Form<Typed>) -> Result<HttpResponse, WebError> {
    let draft = match parse(&typed, app.clock.now()) {
        Ok(draft) => draft,
        Err(faults) => return dialog(&app, &admin, typed, faults, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&typed.form_id));
    let write = app.db.write::<_, DbError, _>(move |tx| {
        let mut made = None;
        once(tx, form_id, |tx| {
            made = Some(make(tx, &actor, draft)?);
            Ok::<_, DbError>(LIST.to_owned())
        })?;
        Ok(made)
    });
    let Some((key, token)) = write.await? else {
        admin.flash_problem(
            "This key was created already, and its token was shown then. Create another if you lost it.",
        );
        return Ok(see_other(LIST));
    };
    let list = behind(&app).await?;
    let page = TokenDialog {
        frame: frame(&admin, &list),
        sheet: Sheet {
            heading: "Keep this token".to_owned(),
            target: LIST.to_owned(),
            back: LIST.to_owned(),
            ..Sheet::default()
        },
        list,
        name: key.name.clone(),
        token,
        address: format!("{}/api/v1/events", app.settings.public_url),
    };
    page.answer_with(StatusCode::CREATED)
}

/// What is typed as a draft, or what is wrong beside name, scopes and end.
fn parse(typed: &Typed, now: Time) -> Result<Draft, [&'static str; 3]> {
    let name = typed.name.trim();
    let name_fault = match name.chars().count() {
        0 => "Enter a name, so that you know later which program uses the key.",
        1..=LONGEST_NAME if !name.chars().any(char::is_control) => "",
        _ => "Shorten the name to 120 characters, without line breaks.",
    };
    let scopes: Option<Vec<Scope>> = typed.scopes.iter().map(|word| Scope::parse(word)).collect();
    let scopes_fault = match &scopes {
        None => "Choose from the list.",
        Some(scopes) if scopes.is_empty() => "Choose at least one thing that the key may do.",
        Some(_) => "",
    };
    let end = match typed.expires.as_str() {
        "" | "never" => Some(None),
        days => ENDS.iter().find(|(value, _)| *value == days).and_then(|(days, _)| days.parse::<u64>().ok()).map(Some),
    };
    let faults = [name_fault, scopes_fault, if end.is_none() { "Choose from the list." } else { "" }];
    let environment = if typed.environment == "test" { Environment::Test } else { Environment::Production };
    let expires_at = end.flatten().map(|days| now.plus(Duration::from_hours(24 * days)));
    match (scopes, faults) {
        (Some(scopes), ["", "", ""]) => Draft::new(name, scopes, environment, expires_at).map_err(|_| faults),
        (_, faults) => Err(faults),
    }
}

async fn dialog(
    app: &App,
    admin: &Admin,
    typed: Typed,
    [name, scopes, expires]: [&str; 3],
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let list = behind(app).await?;
    let choice = |value: &str, label: &str, chosen| Choice { value: value.to_owned(), label: label.to_owned(), chosen };
    let wrong = [name, scopes, expires].iter().filter(|fault| !fault.is_empty()).count();
    let form_id = match FormId::parse(&typed.form_id) {
        Some(form_id) => form_id,
        None => app.ids.make::<FormId>(),
    };
    let sentence = |scope: Scope| {
        let mut words = label(scope).to_owned();
        words[..1].make_ascii_uppercase();
        words
    };
    let page = Dialog {
        frame: frame(admin, &list),
        sheet: Sheet {
            heading: "Create API key".to_owned(),
            target: LIST.to_owned(),
            back: LIST.to_owned(),
            form_id: form_id.to_string(),
            problem: need_another_look(wrong),
            ..Sheet::default()
        },
        list,
        name: Input::new(&typed.name, name, ""),
        scopes: OFFERED
            .iter()
            .map(|scope| {
                choice(scope.as_str(), &sentence(*scope), typed.scopes.iter().any(|word| word == scope.as_str()))
            })
            .collect(),
        scopes_error: Input::new("", scopes, ""),
        test: typed.environment == "test",
        expires: Input::new(&typed.expires, expires, ""),
        ends: ENDS.iter().map(|(value, label)| choice(value, label, typed.expires == *value)).collect(),
    };
    page.answer_with(status)
}
