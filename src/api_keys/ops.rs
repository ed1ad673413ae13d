//! Making, proving and revoking keys.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{ApiKey, ApiKeyId, Draft, new_token, prefix_of, store};
use crate::audit::{Actor, Changes, Object, record};
use crate::clock::Time;
use crate::db::{Conn, DbError, Tx};
use crate::secret::{same_hash, token_hash};

/// How old "last used" may be: a row that is written for each request would double the work.
const USED: Duration = Duration::from_secs(60);

/// Makes a key and returns it with its token, which nobody sees again.
///
/// # Errors
/// When the database cannot take it.
pub fn create(tx: &mut Tx<'_>, actor: &Actor, draft: Draft) -> Result<(ApiKey, SecretString), DbError> {
    let (prefix, token) = new_token();
    let key = ApiKey {
        id: tx.make_id(),
        name: draft.name,
        prefix,
        secret_hash: token_hash(token.expose_secret()),
        scopes: draft.scopes,
        environment: draft.environment,
        created_at: tx.now(),
        created_by: actor.name.clone(),
        expires_at: draft.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    store::insert(tx, &key)?;
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let changes = Changes::none()
        .value("prefix", key.prefix.as_str())
        .value("scopes", scopes.join(" "))
        .value("environment", key.environment.as_str())
        .value("expires_at", key.expires_at.map(Time::rfc3339));
    record(tx, actor, "api_key.created", &object(&key, key.id.as_str()), &changes)?;
    Ok((key, token))
}

/// Ends a key at once; `false` when it was ended before.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such key.
pub fn revoke(tx: &mut Tx<'_>, actor: &Actor, id: ApiKeyId) -> Result<bool, DbError> {
    let key = store::find(tx, id)?.ok_or(DbError::NotFound)?;
    let now = tx.now();
    if !store::set_revoked(tx, id, now)? {
        return Ok(false);
    }
    record(tx, actor, "api_key.revoked", &object(&key, id.as_str()), &Changes::none())?;
    Ok(true)
}

fn object<'a>(key: &'a ApiKey, id: &'a str) -> Object<'a> {
    Object { kind: "api_key", id, name: &key.name }
}

/// The valid key of a token; `None` says nothing about why not.
///
/// # Errors
/// When the database cannot be read.
pub fn authenticate(conn: &mut Conn, token: &str, now: Time) -> Result<Option<ApiKey>, DbError> {
    let Some(prefix) = prefix_of(token) else { return Ok(None) };
    let found = store::find_by_prefix(conn, prefix)?;
    Ok(found.filter(|key| same_hash(&key.secret_hash, &token_hash(token)) && key.is_valid(now)))
}

/// True while the key is valid; asked in the transaction that a remembered key starts, so that a revoked key
/// is refused at once on every node.
///
/// # Errors
/// When the database cannot be read.
pub fn recheck(conn: &mut Conn, id: ApiKeyId, now: Time) -> Result<bool, DbError> {
    let ends = store::ends(conn, id)?;
    Ok(ends.is_some_and(|(revoked, expires)| revoked.is_none() && expires.is_none_or(|end| now < end)))
}

/// Notes the use of a key where the last note is a minute old; `true` when it was written.
///
/// # Errors
/// When the database cannot take it.
pub(super) fn note_use(tx: &mut Tx<'_>, id: ApiKeyId, last: Option<Time>) -> Result<bool, DbError> {
    let now = tx.now();
    let due = is_note_due(last, now);
    if due {
        store::set_used(tx, id, now)?;
    }
    Ok(due)
}

pub(super) fn is_note_due(last: Option<Time>, now: Time) -> bool {
    last.is_none_or(|last| now.since(last) >= USED)
}
