//! What callers can do something about when the database refuses.

use diesel::result::{DatabaseErrorKind, Error};

/// A refusal of the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The row asked for is not there.
    #[error("the row is not there")]
    NotFound,
    /// A unique value is taken already; holds `table.column`.
    #[error("{0} is taken already")]
    Taken(String),
    /// The database is away, locked or full: the same request may pass later.
    #[error("the database cannot take this now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The work was cut off before it was finished.
    #[error("the work was interrupted: {0}")]
    Interrupted(String),
    /// One transaction was asked to do more than it should; the sentence says what to ask instead.
    #[error("{0}")]
    TooMuch(&'static str),
    /// A fault of ours: a statement that the database does not accept.
    #[error("the database refused a statement")]
    Query(#[source] Error),
}

impl DbError {
    /// A value that cannot be brought into the form in which it is stored.
    pub fn unwritable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Query(Error::SerializationError(error.into()))
    }

    /// A change noted something on which nothing acts here, as where a command publishes without the application.
    pub(super) fn unheard() -> Self {
        Self::Interrupted("nothing acts on what the change noted".to_owned())
    }

    /// True when this says that the unique value `column` (as `table.column`) is taken.
    pub fn is_taken(&self, column: &str) -> bool {
        matches!(self, Self::Taken(taken) if taken == column)
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::UniqueViolation => {
                    Self::Taken(taken_column(info.constraint_name(), info.message(), info.table_name()))
                }
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction => {
                    Self::Unavailable(Box::new(Error::DatabaseError(kind, info)))
                }
                _ if passes_later(info.message()) => Self::Unavailable(Box::new(Error::DatabaseError(kind, info))),
                _ => Self::Query(Error::DatabaseError(kind, info)),
            },
            other => Self::Query(other),
        }
    }
}

impl From<diesel::ConnectionError> for DbError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// Diesel gives no kind for these: the words are SQLite's (`SQLITE_BUSY`, `SQLITE_FULL`, `SQLITE_IOERR`,
/// `SQLITE_READONLY`) and PostgreSQL's (timeouts, shutdown, disk full).
fn passes_later(message: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "readonly database",
        "statement timeout",
        "lock timeout",
        "terminating connection",
        "server closed the connection",
        "No space left on device",
        "the database system is",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// SQLite says `UNIQUE constraint failed: webhooks.code`; PostgreSQL names the index, which we call `table_column`.
fn taken_column(constraint: Option<&str>, message: &str, table: Option<&str>) -> String {
    if let Some(columns) = message.strip_prefix("UNIQUE constraint failed: ") {
        return columns.split(", ").next().unwrap_or(columns).to_owned();
    }
    let index = constraint.unwrap_or_default();
    match table.and_then(|table| index.strip_prefix(table).map(|rest| (table, rest))) {
        Some((table, "_pkey")) => format!("{table}.id"),
        Some((table, rest)) => format!("{table}.{}", rest.trim_start_matches('_')),
        None => index.to_owned(),
    }
}
