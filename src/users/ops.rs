//! Changing who may sign in, with its audit row in the same transaction.

use super::password::PasswordHash;
use super::store::{self, NewUser};
use super::{Email, Name, Role, Theme, UserId};
use crate::audit::{Actor, Changes, Object, record};
use crate::db::{DbError, Tx};

/// Somebody has this e-mail address already.
#[derive(Debug, thiserror::Error)]
#[error("somebody with this e-mail address exists already")]
pub struct EmailTaken;

/// Makes an administrator.
///
/// # Errors
/// When the database cannot take it.
pub fn create_administrator(
    tx: &mut Tx<'_>,
    actor: &Actor,
    email: &Email,
    name: &Name,
    password: &PasswordHash,
) -> Result<Result<UserId, EmailTaken>, DbError> {
    if store::find_by_email(tx, email.as_str())?.is_some() {
        return Ok(Err(EmailTaken));
    }
    let (id, now) = (tx.make_id::<UserId>(), tx.now());
    let user = NewUser {
        id,
        email: email.as_str(),
        name: name.as_str(),
        role: Role::Administrator,
        enabled: true,
        password_hash: Some(password.as_str()),
        epoch: 0,
        theme: "auto",
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, &user)?;
    let changes = Changes::none().value("email", email.as_str()).value("role", Role::Administrator.as_str());
    let object = Object { kind: "user", id: id.as_str(), name: name.as_str() };
    record(tx, actor, "user.created", &object, &changes)?;
    Ok(Ok(id))
}

/// Sets a password; every session of that person ends.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such user.
pub fn set_password(tx: &mut Tx<'_>, actor: &Actor, id: UserId, password: &PasswordHash) -> Result<(), DbError> {
    let user = store::find(tx, id)?.ok_or(DbError::NotFound)?;
    let now = tx.now();
    store::set_password(tx, id, password.as_str(), now)?;
    let object = Object { kind: "user", id: id.as_str(), name: user.name() };
    record(tx, actor, "user.password_changed", &object, &Changes::none().secret("password", true))
}

/// Changes the name that others see; `false` when it is the same.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such user.
pub fn change_name(tx: &mut Tx<'_>, actor: &Actor, id: UserId, name: &Name) -> Result<bool, DbError> {
    let user = store::find(tx, id)?.ok_or(DbError::NotFound)?;
    if user.name() == name.as_str() {
        return Ok(false);
    }
    let now = tx.now();
    store::set_name(tx, id, name.as_str(), now)?;
    let object = Object { kind: "user", id: id.as_str(), name: name.as_str() };
    record(tx, actor, "user.updated", &object, &Changes::none().field("name", user.name(), name.as_str()))?;
    Ok(true)
}

/// Changes the colours that the person sees.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such user.
pub fn change_theme(tx: &mut Tx<'_>, actor: &Actor, id: UserId, theme: Theme) -> Result<(), DbError> {
    let user = store::find(tx, id)?.ok_or(DbError::NotFound)?;
    if user.theme == theme.as_str() {
        return Ok(());
    }
    let now = tx.now();
    store::set_theme(tx, id, theme, now)?;
    let object = Object { kind: "user", id: id.as_str(), name: user.name() };
    let changes = Changes::none().field("theme", user.theme.as_str(), theme.as_str());
    record(tx, actor, "user.theme_changed", &object, &changes)
}
