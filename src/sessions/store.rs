//! The sessions table, and the links and wrong tries around signing in.

use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::{sessions, sign_in_failures, sign_in_links};
use crate::users::UserId;

/// More sessions of one person than any page needs to show.
const MOST_SHOWN: i64 = 100;

/// A session as stored, under the hash of its key.
#[derive(Insertable, Queryable)]
#[diesel(table_name = sessions)]
pub(super) struct Row {
    pub(super) key_hash: String,
    pub(super) user_id: Option<UserId>,
    pub(super) state: String,
    pub(super) address: String,
    pub(super) agent: String,
    pub(super) created_at: Time,
    pub(super) seen_at: Time,
    pub(super) expires_at: Time,
}

pub(super) fn find(conn: &mut Conn, key_hash: &str) -> Result<Option<Row>, DbError> {
    Ok(sessions::table.find(key_hash).first(conn).optional()?)
}

pub(super) fn insert(conn: &mut Conn, row: &Row) -> Result<(), DbError> {
    diesel::insert_into(sessions::table).values(row).execute(conn)?;
    Ok(())
}

/// Changes what a session holds; a session that ended meanwhile stays ended.
pub(super) fn update(conn: &mut Conn, key_hash: &str, state: &str) -> Result<(), DbError> {
    diesel::update(sessions::table.find(key_hash)).set(sessions::state.eq(state)).execute(conn)?;
    Ok(())
}

/// Notes a request and moves the end.
pub(super) fn seen(conn: &mut Conn, key_hash: &str, at: Time, expires_at: Time) -> Result<(), DbError> {
    let change = (sessions::seen_at.eq(at), sessions::expires_at.eq(expires_at));
    diesel::update(sessions::table.find(key_hash)).set(change).execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, key_hash: &str) -> Result<(), DbError> {
    diesel::delete(sessions::table.find(key_hash)).execute(conn)?;
    Ok(())
}

/// The sessions of a person that have not ended, the one that was used last first.
pub(super) fn of_user(conn: &mut Conn, user: UserId, now: Time) -> Result<Vec<Row>, DbError> {
    let open = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::expires_at.gt(now));
    Ok(open.order(sessions::seen_at.desc()).limit(MOST_SHOWN).load(conn)?)
}

/// Removes sessions and links that ended, and tries that count no longer.
pub(super) fn sweep(conn: &mut Conn, now: Time, failures_before: Time) -> Result<(), DbError> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)?;
    diesel::delete(sign_in_links::table.filter(sign_in_links::expires_at.le(now))).execute(conn)?;
    diesel::delete(sign_in_failures::table.filter(sign_in_failures::at.le(failures_before))).execute(conn)?;
    Ok(())
}

crate::id_type!(
    /// A wrong try's id.
    FailureId, "sif"
);

pub(super) fn insert_failure(
    conn: &mut Conn,
    id: FailureId,
    email: &str,
    address: &str,
    at: Time,
) -> Result<(), DbError> {
    let values = (
        sign_in_failures::id.eq(id),
        sign_in_failures::email.eq(email),
        sign_in_failures::address.eq(address),
        sign_in_failures::at.eq(at),
    );
    diesel::insert_into(sign_in_failures::table).values(values).execute(conn)?;
    Ok(())
}

/// The moments of the newest tries for an account, newest first.
pub(super) fn failures_of_account(conn: &mut Conn, email: &str, after: Time, limit: i64) -> Result<Vec<Time>, DbError> {
    let of = sign_in_failures::table.filter(sign_in_failures::email.eq(email)).filter(sign_in_failures::at.gt(after));
    Ok(of.order(sign_in_failures::at.desc()).limit(limit).select(sign_in_failures::at).load(conn)?)
}

/// The moments of the newest tries from an address, newest first.
pub(super) fn failures_of_address(
    conn: &mut Conn,
    address: &str,
    after: Time,
    limit: i64,
) -> Result<Vec<Time>, DbError> {
    let of =
        sign_in_failures::table.filter(sign_in_failures::address.eq(address)).filter(sign_in_failures::at.gt(after));
    Ok(of.order(sign_in_failures::at.desc()).limit(limit).select(sign_in_failures::at).load(conn)?)
}

/// Takes a try back that was never made.
pub(super) fn delete_failure(conn: &mut Conn, id: FailureId) -> Result<(), DbError> {
    diesel::delete(sign_in_failures::table.find(id)).execute(conn)?;
    Ok(())
}

/// The right password clears the account.
pub(super) fn forgive(conn: &mut Conn, email: &str) -> Result<(), DbError> {
    diesel::delete(sign_in_failures::table.filter(sign_in_failures::email.eq(email))).execute(conn)?;
    Ok(())
}

/// A link as stored, under the hash of its token.
#[derive(Insertable, Queryable)]
#[diesel(table_name = sign_in_links)]
pub(super) struct Link {
    pub(super) token_hash: String,
    pub(super) purpose: super::links::Purpose,
    pub(super) user_id: Option<UserId>,
    pub(super) expires_at: Time,
    pub(super) used_at: Option<Time>,
}

pub(super) fn insert_link(conn: &mut Conn, link: &Link) -> Result<(), DbError> {
    diesel::insert_into(sign_in_links::table).values(link).execute(conn)?;
    Ok(())
}

pub(super) fn find_link(conn: &mut Conn, token_hash: &str) -> Result<Option<Link>, DbError> {
    Ok(sign_in_links::table.find(token_hash).first(conn).optional()?)
}

/// Uses a link up; false when somebody was faster.
pub(super) fn use_link(conn: &mut Conn, token_hash: &str, at: Time) -> Result<bool, DbError> {
    let unused = sign_in_links::table.find(token_hash).filter(sign_in_links::used_at.is_null());
    Ok(diesel::update(unused).set(sign_in_links::used_at.eq(at)).execute(conn)? == 1)
}

pub(super) fn delete_links(conn: &mut Conn, purpose: super::links::Purpose) -> Result<(), DbError> {
    diesel::delete(sign_in_links::table.filter(sign_in_links::purpose.eq(purpose))).execute(conn)?;
    Ok(())
}
