//! The table of check words.

use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::master_keys;

/// Each key's id and its sealed check word.
pub(super) fn list(conn: &mut Conn) -> Result<Vec<(String, String)>, DbError> {
    Ok(master_keys::table.select((master_keys::kid, master_keys::sealed)).order(master_keys::kid).load(conn)?)
}

pub(super) fn insert(conn: &mut Conn, kid: &str, sealed: &str, now: Time) -> Result<(), DbError> {
    diesel::insert_into(master_keys::table)
        .values((master_keys::kid.eq(kid), master_keys::sealed.eq(sealed), master_keys::created_at.eq(now)))
        .execute(conn)?;
    Ok(())
}
