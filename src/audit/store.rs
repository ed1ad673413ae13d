//! The audit table: rows are appended under a lock on the chain's head and never touched again.

use diesel::prelude::*;

use super::ActorKind;
use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::on_backend;
use crate::schema::{audit, audit_head};

/// One row of the audit trail.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = audit)]
pub struct Entry {
    /// Its place in the chain, from 1 up without a gap.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// Who, by kind.
    pub actor_kind: ActorKind,
    /// Who, by id.
    pub actor_id: Option<String>,
    /// Who, by name.
    pub actor_name: String,
    /// From where.
    pub address: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// What was done, as `noun.verb`.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which.
    pub object_id: Option<String>,
    /// Its name at that time.
    pub object_name: Option<String>,
    /// The fields, as JSON.
    pub changes: String,
    /// The hash of the row before.
    pub previous_hash: String,
    /// The hash of this row and, through the one before, of all before it.
    pub hash: String,
}

/// The end of the chain, locked until the transaction ends.
pub(super) fn lock_head(conn: &mut Conn) -> Result<(i64, String), DbError> {
    let head = audit_head::table.select((audit_head::seq, audit_head::hash));
    Ok(on_backend!(conn, sqlite c => head.first(c), postgres c => head.for_update().first(c))?)
}

pub(super) fn append(conn: &mut Conn, entry: &Entry) -> Result<(), DbError> {
    diesel::insert_into(audit::table).values(entry).execute(conn)?;
    diesel::update(audit_head::table)
        .set((audit_head::seq.eq(entry.seq), audit_head::hash.eq(&entry.hash)))
        .execute(conn)?;
    Ok(())
}

/// Up to `limit` rows after `seq`, in the order of the chain.
pub(super) fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<Entry>, DbError> {
    Ok(audit::table.filter(audit::seq.gt(seq)).order(audit::seq).limit(limit).load(conn)?)
}

/// The newest row about that object with one of these actions.
///
/// # Errors
/// When the database cannot be read.
pub fn latest(conn: &mut Conn, object_id: &str, actions: &[&str]) -> Result<Option<Entry>, DbError> {
    let rows = audit::table.filter(audit::object_id.eq(object_id)).filter(audit::action.eq_any(actions.to_vec()));
    Ok(rows.order(audit::seq.desc()).first(conn).optional()?)
}

/// Which rows are asked for; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who, by name.
    pub actor: Option<String>,
    /// What was done, as `noun.verb`.
    pub action: Option<String>,
    /// To which thing, by id.
    pub object: Option<String>,
    /// At this time or later.
    pub from: Option<Time>,
    /// Before this time.
    pub until: Option<Time>,
}

/// Up to `limit` rows, the newest first, on one side of a place in the chain (`true` towards newer ones).
///
/// # Errors
/// When the database cannot be read.
pub fn page(conn: &mut Conn, filter: &Filter, cursor: Option<(bool, i64)>, limit: i64) -> Result<Vec<Entry>, DbError> {
    let mut query = audit::table.into_boxed::<Backend>();
    if let Some(actor) = &filter.actor {
        query = query.filter(audit::actor_name.eq(actor));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit::action.eq(action));
    }
    if let Some(object) = &filter.object {
        query = query.filter(audit::object_id.eq(object));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit::at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit::at.lt(until));
    }
    query = match cursor {
        None => query.order(audit::seq.desc()),
        Some((true, seq)) => query.filter(audit::seq.gt(seq)).order(audit::seq.asc()),
        Some((false, seq)) => query.filter(audit::seq.lt(seq)).order(audit::seq.desc()),
    };
    Ok(query.limit(limit).load(conn)?)
}

pub(super) fn head(conn: &mut Conn) -> Result<(i64, String), DbError> {
    Ok(audit_head::table.select((audit_head::seq, audit_head::hash)).first(conn)?)
}
