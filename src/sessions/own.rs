//! A person's own sessions: which there are, and ending them.

use super::cookie::key;
use super::store;
use crate::audit::{Actor, Changes, Object, record};
use crate::clock::Time;
use crate::db::{Conn, DbError, Tx};
use crate::users::User;

/// A session of the person who looks.
pub(crate) struct OwnSession {
    /// What names it in an address; not its key.
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) agent: String,
    pub(crate) created_at: Time,
    pub(crate) seen_at: Time,
}

/// The sessions of a person that have not ended.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn list(conn: &mut Conn, user: &User, now: Time) -> Result<Vec<OwnSession>, DbError> {
    let rows = store::of_user(conn, user.id(), now)?;
    Ok(rows.into_iter().filter(|row| is_of_epoch(row, user.epoch)).map(OwnSession::from).collect())
}

/// Ends the session of that name, or all but that one; returns how many there were.
///
/// # Errors
/// When the database cannot take it.
pub(crate) fn end(tx: &mut Tx<'_>, actor: &Actor, user: &User, which: Which<'_>) -> Result<usize, DbError> {
    let now = tx.now();
    let rows = store::of_user(tx, user.id(), now)?;
    let ended: Vec<store::Row> = rows.into_iter().filter(|row| which.means(&name(row))).collect();
    for row in &ended {
        store::delete(tx, &row.key_hash)?;
    }
    if !ended.is_empty() {
        let id = user.id();
        let object = Object { kind: "user", id: id.as_str(), name: user.name() };
        record(tx, actor, "session.ended", &object, &Changes::none().value("sessions", ended.len()))?;
    }
    Ok(ended.len())
}

/// Which sessions are meant.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    /// The one of this name.
    One(&'a str),
    /// All but the one of this name.
    Others(&'a str),
}

impl Which<'_> {
    fn means(self, name: &str) -> bool {
        match self {
            Self::One(wanted) => name == wanted,
            Self::Others(kept) => name != kept,
        }
    }
}

impl From<store::Row> for OwnSession {
    fn from(row: store::Row) -> Self {
        Self {
            name: name(&row),
            address: row.address,
            agent: row.agent,
            created_at: row.created_at,
            seen_at: row.seen_at,
        }
    }
}

fn word<T: serde::de::DeserializeOwned>(row: &store::Row, name: &str) -> Option<T> {
    let state: std::collections::HashMap<String, String> = serde_json::from_str(&row.state).ok()?;
    serde_json::from_str(state.get(name)?).ok()
}

fn name(row: &store::Row) -> String {
    word(row, key::NAME).unwrap_or_default()
}

/// One of an older epoch is refused already, though its row is still there.
fn is_of_epoch(row: &store::Row, epoch: i32) -> bool {
    word::<i32>(row, key::EPOCH) == Some(epoch)
}
