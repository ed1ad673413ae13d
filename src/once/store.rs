//! The table of forms that were sent.

use diesel::prelude::*;

use super::FormId;
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::on_backend;
use crate::schema::sent_forms;

/// Takes a form for this transaction; `false` when it was sent before. Where another transaction is just taking
/// it, this waits for that one's end.
pub(super) fn claim(conn: &mut Conn, form: FormId, at: Time) -> Result<bool, DbError> {
    let row = (sent_forms::form_id.eq(form), sent_forms::location.eq(""), sent_forms::created_at.eq(at));
    let claim = diesel::insert_into(sent_forms::table).values(row).on_conflict_do_nothing();
    Ok(on_backend!(conn, c => claim.execute(c))? > 0)
}

pub(super) fn set_location(conn: &mut Conn, form: FormId, location: &str) -> Result<(), DbError> {
    diesel::update(sent_forms::table.find(form)).set(sent_forms::location.eq(location)).execute(conn)?;
    Ok(())
}

pub(super) fn location(conn: &mut Conn, form: FormId) -> Result<String, DbError> {
    Ok(sent_forms::table.find(form).select(sent_forms::location).first(conn)?)
}

/// Drops what was sent before `oldest`.
pub(super) fn forget(conn: &mut Conn, oldest: Time) -> Result<(), DbError> {
    diesel::delete(sent_forms::table.filter(sent_forms::created_at.lt(oldest))).execute(conn)?;
    Ok(())
}
