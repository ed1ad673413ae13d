//! Connections: how each backend is set up, and the pool that reads (and on PostgreSQL writes) use.

use std::time::Duration;

use anyhow::{Context, bail};
use diesel::connection::SimpleConnection;
use diesel::r2d2::{self, ManageConnection, PooledConnection, R2D2Connection};
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl};

use super::{Conn, DatabaseUrl, DbError, PATIENCE};

/// The first version of the embedded library without the fault that could lose pages after a WAL reset.
const OLDEST_SQLITE: i32 = 3_051_003;

/// What a connection is for: an embedded file has one writer and several readers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Opens one connection with the settings that the promises rest on.
pub(super) fn connect(url: &DatabaseUrl, purpose: Purpose) -> Result<Conn, DbError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = diesel::SqliteConnection::establish(&path.to_string_lossy())?;
            // FULL: an acknowledged event survives a power cut; a group of commits pays for one sync.
            conn.batch_execute(
                "pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; \
                 pragma foreign_keys = on; pragma mmap_size = 0; pragma wal_autocheckpoint = 1000; \
                 pragma journal_size_limit = 67108864; pragma temp_store = memory; pragma cache_size = -16000;",
            )?;
            if purpose == Purpose::Read {
                conn.batch_execute("pragma query_only = on;")?;
            }
            Ok(Conn::Sqlite(conn))
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = diesel::PgConnection::establish(url)?;
            conn.batch_execute(
                "set statement_timeout = '5s'; set lock_timeout = '2s'; \
                 set idle_in_transaction_session_timeout = '30s'; set synchronous_commit = on; \
                 set client_min_messages = warning; set time zone 'UTC';",
            )?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// Refuses an embedded library that is too old.
pub(super) fn check_sqlite_version(conn: &mut Conn) -> anyhow::Result<()> {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let Conn::Sqlite(conn) = conn else { return Ok(()) };
    let found: Version = diesel::sql_query("select sqlite_version() as version").get_result(conn)?;
    let number =
        found.version.split('.').filter_map(|part| part.parse::<i32>().ok()).fold(0, |all, part| all * 1000 + part);
    if number < OLDEST_SQLITE {
        bail!("the embedded SQLite is {}; 3.51.3 or newer is needed", found.version);
    }
    Ok(())
}

/// A pool of connections.
pub(super) struct Pool(r2d2::Pool<Manager>);

pub(super) struct Manager(DatabaseUrl);

impl Pool {
    pub(super) fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        let size = match url {
            DatabaseUrl::Sqlite(_) => 6,
            DatabaseUrl::Postgres(_) => 12,
        };
        let mut first = connect(url, Purpose::Write).with_context(|| format!("cannot open {}", url.describe()))?;
        check_sqlite_version(&mut first)?;
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(PATIENCE)
            .idle_timeout(Some(Duration::from_secs(300)))
            // Asking the server before each use would double the cost of a read; a broken one is thrown away after.
            .test_on_check_out(false)
            .build(Manager(url.clone()))
            .with_context(|| format!("cannot open {}", url.describe()))?;
        Ok(Self(pool))
    }

    pub(super) fn get(&self) -> Result<PooledConnection<Manager>, DbError> {
        self.0.get().map_err(|error| DbError::Unavailable(Box::new(error)))
    }
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Conn, r2d2::Error> {
        let purpose = match self.0 {
            DatabaseUrl::Sqlite(_) => Purpose::Read,
            DatabaseUrl::Postgres(_) => Purpose::Write,
        };
        connect(&self.0, purpose)
            .map_err(|error| r2d2::Error::ConnectionError(diesel::ConnectionError::BadConnection(error.to_string())))
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), r2d2::Error> {
        conn.ping().map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // A panic in a query leaves a transaction open that the next user would inherit.
        std::thread::panicking() || R2D2Connection::is_broken(conn)
    }
}
