//! A name that one process of all holds: a lock of the server that lasts as long as its connection.

use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::pool::{Purpose, connect};
use super::{Conn, DatabaseUrl, DbError};

/// A held name. The embedded database has one process, so there is nothing to hold.
pub struct Hold {
    url: DatabaseUrl,
    name: String,
    conn: Mutex<Option<Conn>>,
}

impl Hold {
    /// Takes the name, or `None` where another process has it. One that was killed just now gives its name back within
    /// moments, for which this waits.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn take(url: &DatabaseUrl, name: &str) -> Result<Option<Self>, DbError> {
        let hold = Self { url: url.clone(), name: name.to_owned(), conn: Mutex::new(None) };
        Ok(hold.is_kept()?.then_some(hold))
    }

    /// Asks whether the name is still ours, and takes it again where the connection broke; `false` when another process
    /// took it in between.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn is_kept(&self) -> Result<bool, DbError> {
        if matches!(self.url, DatabaseUrl::Sqlite(_)) {
            return Ok(true);
        }
        let mut kept = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut conn) = kept.take()
            && let Ok(held) = ask(&mut conn, &self.name)
        {
            *kept = held.then_some(conn);
            return Ok(held);
        }
        let mut conn = connect(&self.url, Purpose::Read)?;
        wait(&mut conn, &self.name);
        let held = ask(&mut conn, &self.name)?;
        *kept = held.then_some(conn);
        Ok(held)
    }
}

/// The schema is part of it: those of one database do not disturb each other.
const KEY: &str = "hashtextextended(current_schema() || ' ' || $1, 0)";

/// Waits for the lock until `lock_timeout`; what came of it is asked next.
fn wait(conn: &mut Conn, name: &str) {
    let wait = diesel::sql_query(format!("select pg_advisory_lock({KEY})")).bind::<Text, _>(name);
    if let Err(error) = wait.execute(conn) {
        tracing::debug!(error = %error, name, "the name was not given back in time");
    }
}

/// Who has the lock may ask for it again as often as he likes.
fn ask(conn: &mut Conn, name: &str) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        held: bool,
    }
    let ask = diesel::sql_query(format!("select pg_try_advisory_lock({KEY}) as held")).bind::<Text, _>(name);
    Ok(ask.get_result::<Answer>(conn)?.held)
}
