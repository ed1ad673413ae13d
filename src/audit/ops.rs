//! Appending to the audit trail, and proving that nobody touched it.

use super::store::{self, Entry};
use super::{Actor, Changes, Object};
use crate::db::{Conn, DbError, Tx};
use crate::secret::bytes_hash;

/// Writes one row for a change, in the change's own transaction. `action` is `noun.verb`.
///
/// # Errors
/// When the database cannot take it; the change is then rolled back too.
pub fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    object: &Object<'_>,
    changes: &Changes,
) -> Result<(), DbError> {
    let (seq, previous_hash) = store::lock_head(tx)?;
    let mut entry = Entry {
        seq: seq + 1,
        at: tx.now(),
        actor_kind: actor.kind,
        actor_id: actor.id.clone(),
        actor_name: actor.name.clone(),
        address: actor.address.clone(),
        request_id: actor.request_id.clone(),
        action: action.to_owned(),
        object_kind: object.kind.to_owned(),
        object_id: Some(object.id.to_owned()),
        object_name: Some(object.name.to_owned()),
        changes: changes.to_json(),
        previous_hash,
        hash: String::new(),
    };
    entry.hash = hash(&entry);
    store::append(tx, &entry)
}

/// Takes the end of the chain for this transaction, as [`record`] does: until it ends nobody else records a change,
/// so what is counted or looked up before this change is written stays true.
///
/// # Errors
/// When the database cannot be read.
pub fn hold(tx: &mut Tx<'_>) -> Result<(), DbError> {
    store::lock_head(tx).map(drop)
}

/// Where the chain does not hold.
#[derive(Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// This row is not what was written.
    Changed(i64),
    /// A row before this one is gone or out of order.
    Missing(i64),
    /// The last rows are gone.
    CutOff,
}

/// Walks the whole chain and returns the number of rows, or the first fault.
///
/// # Errors
/// When the database cannot be read.
pub fn verify(conn: &mut Conn) -> Result<Result<i64, ChainFault>, DbError> {
    const STEP: i64 = 1000;
    let (last, last_hash) = store::head(conn)?;
    let (mut seq, mut previous) = (0, String::new());
    loop {
        let rows = store::after(conn, seq, STEP)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != seq + 1 || row.previous_hash != previous {
                return Ok(Err(ChainFault::Missing(row.seq)));
            }
            if row.hash != hash(&row) {
                return Ok(Err(ChainFault::Changed(row.seq)));
            }
            seq = row.seq;
            previous = row.hash;
        }
    }
    Ok(if seq == last && previous == last_hash { Ok(seq) } else { Err(ChainFault::CutOff) })
}

/// The hash over every column but itself; a JSON array keeps the borders between the columns.
fn hash(entry: &Entry) -> String {
    let columns = serde_json::json!([
        entry.seq,
        entry.at.micros(),
        entry.actor_kind,
        entry.actor_id,
        entry.actor_name,
        entry.address,
        entry.request_id,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.object_name,
        entry.changes,
        entry.previous_hash,
    ]);
    bytes_hash(columns.to_string().as_bytes())
}
