//! Signing in and out, and the set-up of the first administrator, each with its audit row.

use super::limits::{self, Turn};
use super::{links, store};
use crate::audit::{Actor, Changes, Object, record};
use crate::db::{DbError, Tx};
use crate::users::password::PasswordHash;
use crate::users::{self, Email, Name, User, UserId};

/// Takes a turn to try a password; the last one for now is on record.
pub(super) fn take_turn(
    tx: &mut Tx<'_>,
    stranger: &Actor,
    email: &str,
    counted: &str,
) -> Result<(Turn, Option<User>), DbError> {
    let now = tx.now();
    store::sweep(tx, now, now.minus(limits::ADDRESS_WINDOW))?;
    let turn = limits::take_turn(tx, email, counted)?;
    if let Turn::Granted { last: true, .. } = turn {
        let changes = Changes::none().value("email", email).value("counted_for", counted);
        record(tx, stranger, "login.limited", &Object { kind: "sign_in", id: email, name: email }, &changes)?;
    }
    let user = users::find_by_email(tx, email)?;
    Ok((turn, user))
}

/// Notes a sign-in; `by` says how, and a fresh hash replaces one of older parameters.
pub(super) fn signed_in(
    tx: &mut Tx<'_>,
    actor: &Actor,
    user: &User,
    by: &'static str,
    fresh_hash: Option<&PasswordHash>,
) -> Result<(), DbError> {
    let now = tx.now();
    store::forgive(tx, user.email())?;
    users::signed_in(tx, user.id(), now)?;
    if let Some(hash) = fresh_hash {
        users::rehash(tx, user.id(), hash.as_str())?;
    }
    let id = user.id();
    let object = Object { kind: "user", id: id.as_str(), name: user.name() };
    record(tx, actor, "login.ok", &object, &Changes::none().value("by", by))
}

/// Notes a sign-out.
pub(super) fn signed_out(tx: &mut Tx<'_>, actor: &Actor, user: &User) -> Result<(), DbError> {
    let id = user.id();
    let object = Object { kind: "user", id: id.as_str(), name: user.name() };
    record(tx, actor, "logout.ok", &object, &Changes::none())
}

/// Makes the first administrator and uses the link up; `None` when the link works no more.
pub(super) fn set_up(
    tx: &mut Tx<'_>,
    stranger: &Actor,
    token: &str,
    email: &Email,
    name: &Name,
    password: &PasswordHash,
) -> Result<Option<Result<UserId, users::EmailTaken>>, DbError> {
    let now = tx.now();
    if !links::may_set_up(tx, token, now)? {
        return Ok(None);
    }
    if users::find_by_email(tx, email.as_str())?.is_some() {
        return Ok(Some(Err(users::EmailTaken)));
    }
    if !links::use_up(tx, token)? {
        return Ok(None);
    }
    users::create_administrator(tx, stranger, email, name, password).map(Some)
}
