//! Links that sign in or set up without a password; only the hash of a token is kept.

use std::time::Duration;

use secrecy::SecretString;

use super::store::{self, Link};
use crate::clock::Time;
use crate::db::{Conn, DbError, Tx};
use crate::ids::random_word;
use crate::secret::token_hash;
use crate::users::{self, UserId};

crate::word_enum! {
    /// What a link is for.
    Purpose {
        /// Makes the first administrator, once.
        Setup = "setup",
        /// Signs one person in until it expires.
        SignIn = "sign_in",
    }
}

/// How long a set-up link works.
pub const SETUP: Duration = Duration::from_secs(60 * 60);

/// Makes the path of a link that creates the first administrator: one hour, once; an older one dies.
///
/// # Errors
/// When the database cannot take it.
pub fn make_setup_link(tx: &mut Tx<'_>) -> Result<SecretString, DbError> {
    store::delete_links(tx, Purpose::Setup)?;
    let expires_at = tx.now().plus(SETUP);
    let token = keep(tx, Purpose::Setup, None, expires_at)?;
    Ok(SecretString::from(format!("/setup/{token}")))
}

/// Makes the path of a link that signs this person in until it expires.
///
/// # Errors
/// When the database cannot take it.
pub fn make_sign_in_link(tx: &mut Tx<'_>, user: UserId, valid: Duration) -> Result<SecretString, DbError> {
    let expires_at = tx.now().plus(valid);
    let token = keep(tx, Purpose::SignIn, Some(user), expires_at)?;
    Ok(SecretString::from(format!("/sign-in/{token}")))
}

fn keep(tx: &mut Tx<'_>, purpose: Purpose, user_id: Option<UserId>, expires_at: Time) -> Result<String, DbError> {
    let token = random_word(32);
    let link = Link { token_hash: token_hash(&token), purpose, user_id, expires_at, used_at: None };
    store::insert_link(tx, &link)?;
    Ok(token)
}

/// True while this token may make the first administrator.
pub(super) fn may_set_up(conn: &mut Conn, token: &str, now: Time) -> Result<bool, DbError> {
    let link = store::find_link(conn, &token_hash(token))?;
    let open =
        link.is_some_and(|link| link.purpose == Purpose::Setup && link.used_at.is_none() && link.expires_at > now);
    Ok(open && users::administrators(conn)? == 0)
}

/// Uses the token of a set-up link up; false when somebody was faster.
pub(super) fn use_up(tx: &mut Tx<'_>, token: &str) -> Result<bool, DbError> {
    let now = tx.now();
    store::use_link(tx, &token_hash(token), now)
}

/// Whom this token signs in.
pub(super) fn who(conn: &mut Conn, token: &str, now: Time) -> Result<Option<UserId>, DbError> {
    let link = store::find_link(conn, &token_hash(token))?;
    Ok(link.filter(|link| link.purpose == Purpose::SignIn && link.expires_at > now).and_then(|link| link.user_id))
}
