//! Settings > Integrations and webhooks > API keys: the list, Create API key and Revoke.

mod create;
mod revoke;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{ApiKey, Environment, Scope, list};
use crate::clock::Time;
use crate::db::DbError;
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Frame, Place};
use crate::web::listing;
use crate::web::view::{Choice, Filled, When};
use crate::web::{Access, Page, Query, Route, WebError};

/// Where the list is.
const LIST: &str = "/settings/api-keys";

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let admin = Access::Admin;
    vec![
        Route::get(LIST, admin, show),
        Route::post(LIST, admin, "api_key.created", create::create),
        Route::get("/settings/api-keys/new", admin, create::new),
        Route::get("/settings/api-keys/{id}/revoke", admin, revoke::ask),
        Route::post("/settings/api-keys/{id}/revoke", admin, "api_key.revoked", revoke::revoke),
    ]
}

/// A key in the list.
struct Row {
    id: String,
    name: String,
    prefix: String,
    badges: Vec<Badge>,
    scopes: Vec<&'static str>,
    created: When,
    by: String,
    used: Option<When>,
    expires: Option<When>,
    valid: bool,
}

/// The rows, also behind the dialogs.
struct List {
    filled: Filled,
    rows: Vec<Row>,
    environments: Vec<Choice>,
    count: String,
}

/// The filter, as it stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    environment: String,
}

#[derive(Template)]
#[template(path = "api_keys/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

async fn show(app: Data<App>, admin: Admin, Query(query): Query<ListQuery>) -> Result<HttpResponse, WebError> {
    let list = read(&app, &query).await?;
    ListPage { frame: frame(&admin, &list), list }.answer()
}

/// All keys, to stand behind a dialog.
async fn behind(app: &App) -> Result<List, WebError> {
    read(app, &ListQuery::default()).await
}

async fn read(app: &App, query: &ListQuery) -> Result<List, WebError> {
    let environment = listing::chosen(&query.environment, Environment::parse, listing::NO_ENVIRONMENT)?;
    let keys = app.db.read::<_, DbError, _>(list).await?;
    let now = app.clock.now();
    let (all, active) = (keys.len(), keys.iter().filter(|key| key.is_valid(now)).count());
    let shown = keys.into_iter().filter(|key| environment.is_none_or(|environment| key.environment == environment));
    let rows: Vec<Row> = shown.map(|key| row(key, now)).collect();
    Ok(List {
        filled: listing::filled(rows.is_empty(), all > 0),
        rows,
        environments: listing::environments(&query.environment),
        count: match all {
            0 => String::new(),
            1 => format!("1 API key, {active} active"),
            all => format!("{all} API keys, {active} active"),
        },
    })
}

fn frame(admin: &Admin, list: &List) -> Frame {
    let mut frame = admin.frame("Integrations and webhooks", Place::ApiKeys);
    frame.count.clone_from(&list.count);
    frame
}

fn row(key: ApiKey, now: Time) -> Row {
    let state = match (key.revoked_at.is_some(), key.is_valid(now)) {
        (true, _) => Badge::Revoked,
        (false, true) => Badge::Active,
        (false, false) => Badge::Expired,
    };
    let test = (key.environment == Environment::Test).then_some(Badge::Test);
    Row {
        id: key.id.to_string(),
        valid: key.is_valid(now),
        badges: std::iter::once(state).chain(test).collect(),
        scopes: key.scopes.iter().map(|scope| label(*scope)).collect(),
        created: when(key.created_at),
        by: key.created_by,
        used: key.last_used_at.map(when),
        expires: key.expires_at.map(when),
        prefix: key.prefix,
        name: key.name,
    }
}

/// What a key with this scope may do, in a few words.
fn label(scope: Scope) -> &'static str {
    match scope {
        Scope::EventsWrite => "post events",
        Scope::EventsRead => "read events",
        Scope::DeliveriesRead => "read deliveries",
        Scope::DeliveriesWrite => "resend deliveries",
        Scope::WebhooksRead => "read webhooks",
        Scope::WebhooksWrite => "change webhooks",
        Scope::CredentialsRead => "read credentials",
        Scope::CredentialsWrite => "change credentials",
        Scope::EventTypesWrite => "declare event types",
        Scope::RecoveriesWrite => "start recoveries",
    }
}
