//! Add credential and Edit credential.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::list::{self, List};
use super::{LIST, address, frame, label};
use crate::api_keys::Environment;
use crate::credentials::form::{CredentialForm, Draft};
use crate::credentials::ops::{self, Rejected};
use crate::credentials::{ContentType, Credential, CredentialId, SchemeKind, store};
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Choice, Filled, Input, Sheet};
use crate::web::{FieldErrors, Form, Page, PathId, WebError, Whole, need_another_look, see_other};

/// Rows of headers that stand empty below those in use, for pages without script.
const EMPTY_ROWS: usize = 3;

/// A header of the credential's own.
struct HeaderRow {
    name: String,
    /// A value is stored under this name, and an empty one keeps it.
    stored: bool,
}

#[derive(Template)]
#[template(path = "credentials/dialog.html")]
struct Dialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    edits: bool,
    name: Input,
    base_url: Input,
    test: bool,
    environment: Input,
    content_type: Input,
    content_types: Vec<Choice>,
    headers: Input,
    header_rows: Vec<HeaderRow>,
    auth: Input,
    auths: Vec<Choice>,
    username: Input,
    password: Input,
    token_key: Input,
    token: Input,
    api_key_header: Input,
    api_key: Input,
    client_id: Input,
    client_secret: Input,
    token_url: Input,
    scope: Input,
    /// Since when a login of each kind is stored ("2 Nov 2026"); empty for never.
    password_set: String,
    token_set: String,
    api_key_set: String,
    client_secret_set: String,
}

/// What a dialog shows beside what was typed.
#[derive(Default)]
struct Shown {
    saved: Option<Credential>,
    errors: FieldErrors,
    /// What is wrong beside the fields.
    problem: String,
    status: StatusCode,
    /// A script opens it in place and wants nothing behind it.
    bare: bool,
}

pub(super) async fn new(app: Data<App>, admin: Admin, Whole(whole): Whole) -> Result<HttpResponse, WebError> {
    dialog(&app, &admin, CredentialForm::default(), Shown { bare: !whole, ..Shown::default() }).await
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<CredentialId>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let saved = read(&app, id).await?;
    let form = CredentialForm::of(&saved);
    dialog(&app, &admin, form, Shown { saved: Some(saved), bare: !whole, ..Shown::default() }).await
}

pub(super) async fn create(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<CredentialForm>,
) -> Result<HttpResponse, WebError> {
    let draft = match form.parse(app.client.policy(), None) {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, None, errors).await,
    };
    let (actor, form_id, sealer) = (admin.actor().clone(), FormId::parse(&form.form_id), app.sealer.clone());
    let write = app.db.write(move |tx| {
        once(tx, form_id, |tx| {
            ops::create(tx, &sealer, &actor, draft)?;
            Ok::<_, Rejected>(LIST.to_owned())
        })
    });
    match write.await {
        Ok(location) => {
            admin.flash(&format!("Credential “{}” was added.", form.name.trim()));
            Ok(see_other(&location))
        }
        Err(error) => refused(&app, &admin, form, None, error).await,
    }
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<CredentialId>,
    Form(form): Form<CredentialForm>,
) -> Result<HttpResponse, WebError> {
    let saved = read(&app, id).await?;
    let draft = match form.parse(app.client.policy(), Some(&saved)) {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, Some(saved), errors).await,
    };
    match save(&app, &admin, &form, id, draft).await {
        Ok(changed) => {
            let told = format!("Credential “{}” was saved.", form.name.trim());
            admin.flash(if changed { &told } else { "Nothing was changed." });
            Ok(see_other(LIST))
        }
        Err(error) => refused(&app, &admin, form, Some(saved), error).await,
    }
}

/// `false` when every value was the same.
async fn save(
    app: &App,
    admin: &Admin,
    form: &CredentialForm,
    id: CredentialId,
    draft: Draft,
) -> Result<bool, Rejected> {
    let (actor, form_id, sealer) = (admin.actor().clone(), FormId::parse(&form.form_id), app.sealer.clone());
    // What is no number was changed by somebody and counts as old.
    let at = (id, form.version.parse().unwrap_or_default());
    let write = app.db.write(move |tx| {
        let mut changed = true;
        once(tx, form_id, |tx| {
            changed = ops::change(tx, &sealer, &actor, at, draft)?.is_some();
            Ok::<_, Rejected>(LIST.to_owned())
        })?;
        Ok(changed)
    });
    write.await
}

/// The credential as it stands.
pub(super) async fn read(app: &App, id: CredentialId) -> Result<Credential, WebError> {
    let sealer = app.sealer.clone();
    let found = app.db.read::<_, DbError, _>(move |conn| store::find(conn, id, &sealer)).await?;
    found.ok_or(WebError::NotFound)
}

async fn wrong(
    app: &App,
    admin: &Admin,
    form: CredentialForm,
    saved: Option<Credential>,
    errors: FieldErrors,
) -> Result<HttpResponse, WebError> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    dialog(app, admin, form, Shown { saved, errors, status, ..Shown::default() }).await
}

/// The dialog again, with what the rules of all credentials together refused.
async fn refused(
    app: &App,
    admin: &Admin,
    form: CredentialForm,
    saved: Option<Credential>,
    error: Rejected,
) -> Result<HttpResponse, WebError> {
    let problem = error.to_string();
    match error {
        Rejected::Unfit(errors) => wrong(app, admin, form, saved, errors).await,
        Rejected::NameTaken => wrong(app, admin, form, saved, FieldErrors::one("name", problem)).await,
        Rejected::Full => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            dialog(app, admin, form, Shown { saved, problem, status, ..Shown::default() }).await
        }
        Rejected::Stale => {
            let status = StatusCode::CONFLICT;
            dialog(app, admin, form, Shown { saved, problem, status, ..Shown::default() }).await
        }
        Rejected::InUse(_) | Rejected::Gone | Rejected::Database(_) => Err(error.into()),
    }
}

async fn dialog(app: &App, admin: &Admin, mut form: CredentialForm, shown: Shown) -> Result<HttpResponse, WebError> {
    let (webhooks, whole) = (app.webhooks.clone(), !shown.bare);
    let list = app.db.read(move |conn| list::behind(conn, &webhooks, whole)).await?;
    if FormId::parse(&form.form_id).is_none() || shown.status == StatusCode::CONFLICT {
        form.form_id = app.ids.make::<FormId>().to_string();
    }
    let (saved, errors) = (shown.saved.as_ref(), &shown.errors);
    let (warnings, set) = (form.warnings(), |kind| set_since(saved, kind));
    let input = |field: &str, value: &str| Input::new(value, errors.of(field), warnings.of(field));
    let secret = |field: &str| input(field, "");
    let page = Dialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: if saved.is_some() { "Edit credential" } else { "Add credential" }.to_owned(),
            target: saved.map_or_else(|| LIST.to_owned(), |saved| address(saved.id)),
            back: LIST.to_owned(),
            form_id: form.form_id.clone(),
            version: form.version.clone(),
            problem: problem(errors, &shown.problem),
        },
        list,
        edits: saved.is_some(),
        name: input("name", &form.name),
        base_url: input("base_url", &form.base_url),
        test: form.environment == Environment::Test.as_str(),
        environment: input("environment", ""),
        content_type: input("content_type", &form.content_type),
        content_types: choices(
            &[(ContentType::Json.as_str(), "JSON"), (ContentType::Form.as_str(), "Form-urlencoded")],
            &form.content_type,
        ),
        headers: input("headers", ""),
        header_rows: header_rows(&form, saved),
        auth: input("auth", &form.auth),
        auths: choices(
            &SchemeKind::ALL.iter().map(|kind| (kind.as_str(), label(*kind))).collect::<Vec<_>>(),
            &form.auth,
        ),
        username: input("username", &form.username),
        password: secret("password"),
        token_key: input("token_key", &form.token_key),
        token: secret("token"),
        api_key_header: input("api_key_header", &form.api_key_header),
        api_key: secret("api_key"),
        client_id: input("client_id", &form.client_id),
        client_secret: secret("client_secret"),
        token_url: input("token_url", &form.token_url),
        scope: input("scope", &form.scope),
        password_set: set(&[SchemeKind::Basic]),
        token_set: set(&[SchemeKind::Token]),
        api_key_set: set(&[SchemeKind::ApiKey]),
        client_secret_set: set(&[SchemeKind::Hmac, SchemeKind::OAuth2Client]),
    };
    page.answer_with(shown.status)
}

/// The line above a form that came back.
fn problem(errors: &FieldErrors, beside: &str) -> String {
    let told = match errors.count() {
        0 if beside.is_empty() => return String::new(),
        0 => beside.to_owned(),
        wrong => need_another_look(wrong),
    };
    format!("{told} Nothing was saved; type secrets again.")
}

/// "2 Nov 2026" where a login of one of these kinds is stored.
fn set_since(saved: Option<&Credential>, kinds: &[SchemeKind]) -> String {
    let stored = saved.filter(|saved| kinds.contains(&saved.scheme.kind()));
    let at = stored.and_then(|saved| saved.auth_set_at);
    at.map(|at| at.utc().format("%-d %b %Y").to_string()).unwrap_or_default()
}

fn header_rows(form: &CredentialForm, saved: Option<&Credential>) -> Vec<HeaderRow> {
    let stored = |name: &str| saved.is_some_and(|saved| saved.headers.iter().any(|header| header.is(name.trim())));
    let typed = form.header_name.iter().filter(|name| !name.trim().is_empty());
    let typed = typed.map(|name| HeaderRow { name: name.clone(), stored: stored(name) });
    typed.chain((0..EMPTY_ROWS).map(|_| HeaderRow { name: String::new(), stored: false })).collect()
}

fn choices(all: &[(&str, &str)], chosen: &str) -> Vec<Choice> {
    let choice = |(value, label): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        chosen: *value == chosen,
    };
    all.iter().map(choice).collect()
}
