//! The audit table: rows are appended under a lock on the chain's head and never touched again.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};

use super::ActorKind;
use crate::clock::Time;
use crate::db::{Backend, Conn, DbError};
use crate::on_backend;
use crate::schema::{audit, audit_head};

/// The clocks of nodes may differ by so much, so times follow the chain only roughly.
const SKEW: Duration = Duration::from_secs(3600);

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
    /// To what kind of thing, by its noun.
    pub kind: Option<String>,
    /// To which thing, by id.
    pub object: Option<String>,
    /// At this time or later.
    pub from: Option<Time>,
    /// Before this time.
    pub until: Option<Time>,
}

/// Up to `limit` rows on one side of a place in the chain (`true` towards newer ones), in the order of walking.
///
/// # Errors
/// When the database cannot be read.
pub fn page(conn: &mut Conn, filter: &Filter, cursor: Option<(bool, i64)>, limit: i64) -> Result<Vec<Entry>, DbError> {
    let (mut above, mut below) = around(conn, filter)?;
    match cursor {
        None => {}
        Some((true, seq)) => above = Some(above.map_or(seq, |above| above.max(seq))),
        Some((false, seq)) => below = Some(below.map_or(seq, |below| below.min(seq))),
    }
    let back = matches!(cursor, Some((true, _)));
    let mut query = wanted(filter);
    let Some((column, value)) = filter.lead() else {
        query = above.into_iter().fold(query, |query, seq| query.filter(audit::seq.gt(seq)));
        query = below.into_iter().fold(query, |query, seq| query.filter(audit::seq.lt(seq)));
        query = if back { query.order(audit::seq.asc()) } else { query.order(audit::seq.desc()) };
        return Ok(query.limit(limit).load(conn)?);
    };
    // As a range of both columns: a planner that knows the value to be fixed may walk the whole trail instead.
    for (op, open, seq) in [(">", ">=", above), ("<", "<=", below)] {
        query = match seq {
            Some(seq) => {
                let pair = sql::<Bool>(&format!("({column}, audit.seq) {op} (")).bind::<Text, _>(value);
                query.filter(pair.sql(", ").bind::<BigInt, _>(seq).sql(")"))
            }
            None => query.filter(sql::<Bool>(&format!("{column} {open} ")).bind::<Text, _>(value)),
        };
    }
    let lead = sql::<Text>(column);
    query =
        if back { query.order((lead.asc(), audit::seq.asc())) } else { query.order((lead.desc(), audit::seq.desc())) };
    Ok(query.limit(limit).load(conn)?)
}

impl Filter {
    /// The column whose index is walked: the one of which a value has the fewest rows.
    fn lead(&self) -> Option<(&'static str, &str)> {
        let object = self.object.as_deref().map(|value| ("audit.object_id", value));
        let actor = self.actor.as_deref().map(|value| ("audit.actor_name", value));
        let action = self.action.as_deref().map(|value| ("audit.action", value));
        let kind = self.kind.as_deref().map(|value| ("audit.object_kind", value));
        object.or(actor).or(action).or(kind)
    }
}

type Query<'a> = audit::BoxedQuery<'a, Backend>;

/// What each row must be, but for the lead. Times are written so that no index serves them: the walk is bounded
/// already, and its order must not be lost.
fn wanted(filter: &Filter) -> Query<'_> {
    let mut query = audit::table.into_boxed::<Backend>();
    let lead = filter.lead().map(|(column, _)| column);
    if let Some(actor) = filter.actor.as_deref().filter(|_| lead != Some("audit.actor_name")) {
        query = query.filter(sql::<Bool>("coalesce(audit.actor_name, '') = ").bind::<Text, _>(actor));
    }
    if let Some(action) = filter.action.as_deref().filter(|_| lead != Some("audit.action")) {
        query = query.filter(sql::<Bool>("coalesce(audit.action, '') = ").bind::<Text, _>(action));
    }
    if let Some(kind) = filter.kind.as_deref().filter(|_| lead != Some("audit.object_kind")) {
        query = query.filter(sql::<Bool>("coalesce(audit.object_kind, '') = ").bind::<Text, _>(kind));
    }
    let at = || sql::<Timestamp>("coalesce(audit.at, audit.at)");
    if let Some(from) = filter.from {
        query = query.filter(at().ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(at().lt(until));
    }
    query
}

/// The rows of the chain between which the times of the filter lie.
fn around(conn: &mut Conn, filter: &Filter) -> Result<(Option<i64>, Option<i64>), DbError> {
    let rows = audit::table.select(audit::seq);
    let above = match filter.from {
        Some(from) => {
            let before = rows.filter(audit::at.lt(from.minus(SKEW)));
            before.order((audit::at.desc(), audit::seq.desc())).first(conn).optional()?
        }
        None => None,
    };
    let below = match filter.until {
        Some(until) => {
            let after = rows.filter(audit::at.gt(until.plus(SKEW)));
            after.order((audit::at.asc(), audit::seq.asc())).first(conn).optional()?
        }
        None => None,
    };
    Ok((above, below))
}

pub(super) fn head(conn: &mut Conn) -> Result<(i64, String), DbError> {
    Ok(audit_head::table.select((audit_head::seq, audit_head::hash)).first(conn)?)
}
