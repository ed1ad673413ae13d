//! The API of credentials: programs read, add, change and delete them, and never get a secret back.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, web};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::answer::{CredentialAnswer, CredentialList, NewCredential};
use super::form::CredentialForm;
use super::ops::{self, Rejected};
use super::{CredentialId, store};
use crate::api_keys::{Caller, Environment};
use crate::db::DbError;
use crate::events::intake;
use crate::state::App;
use crate::web::refusal::{BadJson, CredentialConflict, InvalidCredential, LargeBody, WrongType};
use crate::web::{Access, Audited, FieldErrors, JsonBody, PathId, Route, WebError};

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let (read, write) = (Access::ApiKey("credentials:read"), Access::ApiKey("credentials:write"));
    let (list, one) = ("/api/v1/credentials", "/api/v1/credentials/{id}");
    vec![
        Route::get(list, read, self::list),
        Route::post(list, write, "credential.created", create),
        Route::get(one, read, show),
        Route::new(Method::PUT, one, write, Audited::Writes("credential.changed"), change),
        Route::new(Method::DELETE, one, write, Audited::Writes("credential.deleted"), delete),
    ]
}

/// List credentials
///
/// The credentials of the key's environment, by name, with the webhooks that use each.
#[utoipa::path(
    get,
    path = "/api/v1/credentials",
    operation_id = "listCredentials",
    tag = "Credentials",
    security(("api_key" = ["credentials:read"])),
    responses((status = 200, description = "The credentials.", body = CredentialList))
)]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, WebError> {
    let (webhooks, environment) = (app.webhooks.clone(), caller.key.environment);
    let read = app.db.read::<_, DbError, _>(move |conn| {
        let (set, uses) = (webhooks.read(conn)?, store::uses(conn)?);
        let mine = set.credentials().iter().filter(|credential| credential.environment == environment);
        let answer = mine.map(|one| CredentialAnswer::of(one, uses.get(&one.id).map_or(&[][..], Vec::as_slice)));
        Ok(CredentialList { data: answer.collect() })
    });
    Ok(HttpResponse::Ok().json(read.await?))
}

/// Add a credential
///
/// Adds a credential to the key's environment. Its secrets are sealed and never told again.
#[utoipa::path(
    post,
    path = "/api/v1/credentials",
    operation_id = "addCredential",
    tag = "Credentials",
    security(("api_key" = ["credentials:write"])),
    request_body(content = NewCredential, description = "At most 256 KiB.", example = json!({
        "name": "Build server", "base_url": "https://ci.example.com/api", "auth": "token", "token": "example-token"
    })),
    responses(
        (status = 201, description = "Added.", body = CredentialAnswer),
        (status = 400, response = BadJson),
        (status = 409, response = CredentialConflict),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidCredential),
    )
)]
pub(crate) async fn create(
    app: web::Data<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, WebError> {
    let form = read(&body, caller.key.environment)?;
    let draft = form.parse(app.client.policy(), None).map_err(invalid)?;
    let sealer = app.sealer.clone();
    let write = caller.write(&app, move |tx, actor| {
        let credential = ops::create(tx, &sealer, actor, draft).map_err(refused)?;
        Ok(CredentialAnswer::of(&credential, &[]))
    });
    Ok(HttpResponse::Created().json(write.await?))
}

/// Read a credential
///
/// Tells a credential of the key's environment, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/credentials/{id}",
    operation_id = "readCredential",
    tag = "Credentials",
    security(("api_key" = ["credentials:read"])),
    params(("id" = inline(CredentialId), Path, description = "The credential.")),
    responses((status = 200, description = "The credential.", body = CredentialAnswer))
)]
pub(crate) async fn show(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<CredentialId>,
) -> Result<HttpResponse, WebError> {
    let sealer = app.sealer.clone();
    let read = app.db.read(move |conn| {
        let credential = store::find(conn, id, &sealer)?;
        let mine = credential.filter(|credential| credential.environment == caller.key.environment);
        let credential = mine.ok_or(WebError::NotFound)?;
        Ok::<_, WebError>(CredentialAnswer::of(&credential, &store::uses_of(conn, id)?))
    });
    Ok(HttpResponse::Ok().json(read.await?))
}

/// Change a credential
///
/// Replaces all of a credential but the secrets that are left empty. The webhooks that use it follow at once.
#[utoipa::path(
    put,
    path = "/api/v1/credentials/{id}",
    operation_id = "changeCredential",
    tag = "Credentials",
    security(("api_key" = ["credentials:write"])),
    params(("id" = inline(CredentialId), Path, description = "The credential.")),
    request_body(content = NewCredential, description = "At most 256 KiB.", example = json!({
        "name": "Build server", "base_url": "https://ci.example.com/api", "auth": "basic", "username": "ada",
        "password": "example-password"
    })),
    responses(
        (status = 200, description = "Changed.", body = CredentialAnswer),
        (status = 400, response = BadJson),
        (status = 413, response = LargeBody),
        (status = 415, response = WrongType),
        (status = 422, response = InvalidCredential),
    )
)]
pub(crate) async fn change(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<CredentialId>,
    JsonBody(body): JsonBody,
) -> Result<HttpResponse, WebError> {
    let form = read(&body, caller.key.environment)?;
    let (sealer, client, environment) = (app.sealer.clone(), app.client.clone(), caller.key.environment);
    let write = caller.write(&app, move |tx, actor| {
        let saved = store::find(tx, id, &sealer)?;
        let saved = saved.filter(|saved| saved.environment == environment).ok_or(WebError::NotFound)?;
        let draft = form.parse(client.policy(), Some(&saved)).map_err(invalid)?;
        let at = (id, saved.version);
        let changed = ops::change(tx, &sealer, actor, at, draft).map_err(refused)?.unwrap_or(saved);
        Ok(CredentialAnswer::of(&changed, &store::uses_of(tx, id)?))
    });
    Ok(HttpResponse::Ok().json(write.await?))
}

/// Delete a credential
///
/// Removes a credential that no webhook uses, and erases its secrets.
#[utoipa::path(
    delete,
    path = "/api/v1/credentials/{id}",
    operation_id = "deleteCredential",
    tag = "Credentials",
    security(("api_key" = ["credentials:write"])),
    params(("id" = inline(CredentialId), Path, description = "The credential.")),
    responses((status = 204, description = "Deleted."), (status = 409, response = CredentialConflict))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    caller: Caller,
    PathId(id): PathId<CredentialId>,
) -> Result<HttpResponse, WebError> {
    let (sealer, environment) = (app.sealer.clone(), caller.key.environment);
    let write =
        caller.write(&app, move |tx, actor| ops::delete(tx, &sealer, actor, id, Some(environment)).map_err(refused));
    write.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body as the form would have sent it, into the key's environment.
fn read(body: &[u8], environment: Environment) -> Result<CredentialForm, WebError> {
    let strict = std::str::from_utf8(body).ok().filter(|text| intake::is_strict_json(text));
    let Some(value) = strict.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return Err(WebError::invalid_json([]));
    };
    let Value::Object(fields) = value else {
        return Err(invalid(FieldErrors::one("", "A credential is an object.")));
    };
    let mut form = CredentialForm { environment: environment.as_str().to_owned(), ..CredentialForm::default() };
    let mut errors = FieldErrors::default();
    for (name, value) in &fields {
        fill(&mut form, name, value, &mut errors)?;
    }
    if errors.is_empty() { Ok(form) } else { Err(invalid(errors)) }
}

fn fill(form: &mut CredentialForm, name: &str, value: &Value, errors: &mut FieldErrors) -> Result<(), WebError> {
    /// A field, and where its text goes.
    type Place = (&'static str, fn(&mut CredentialForm, String));
    const TEXTS: [Place; 14] = [
        ("name", |form, text| form.name = text),
        ("base_url", |form, text| form.base_url = text),
        ("content_type", |form, text| form.content_type = text),
        ("auth", |form, text| form.auth = text),
        ("username", |form, text| form.username = text),
        ("password", |form, text| form.password = text.into()),
        ("token_key", |form, text| form.token_key = text),
        ("token", |form, text| form.token = text.into()),
        ("api_key_header", |form, text| form.api_key_header = text),
        ("api_key", |form, text| form.api_key = text.into()),
        ("client_id", |form, text| form.client_id = text),
        ("client_secret", |form, text| form.client_secret = text.into()),
        ("token_url", |form, text| form.token_url = text),
        ("scope", |form, text| form.scope = text),
    ];
    match (TEXTS.iter().find(|(field, _)| *field == name), value) {
        (_, Value::Null) if name == "headers" || TEXTS.iter().any(|(field, _)| *field == name) => {}
        (Some((_, put)), Value::String(text)) => put(form, text.clone()),
        (Some((field, _)), _) => errors.add(field, "This is a string."),
        (None, Value::Array(rows)) if name == "headers" => headers(form, rows, errors)?,
        (None, _) if name == "headers" => errors.add("headers", "The headers are a list."),
        (None, _) => return Err(WebError::unknown_field("credentials", name)),
    }
    Ok(())
}

fn headers(form: &mut CredentialForm, rows: &[Value], errors: &mut FieldErrors) -> Result<(), WebError> {
    for row in rows {
        let fields: Option<&Map<String, Value>> = row.as_object();
        if let Some(other) = fields.and_then(|row| row.keys().find(|name| !["name", "value"].contains(&name.as_str())))
        {
            return Err(WebError::unknown_field("credentials", other));
        }
        let text = |name: &str| match fields?.get(name) {
            None | Some(Value::Null) => Some(String::new()),
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        match text("name").zip(text("value")) {
            Some((name, value)) => {
                form.header_name.push(name);
                form.header_value.push(SecretString::from(value));
            }
            None => errors.add("headers", "A header is an object with the strings name and value."),
        }
    }
    Ok(())
}

/// What is wrong with the fields, as the form says it.
fn invalid(errors: FieldErrors) -> WebError {
    let path = |field: &str| if field.is_empty() { String::new() } else { format!("/{field}") };
    let errors = errors.iter().map(|(field, told)| (path(field), told.to_owned()));
    let detail = "A field is not as it must be; nothing was stored.";
    WebError::problem_at(StatusCode::UNPROCESSABLE_ENTITY, "invalid_credential", detail, errors)
}

fn refused(error: Rejected) -> WebError {
    match error {
        Rejected::Unfit(errors) => invalid(errors),
        Rejected::NameTaken => invalid(FieldErrors::one("name", error.to_string())),
        Rejected::Full | Rejected::InUse(_) | Rejected::Stale => {
            WebError::problem(StatusCode::CONFLICT, "conflict", error.to_string())
        }
        Rejected::Gone => WebError::NotFound,
        Rejected::Database(error) => error.into(),
    }
}
