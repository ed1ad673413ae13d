//! The way into the database: `read` on a pool, `write` in one transaction, `write_grouped` in a shared commit.
#![expect(missing_docs, reason = "what `MultiConnection` derives has no words")]

mod error;
mod hold;
mod kept;
mod listen;
mod migrate;
mod pool;
mod tx;
mod url;
mod writer;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::MultiConnection;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

pub use error::DbError;
pub use hold::Hold;
pub(crate) use kept::Kept;
pub use listen::Listener;
pub use migrate::{applied, migrate, pending, revert_all};
pub use tx::{BeforeCommit, Tx};
pub use url::DatabaseUrl;

use crate::clock::Clock;
use crate::ids::Ids;
use pool::Pool;
use writer::Writer;

/// A connection to either database; queries that both understand are written once against it.
#[derive(MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server shared by several nodes.
    Postgres(PgConnection),
}

/// The backend of [`Conn`], for boxed queries.
pub type Backend = <Conn as diesel::Connection>::Backend;

/// Runs one expression on the concrete connection, for what does not compile on both at once
/// (`on_conflict`, batch inserts, locking clauses).
#[macro_export]
macro_rules! on_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
            $crate::db::Conn::Postgres($c) => $body,
        }
    };
    ($conn:expr, sqlite $s:ident => $sqlite:expr, postgres $p:ident => $postgres:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($s) => $sqlite,
            $crate::db::Conn::Postgres($p) => $postgres,
        }
    };
}

/// How long a request waits for a connection or for the writer's lock before it answers "not now".
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The database; cloned freely.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    url: DatabaseUrl,
    pool: Pool,
    writer: Writer,
    steps: Arc<OnceLock<Vec<BeforeCommit>>>,
    clock: Clock,
    ids: Ids,
    /// Held as long as the process lives: one process for each embedded file.
    _lock: Option<std::fs::File>,
}

impl Db {
    /// Opens the database; the schema must be current (see [`migrate()`]).
    ///
    /// # Errors
    /// When the address is wrong, the server is away, the file is in use by another process, or the
    /// embedded library is older than the first that keeps its promises.
    pub fn open(url: &DatabaseUrl, clock: Clock, ids: Ids) -> anyhow::Result<Self> {
        Self::open_with(url, url.lock()?, clock, ids)
    }

    /// Opens the database for a short command, beside the process that serves. That process alone holds what the
    /// lock protects: the lanes and the webhooks in memory, so a command must not change deliveries or webhooks.
    ///
    /// # Errors
    /// When the address is wrong or the server is away.
    pub fn open_beside(url: &DatabaseUrl, clock: Clock, ids: Ids) -> anyhow::Result<Self> {
        Self::open_with(url, None, clock, ids)
    }

    fn open_with(url: &DatabaseUrl, lock: Option<std::fs::File>, clock: Clock, ids: Ids) -> anyhow::Result<Self> {
        let steps = Arc::new(OnceLock::new());
        let pool = Pool::open(url)?;
        let context = tx::Context { steps: Arc::clone(&steps), clock: clock.clone(), ids: ids.clone() };
        let writer = Writer::start(url.clone(), context)?;
        Ok(Self(Arc::new(Inner { url: url.clone(), pool, writer, steps, clock, ids, _lock: lock })))
    }

    /// Registers what runs at the end of every transaction, before its commit. Once, at start.
    pub fn before_commit(&self, steps: Vec<BeforeCommit>) {
        let first = self.0.steps.set(steps).is_ok();
        debug_assert!(first, "the steps before a commit are registered once");
    }

    /// True on the embedded database.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0.url, DatabaseUrl::Sqlite(_))
    }

    /// The address that was opened.
    pub fn url(&self) -> &DatabaseUrl {
        &self.0.url
    }

    /// Calls `heard` with the payload of each notification that another node sends on `channel`; never on the
    /// embedded database, which has one process. Ends when the answer is dropped.
    pub fn listen(&self, channel: &'static str, heard: impl Fn(&str) + Send + 'static) -> Listener {
        Listener::start(&self.0.url, channel, heard)
    }

    /// How many grouped writes wait for their commit.
    pub fn waiting(&self) -> usize {
        self.0.writer.waiting()
    }

    /// Reads on a connection of the pool, off the asynchronous threads.
    ///
    /// # Errors
    /// What `query` returns, or [`DbError::Unavailable`] when no connection is free in time.
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        blocking(move || query(&mut *inner.pool.get()?)).await
    }

    /// Writes in one transaction of its own: what `change` returns as an error is rolled back.
    ///
    /// # Errors
    /// What `change` returns, or [`DbError`] when the database cannot take it.
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        if self.is_sqlite() {
            return self.0.writer.alone(change).await;
        }
        let inner = Arc::clone(&self.0);
        blocking(move || {
            let context =
                tx::Context { steps: Arc::clone(&inner.steps), clock: inner.clock.clone(), ids: inner.ids.clone() };
            tx::run(&mut *inner.pool.get()?, &context, change)
        })
        .await
    }

    /// Writes in a transaction shared with whatever else waits; answered after its commit. `change` may run
    /// twice (where a neighbour fails, the group is rolled back and each member is written alone), so it must
    /// not keep anything from its first run. What is refused for good reasons returns `Ok` with that reason:
    /// an `Err` costs the whole group its turn.
    ///
    /// # Errors
    /// What `change` returns, or [`DbError`] when the database cannot take it.
    pub async fn write_grouped<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.0.writer.grouped(change).await
    }

    /// Writes at start and from commands, without a runtime.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_now<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.0.writer.alone_now(change)
    }

    /// Reads at start and from commands, without a runtime.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_now<T, E>(&self, query: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DbError>,
    {
        query(&mut *self.0.pool.get()?)
    }
}

async fn blocking<T, E, F>(work: F) -> Result<T, E>
where
    F: FnOnce() -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(panicked) => Err(DbError::Interrupted(panicked.to_string()).into()),
    }
}
