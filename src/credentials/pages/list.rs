//! The list of credentials, each with the webhooks that use it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{frame, label};
use crate::api_keys::Environment;
use crate::credentials::{ContentType, Credential, Use, counted, store};
use crate::db::Conn;
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::listing;
use crate::web::view::{Choice, Filled, Link, When};
use crate::web::{Page, Query, WebError};
use crate::webhooks::set::Webhooks;

/// The most webhooks that a row names.
const NAMED: usize = 20;

/// A credential in the list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) badges: Vec<Badge>,
    /// `api.example.com`; empty for any host.
    pub(super) host: String,
    pub(super) base: String,
    pub(super) login: &'static str,
    /// Besides the kind of its login: the content type, the headers.
    pub(super) more: String,
    /// "Used by 2 webhooks"
    pub(super) used: String,
    pub(super) users: Vec<Link>,
    /// How many are not named.
    pub(super) unnamed: usize,
    pub(super) changed: When,
}

/// The rows; also what stands behind the dialogs.
pub(super) struct List {
    pub(super) filled: Filled,
    pub(super) rows: Vec<Row>,
    pub(super) environments: Vec<Choice>,
    /// "3 credentials, 1 test"
    pub(super) count: String,
}

#[derive(Template)]
#[template(path = "credentials/list.html")]
struct ListPage {
    frame: Frame,
    list: List,
}

/// The filter, as it stands in the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    environment: String,
}

pub(super) async fn show(
    app: Data<App>,
    admin: Admin,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, WebError> {
    let webhooks = app.webhooks.clone();
    let list = app.db.read(move |conn| read(conn, &webhooks, &query)).await?;
    ListPage { frame: frame(&admin, Some(&list)), list }.answer()
}

/// The list, to stand behind a dialog where a whole page is wanted.
pub(super) fn behind(conn: &mut Conn, webhooks: &Webhooks, whole: bool) -> Result<Option<List>, WebError> {
    if whole { read(conn, webhooks, &ListQuery::default()).map(Some) } else { Ok(None) }
}

fn read(conn: &mut Conn, webhooks: &Webhooks, query: &ListQuery) -> Result<List, WebError> {
    let environment = listing::chosen(&query.environment, Environment::parse, listing::NO_ENVIRONMENT)?;
    let set = webhooks.read(conn)?;
    let uses = store::uses(conn)?;
    let credentials = set.credentials();
    let tests = credentials.iter().filter(|credential| credential.environment == Environment::Test).count();
    let rows: Vec<Row> = credentials
        .iter()
        .filter(|credential| environment.is_none_or(|environment| credential.environment == environment))
        .map(|credential| row(credential, uses.get(&credential.id).map_or(&[][..], Vec::as_slice)))
        .collect();
    Ok(List {
        filled: listing::filled(rows.is_empty(), !credentials.is_empty()),
        rows,
        environments: listing::environments(&query.environment),
        count: match (credentials.len(), tests) {
            (0, _) => String::new(),
            (1, 0) => "1 credential".to_owned(),
            (1, _) => "1 credential, for tests".to_owned(),
            (all, 0) => format!("{all} credentials"),
            (all, tests) => format!("{all} credentials, {tests} for tests"),
        },
    })
}

fn row(credential: &Credential, uses: &[Use]) -> Row {
    let base = credential.base_url.clone().unwrap_or_default();
    let url = url::Url::parse(&base).ok();
    let host = url.map(|url| match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    });
    Row {
        id: credential.id.to_string(),
        name: credential.name.clone(),
        badges: (credential.environment == Environment::Test).then_some(Badge::Test).into_iter().collect(),
        host: host.unwrap_or_default(),
        base,
        login: label(credential.scheme.kind()),
        more: more(credential),
        used: match uses.len() {
            0 => String::new(),
            count => format!("Used by {}", counted(count)),
        },
        users: users(uses),
        unnamed: uses.len().saturating_sub(NAMED),
        changed: when(credential.updated_at),
    }
}

fn more(credential: &Credential) -> String {
    let form = (credential.content_type == ContentType::Form).then(|| "form-urlencoded".to_owned());
    let headers = match credential.headers.len() {
        0 => None,
        1 => Some("1 header".to_owned()),
        count => Some(format!("{count} headers")),
    };
    form.into_iter().chain(headers).collect::<Vec<_>>().join(", ")
}

/// The first webhooks that use it.
pub(super) fn users(uses: &[Use]) -> Vec<Link> {
    let user = |one: &Use| Link { name: one.name.clone(), href: format!("/settings/webhooks/{}", one.webhook) };
    uses.iter().take(NAMED).map(user).collect()
}
