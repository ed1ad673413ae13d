//! The users table.

use diesel::prelude::*;

use super::{Role, Theme, UserId};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::users;

/// A person as stored; the password's hash is shown to nobody.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) enabled: bool,
    pub(crate) password_hash: Option<String>,
    pub(crate) epoch: i32,
    pub(crate) theme: String,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub(super) struct NewUser<'a> {
    pub(super) id: UserId,
    pub(super) email: &'a str,
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) enabled: bool,
    pub(super) password_hash: Option<&'a str>,
    pub(super) epoch: i32,
    pub(super) theme: &'a str,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
}

impl User {
    /// The id.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// The e-mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True for those who may use the portal.
    pub fn is_administrator(&self) -> bool {
        self.enabled && self.role == Role::Administrator
    }
}

/// The user with this id.
///
/// # Errors
/// When the database cannot be read.
pub fn find(conn: &mut Conn, id: UserId) -> Result<Option<User>, DbError> {
    Ok(users::table.find(id).select(columns()).first(conn).optional()?)
}

/// The user with this address, as [`super::Email`] writes it.
///
/// # Errors
/// When the database cannot be read.
pub fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>, DbError> {
    Ok(users::table.filter(users::email.eq(email)).select(columns()).first(conn).optional()?)
}

/// How many administrators may sign in.
///
/// # Errors
/// When the database cannot be read.
pub fn administrators(conn: &mut Conn) -> Result<i64, DbError> {
    let enabled = users::table.filter(users::role.eq(Role::Administrator)).filter(users::enabled.eq(true));
    Ok(enabled.count().get_result(conn)?)
}

pub(super) fn insert(conn: &mut Conn, user: &NewUser<'_>) -> Result<(), DbError> {
    diesel::insert_into(users::table).values(user).execute(conn)?;
    Ok(())
}

/// Sets the password and ends every session by a new epoch; false when there is no such user.
pub(super) fn set_password(conn: &mut Conn, id: UserId, hash: &str, at: Time) -> Result<bool, DbError> {
    let change = (users::password_hash.eq(hash), users::epoch.eq(users::epoch + 1), users::updated_at.eq(at));
    Ok(diesel::update(users::table.find(id)).set(change).execute(conn)? == 1)
}

pub(super) fn set_name(conn: &mut Conn, id: UserId, name: &str, at: Time) -> Result<(), DbError> {
    diesel::update(users::table.find(id)).set((users::name.eq(name), users::updated_at.eq(at))).execute(conn)?;
    Ok(())
}

pub(super) fn set_theme(conn: &mut Conn, id: UserId, theme: Theme, at: Time) -> Result<(), DbError> {
    let change = (users::theme.eq(theme.as_str()), users::updated_at.eq(at));
    diesel::update(users::table.find(id)).set(change).execute(conn)?;
    Ok(())
}

/// Stores the same password under today's parameters.
pub(crate) fn rehash(conn: &mut Conn, id: UserId, hash: &str) -> Result<(), DbError> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(hash)).execute(conn)?;
    Ok(())
}

/// Notes the moment of a sign-in.
pub(crate) fn signed_in(conn: &mut Conn, id: UserId, at: Time) -> Result<(), DbError> {
    diesel::update(users::table.find(id)).set(users::last_sign_in_at.eq(at)).execute(conn)?;
    Ok(())
}

type Columns = (
    users::id,
    users::email,
    users::name,
    users::role,
    users::enabled,
    users::password_hash,
    users::epoch,
    users::theme,
);

fn columns() -> Columns {
    (
        users::id,
        users::email,
        users::name,
        users::role,
        users::enabled,
        users::password_hash,
        users::epoch,
        users::theme,
    )
}
