//! A transaction: the connection, what features note while it runs, and what happens before and after its commit.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};

use super::{Conn, DbError};
use crate::clock::{Clock, Time};
use crate::ids::{Id, Ids};
use crate::on_backend;

/// Runs at the end of every transaction, before its commit, and may add to it; registered by the application so
/// that features which note something need not know the feature which acts on it.
pub type BeforeCommit = Arc<dyn Fn(&mut Tx<'_>) -> Result<(), DbError> + Send + Sync>;

/// What every transaction is given.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) steps: Arc<OnceLock<Vec<BeforeCommit>>>,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
}

/// A running transaction; derefs to its connection.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    clock: Clock,
    ids: Ids,
    notes: HashMap<TypeId, Box<dyn Any>>,
    known: HashMap<TypeId, Box<dyn Any>>,
    after: Vec<Box<dyn FnOnce() + Send>>,
}

impl Tx<'_> {
    /// The present moment.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new id.
    pub fn make_id<I: Id>(&self) -> I {
        self.ids.make()
    }

    /// Notes something for a step that runs before the commit.
    pub fn note<N: 'static>(&mut self, note: N) {
        let notes = self.notes.entry(TypeId::of::<N>()).or_insert_with(|| Box::<Vec<N>>::default());
        if let Some(notes) = notes.downcast_mut::<Vec<N>>() {
            notes.push(note);
        }
    }

    /// Takes all that was noted of one kind, in order.
    pub fn take_notes<N: 'static>(&mut self) -> Vec<N> {
        self.notes
            .remove(&TypeId::of::<N>())
            .and_then(|notes| notes.downcast::<Vec<N>>().ok())
            .map(|notes| *notes)
            .unwrap_or_default()
    }

    /// What was found out in this transaction and need not be asked again; requests of one group share it.
    pub fn known<K: Default + 'static>(&mut self) -> &mut K {
        let known = self.known.entry(TypeId::of::<K>()).or_insert_with(|| Box::<K>::default());
        #[expect(clippy::expect_used, reason = "the entry of a type holds a value of that type")]
        known.downcast_mut().expect("a value of its type")
    }

    /// Does something once the transaction is committed; dropped undone when it is rolled back.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(action));
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

/// Runs `change` in one transaction with the steps before its commit.
pub(super) fn run<T, E: From<DbError>>(
    conn: &mut Conn,
    context: &Context,
    change: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    begin(conn)?;
    let mut tx = Tx {
        conn,
        clock: context.clock.clone(),
        ids: context.ids.clone(),
        notes: HashMap::new(),
        known: HashMap::new(),
        after: Vec::new(),
    };
    let done = change(&mut tx).and_then(|answer| {
        for step in context.steps.get().into_iter().flatten() {
            step(&mut tx)?;
        }
        // What is noted is part of the change: better no commit than one without it.
        if tx.notes.is_empty() { Ok(answer) } else { Err(DbError::unheard().into()) }
    });
    let Tx { conn, after, .. } = tx;
    match done {
        Ok(answer) => {
            if let Err(error) = commit(conn) {
                roll_back(conn);
                return Err(error.into());
            }
            for action in after {
                action();
            }
            Ok(answer)
        }
        Err(error) => {
            roll_back(conn);
            Err(error)
        }
    }
}

fn begin(conn: &mut Conn) -> Result<(), DbError> {
    match conn {
        // A deferred transaction that reads first fails at once when it must upgrade: take the lock now.
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
    .map_err(DbError::from)
}

fn commit(conn: &mut Conn) -> Result<(), DbError> {
    on_backend!(conn, c => AnsiTransactionManager::commit_transaction(c)).map_err(DbError::from)
}

fn roll_back(conn: &mut Conn) {
    if let Err(error) = on_backend!(conn, c => AnsiTransactionManager::rollback_transaction(c)) {
        tracing::warn!(error = %error, "a transaction could not be rolled back");
    }
}

/// True when the connection must not be used again.
pub(super) fn is_broken(conn: &mut Conn) -> bool {
    fn broken<C: Connection<TransactionManager = AnsiTransactionManager>>(conn: &mut C) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(conn)
    }
    on_backend!(conn, c => broken(c))
}
