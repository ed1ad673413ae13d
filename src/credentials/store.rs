//! The table of credentials, and the webhooks that use them.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use secrecy::SecretString;

use super::client::ClientLogin;
use super::{ContentType, Credential, CredentialId, Scheme, SchemeKind, Use, headers};
use crate::api_keys::Environment;
use crate::clock::Time;
use crate::db::{Conn, DbError, Tx};
use crate::on_backend;
use crate::schema::{counters, credentials, webhooks};
use crate::secret::{Place, Sealer};

/// The row that counts the changes to what is sent, and how: webhooks, their credentials and the event types.
const COUNTER: &str = "webhooks";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credentials, treat_none_as_null = true)]
struct Row {
    id: CredentialId,
    name: String,
    environment: Environment,
    base_url: Option<String>,
    content_type: ContentType,
    headers: Option<String>,
    auth: SchemeKind,
    auth_username: Option<String>,
    auth_token_key: Option<String>,
    auth_header: Option<String>,
    auth_client_id: Option<String>,
    auth_token_url: Option<String>,
    auth_scope: Option<String>,
    auth_secret: Option<String>,
    auth_set_at: Option<Time>,
    version: i32,
    created_at: Time,
    updated_at: Time,
}

fn place<'a>(row: &'a str, column: &'static str) -> Place<'a> {
    Place { table: "credentials", row, column }
}

/// A stored row that cannot be read is a fault of the installation (a missing key), never of the person.
fn unreadable(error: anyhow::Error) -> DbError {
    DbError::Query(diesel::result::Error::DeserializationError(error.into()))
}

impl Row {
    fn seal(credential: &Credential, sealer: &Sealer) -> anyhow::Result<Self> {
        let id = credential.id.as_str();
        let secret = credential.scheme.secret();
        let mut row = Self {
            id: credential.id,
            name: credential.name.clone(),
            environment: credential.environment,
            base_url: credential.base_url.clone(),
            content_type: credential.content_type,
            headers: headers::seal(&credential.headers, place(id, "headers"), sealer)?,
            auth: credential.scheme.kind(),
            auth_username: None,
            auth_token_key: None,
            auth_header: None,
            auth_client_id: None,
            auth_token_url: None,
            auth_scope: None,
            auth_secret: secret.map(|secret| sealer.seal(place(id, "auth_secret"), secret)).transpose()?,
            auth_set_at: credential.auth_set_at,
            version: credential.version,
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        };
        match &credential.scheme {
            Scheme::None | Scheme::Headers => {}
            Scheme::Basic { username, .. } => row.auth_username = Some(username.clone()),
            Scheme::Token { key, .. } => row.auth_token_key = Some(key.clone()),
            Scheme::ApiKey { header, .. } => row.auth_header = Some(header.clone()),
            Scheme::Hmac { client_id, .. } => row.auth_client_id = Some(client_id.clone()),
            Scheme::OAuth2Client(login) => {
                row.auth_client_id = Some(login.client_id.clone());
                row.auth_token_url = Some(login.token_url.clone());
                row.auth_scope = Some(login.scope.clone());
            }
        }
        Ok(row)
    }

    fn open(self, sealer: &Sealer) -> anyhow::Result<Credential> {
        let id = self.id;
        let secret = match &self.auth_secret {
            Some(sealed) => sealer.open(place(id.as_str(), "auth_secret"), sealed)?,
            None => SecretString::default(),
        };
        Ok(Credential {
            id,
            name: self.name,
            environment: self.environment,
            base_url: self.base_url,
            content_type: self.content_type,
            headers: headers::open(self.headers.as_deref(), place(id.as_str(), "headers"), sealer)?,
            scheme: match self.auth {
                SchemeKind::None => Scheme::None,
                SchemeKind::Headers => Scheme::Headers,
                SchemeKind::Basic => {
                    Scheme::Basic { username: self.auth_username.unwrap_or_default(), password: secret }
                }
                SchemeKind::Token => Scheme::Token { key: self.auth_token_key.unwrap_or_default(), token: secret },
                SchemeKind::ApiKey => Scheme::ApiKey { header: self.auth_header.unwrap_or_default(), key: secret },
                SchemeKind::Hmac => Scheme::Hmac { client_id: self.auth_client_id.unwrap_or_default(), secret },
                SchemeKind::OAuth2Client => Scheme::OAuth2Client(ClientLogin {
                    token_url: self.auth_token_url.unwrap_or_default(),
                    client_id: self.auth_client_id.unwrap_or_default(),
                    secret,
                    scope: self.auth_scope.unwrap_or_default(),
                }),
            },
            auth_set_at: self.auth_set_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Every credential, in the order of their names.
pub(crate) fn all(conn: &mut Conn, sealer: &Sealer) -> Result<Vec<Arc<Credential>>, DbError> {
    let rows: Vec<Row> =
        credentials::table.order((credentials::name, credentials::environment)).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(|row| row.open(sealer).map(Arc::new).map_err(unreadable)).collect()
}

/// The credential of that id.
pub(crate) fn find(conn: &mut Conn, id: CredentialId, sealer: &Sealer) -> Result<Option<Credential>, DbError> {
    let row: Option<Row> = credentials::table.find(id).select(Row::as_select()).first(conn).optional()?;
    row.map(|row| row.open(sealer).map_err(unreadable)).transpose()
}

/// How many there are.
pub(super) fn count(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(credentials::table.count().get_result(conn)?)
}

pub(super) fn insert(conn: &mut Conn, credential: &Credential, sealer: &Sealer) -> Result<(), DbError> {
    let row = Row::seal(credential, sealer).map_err(unreadable)?;
    diesel::insert_into(credentials::table).values(&row).execute(conn)?;
    Ok(())
}

pub(super) fn update(conn: &mut Conn, credential: &Credential, sealer: &Sealer) -> Result<(), DbError> {
    let row = Row::seal(credential, sealer).map_err(unreadable)?;
    diesel::update(credentials::table.find(credential.id)).set(&row).execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, id: CredentialId) -> Result<(), DbError> {
    diesel::delete(credentials::table.find(id)).execute(conn)?;
    Ok(())
}

/// The columns of a [`Use`].
type Used = (Option<CredentialId>, String, String, String, Option<String>);

/// The webhooks that use a credential, by name.
pub(crate) fn uses(conn: &mut Conn) -> Result<HashMap<CredentialId, Vec<Use>>, DbError> {
    let rows: Vec<Used> = webhooks::table
        .filter(webhooks::credential_id.is_not_null())
        .filter(webhooks::deleted_at.is_null())
        .order((webhooks::name, webhooks::id))
        .select((webhooks::credential_id, webhooks::id, webhooks::name, webhooks::url, webhooks::headers))
        .load(conn)?;
    let mut all: HashMap<CredentialId, Vec<Use>> = HashMap::new();
    for one in rows.into_iter().filter_map(used) {
        all.entry(one.credential).or_default().push(one);
    }
    Ok(all)
}

/// The webhooks that use this credential, by name.
pub(crate) fn uses_of(conn: &mut Conn, id: CredentialId) -> Result<Vec<Use>, DbError> {
    let rows: Vec<Used> = webhooks::table
        .filter(webhooks::credential_id.eq(id))
        .filter(webhooks::deleted_at.is_null())
        .order((webhooks::name, webhooks::id))
        .select((webhooks::credential_id, webhooks::id, webhooks::name, webhooks::url, webhooks::headers))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(used).collect())
}

fn used((credential, webhook, name, url, headers): Used) -> Option<Use> {
    Some(Use { credential: credential?, webhook, name, url, has_headers: headers.is_some() })
}

/// The version of what is sent, as a transaction knows it.
#[derive(Default)]
struct Version(Option<i64>);

/// How often webhooks, credentials and event types were changed.
pub(crate) fn version(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(counters::table.find(COUNTER).select(counters::value).first(conn)?)
}

/// The same, and it stays so until the transaction ends; asked once for all requests of its group. Shared with other
/// publishers, at odds with whoever edits: an event sees a webhook before or after an edit, never in between.
pub(crate) fn version_held(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    if let Some(version) = tx.known::<Version>().0 {
        return Ok(version);
    }
    let (conn, query): (&mut Conn, _) = (tx, counters::table.find(COUNTER).select(counters::value));
    let version = on_backend!(conn, sqlite c => query.first(c), postgres c => query.for_share().first(c))?;
    tx.known::<Version>().0 = Some(version);
    Ok(version)
}

/// Moves the version of what is sent, in the transaction that changed a webhook, a credential or an
/// event type.
///
/// # Errors
/// When the database cannot take it.
pub fn touch(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let conn: &mut Conn = tx;
    diesel::update(counters::table.find(COUNTER)).set(counters::value.eq(counters::value + 1)).execute(conn)?;
    tx.known::<Version>().0 = None;
    Ok(())
}
