//! The table of keys.

use diesel::prelude::*;

use super::{ApiKey, ApiKeyId, Environment, Scope};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::api_keys;

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_keys)]
struct Row {
    id: ApiKeyId,
    name: String,
    prefix: String,
    secret_hash: String,
    scopes: String,
    environment: Environment,
    created_at: Time,
    created_by: String,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            secret_hash: row.secret_hash,
            // A scope that this version does not know gives no right.
            scopes: row.scopes.split(' ').filter_map(Scope::parse).collect(),
            environment: row.environment,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

pub(super) fn insert(conn: &mut Conn, key: &ApiKey) -> Result<(), DbError> {
    let row = Row {
        id: key.id,
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        secret_hash: key.secret_hash.clone(),
        scopes: key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        environment: key.environment,
        created_at: key.created_at,
        created_by: key.created_by.clone(),
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        revoked_at: key.revoked_at,
    };
    diesel::insert_into(api_keys::table).values(&row).execute(conn)?;
    Ok(())
}

/// The key with this id.
///
/// # Errors
/// When the database cannot be read.
pub fn find(conn: &mut Conn, id: ApiKeyId) -> Result<Option<ApiKey>, DbError> {
    Ok(api_keys::table.find(id).first::<Row>(conn).optional()?.map(ApiKey::from))
}

pub(super) fn find_by_prefix(conn: &mut Conn, prefix: &str) -> Result<Option<ApiKey>, DbError> {
    let found = api_keys::table.filter(api_keys::prefix.eq(prefix)).first::<Row>(conn).optional()?;
    Ok(found.map(ApiKey::from))
}

/// Every key, the newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(conn: &mut Conn) -> Result<Vec<ApiKey>, DbError> {
    let rows: Vec<Row> = api_keys::table.order(api_keys::id.desc()).load(conn)?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// When it was revoked and when it expires.
type Ends = (Option<Time>, Option<Time>);

/// What may end a key, read on the hot path.
pub(super) fn ends(conn: &mut Conn, id: ApiKeyId) -> Result<Option<Ends>, DbError> {
    Ok(api_keys::table.find(id).select((api_keys::revoked_at, api_keys::expires_at)).first(conn).optional()?)
}

pub(super) fn set_used(conn: &mut Conn, id: ApiKeyId, at: Time) -> Result<(), DbError> {
    diesel::update(api_keys::table.find(id)).set(api_keys::last_used_at.eq(at)).execute(conn)?;
    Ok(())
}

/// True when this call revoked it.
pub(super) fn set_revoked(conn: &mut Conn, id: ApiKeyId, at: Time) -> Result<bool, DbError> {
    let open = api_keys::table.find(id).filter(api_keys::revoked_at.is_null());
    Ok(diesel::update(open).set(api_keys::revoked_at.eq(at)).execute(conn)? == 1)
}
