//! The schema's history, embedded in the binary: one folder of migrations for each database, same names.

use anyhow::{Context, anyhow};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::pool::{Purpose, check_sqlite_version, connect};
use super::{Conn, DatabaseUrl};
use crate::on_backend;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the schema up to date and returns the names of what was applied.
///
/// # Errors
/// When the database cannot be opened, when something waits while another process has the embedded file, or when a
/// migration fails; a failed one leaves the schema as it was before it.
pub fn migrate(url: &DatabaseUrl) -> anyhow::Result<Vec<String>> {
    url.make_folder()?;
    let mut conn = connect(url, Purpose::Write).with_context(|| format!("cannot open {}", url.describe()))?;
    check_sqlite_version(&mut conn)?;
    let names = waiting(&mut conn)?;
    if names.is_empty() {
        return Ok(names);
    }
    // A running process would go on with the old schema in its statements.
    let _lock = url.lock()?;
    on_backend!(
        &mut conn,
        sqlite c => c.run_pending_migrations(SQLITE).map(drop),
        postgres c => {
            // Two nodes that start at once must not migrate at once.
            use diesel::connection::SimpleConnection;
            c.batch_execute("set lock_timeout = 0; set statement_timeout = 0; select pg_advisory_lock(7160001);")?;
            let done = c.run_pending_migrations(POSTGRES).map(drop);
            c.batch_execute("select pg_advisory_unlock(7160001);")?;
            done
        }
    )
    .map_err(|error| anyhow!("a migration failed: {error}"))?;
    Ok(names)
}

/// How many migrations wait.
///
/// # Errors
/// When the history of the schema cannot be read.
pub fn pending(conn: &mut Conn) -> anyhow::Result<usize> {
    waiting(conn).map(|names| names.len())
}

fn waiting(conn: &mut Conn) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = on_backend!(
        conn,
        sqlite c => c.pending_migrations(SQLITE).map(|all| all.iter().map(|one| one.name().to_string()).collect()),
        postgres c => c.pending_migrations(POSTGRES).map(|all| all.iter().map(|one| one.name().to_string()).collect())
    )
    .map_err(|error| anyhow!("the history of the schema cannot be read: {error}"))?;
    names.sort();
    Ok(names)
}

/// The versions that are applied, newest first.
///
/// # Errors
/// When the history of the schema cannot be read.
pub fn applied(conn: &mut Conn) -> anyhow::Result<Vec<String>> {
    on_backend!(conn, c => c.applied_migrations().map(|all| all.iter().map(ToString::to_string).collect()))
        .map_err(|error| anyhow!("the history of the schema cannot be read: {error}"))
}

/// Takes every migration back, to prove that each can be.
///
/// # Errors
/// When one cannot be taken back.
pub fn revert_all(url: &DatabaseUrl) -> anyhow::Result<()> {
    let mut conn = connect(url, Purpose::Write)?;
    on_backend!(
        &mut conn,
        sqlite c => c.revert_all_migrations(SQLITE).map(drop),
        postgres c => c.revert_all_migrations(POSTGRES).map(drop)
    )
    .map_err(|error| anyhow!("a migration cannot be taken back: {error}"))
}
