//! The one wall clock: UTC, cut to microseconds, corrected to the database's clock, and movable in tests.
#![expect(clippy::disallowed_methods, reason = "the only file that may read the wall clock")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Timestamp;

/// A moment in UTC with microsecond precision, the finest that both databases keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub struct Time(NaiveDateTime);

impl Time {
    /// The moment that many microseconds after 1970-01-01T00:00:00Z; out of range reads as the epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc())
    }

    /// Cuts a chrono moment to microseconds.
    pub fn from_utc(at: DateTime<Utc>) -> Self {
        Self::from_micros(at.timestamp_micros())
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0.and_utc().timestamp_micros()
    }

    /// Whole seconds since the epoch, as signatures and bodies carry it.
    pub fn seconds(self) -> i64 {
        self.0.and_utc().timestamp()
    }

    /// The chrono moment.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// This moment moved forward.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_micros(self.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment moved back.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_micros(self.micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is from `earlier` to this moment; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros() - earlier.micros()).unwrap_or(0))
    }

    /// RFC 3339 with milliseconds and `Z`, for machines.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// As programs read it: [`Time::rfc3339`].
impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::describe::time()
    }
}

impl utoipa::ToSchema for Time {}

/// `2026-11-24 10:05 UTC`, for people.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d %H:%M UTC"))
    }
}

impl<DB: Backend> ToSql<Timestamp, DB> for Time
where
    NaiveDateTime: ToSql<Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<Timestamp, DB> for Time
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(Self)
    }
}

/// Tells the time; cloned freely, all clones agree.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// The machine's clock plus the measured distance to the database's clock, in microseconds.
    System { offset: AtomicI64 },
    /// A clock that stands still until a test moves it, in microseconds since the epoch.
    Manual { now: AtomicI64 },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System { offset: AtomicI64::new(0) }))
    }

    /// A clock that only [`Clock::advance`] moves.
    pub fn manual(start: Time) -> Self {
        Self(Arc::new(Source::Manual { now: AtomicI64::new(start.micros()) }))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        match &*self.0 {
            Source::System { offset } => {
                Time::from_micros(Utc::now().timestamp_micros() + offset.load(Ordering::Relaxed))
            }
            Source::Manual { now } => Time::from_micros(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the machine's clock is left alone.
    pub fn advance(&self, by: Duration) {
        match &*self.0 {
            Source::System { .. } => {}
            Source::Manual { now } => {
                now.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
            }
        }
    }

    /// Follows the database's clock, so that nodes whose own clocks differ agree on what is due.
    pub fn follow(&self, database_now: Time) {
        match &*self.0 {
            Source::System { offset } => {
                let here = Utc::now().timestamp_micros();
                offset.store(database_now.micros() - here, Ordering::Relaxed);
            }
            Source::Manual { .. } => {}
        }
    }

    /// True where a test moves the time; what waits on real timers then stays out.
    pub fn is_manual(&self) -> bool {
        matches!(&*self.0, Source::Manual { .. })
    }
}

/// A whole number of microseconds as chrono's span, for date arithmetic in pages.
pub fn span(by: Duration) -> TimeDelta {
    TimeDelta::from_std(by).unwrap_or_default()
}
