//! The writer's thread: one connection that commits whatever waits in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::pool::{Purpose, connect};
use super::tx::{self, Context, Tx};
use super::{Conn, DatabaseUrl, DbError};

/// The most requests that share a commit: bounds the time that the last one waits.
const LARGEST_GROUP: usize = 512;

/// Hands work to the thread; the thread ends when this is dropped.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

enum Job {
    Grouped(Box<dyn Member>),
    Alone(Box<dyn FnOnce(&mut Thread) + Send>),
}

/// One request of a group.
trait Member: Send {
    /// Runs the change; `false` when it failed.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Its group is committed: answer.
    fn answer(self: Box<Self>);
    /// The database refused the whole transaction.
    fn refuse(self: Box<Self>, error: DbError);
}

struct Request<F, T, E> {
    change: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Member for Request<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let outcome = (self.change)(tx);
        let passed = outcome.is_ok();
        self.outcome = Some(outcome);
        passed
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Who asked may have gone; the change stands all the same.
            self.reply.send(outcome).ok();
        }
    }

    fn refuse(self: Box<Self>, error: DbError) {
        self.reply.send(Err(error.into())).ok();
    }
}

impl Writer {
    pub(super) fn start(url: DatabaseUrl, context: Context) -> anyhow::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut thread = Thread { url, context, conn: None, waiting: Arc::clone(&waiting) };
        thread.connection().context("the writer cannot open the database")?;
        std::thread::Builder::new()
            .name("db-writer".to_owned())
            .spawn(move || thread.work(&queue))
            .context("cannot start the writer's thread")?;
        Ok(Self { jobs, waiting })
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) async fn grouped<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let job = Job::Grouped(Box::new(Request { change, outcome: None, reply }));
        if self.jobs.send(job).is_err() {
            return Err(stopped().into());
        }
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    pub(super) async fn alone<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.enqueue_alone(change).await.unwrap_or_else(|_| Err(stopped().into()))
    }

    pub(super) fn alone_now<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = mpsc::channel();
        let job = Job::Alone(Box::new(move |thread: &mut Thread| {
            reply.send(thread.transact(change)).ok();
        }));
        self.jobs.send(job).ok();
        answer.recv().unwrap_or_else(|_| Err(stopped().into()))
    }

    fn enqueue_alone<T, E, F>(&self, change: F) -> oneshot::Receiver<Result<T, E>>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::Alone(Box::new(move |thread: &mut Thread| {
            reply.send(thread.transact(change)).ok();
        }));
        self.jobs.send(job).ok();
        answer
    }
}

fn stopped() -> DbError {
    DbError::Interrupted("the writer dropped the request".to_owned())
}

struct Thread {
    url: DatabaseUrl,
    context: Context,
    conn: Option<Conn>,
    waiting: Arc<AtomicUsize>,
}

impl Thread {
    fn work(&mut self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut group: Vec<Box<dyn Member>> = Vec::new();
            let mut next = Some(first);
            // Takes what waits and never waits for more: a lone request is committed at once.
            while let Some(job) = next.take() {
                match job {
                    Job::Grouped(member) => group.push(member),
                    Job::Alone(change) => {
                        self.commit(std::mem::take(&mut group));
                        self.guarded(|thread| change(thread));
                    }
                }
                if group.len() < LARGEST_GROUP {
                    next = queue.try_recv().ok();
                }
            }
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Box<dyn Member>>) {
        if !group.is_empty() {
            self.waiting.fetch_sub(group.len(), Ordering::Relaxed);
            self.guarded(|thread| thread.commit_group(group));
        }
    }

    /// A panic in one request must not take the writer with it: its askers get an error, the rest goes on.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!("a write panicked; its transaction is rolled back");
            self.conn = None;
        }
    }

    fn commit_group(&mut self, mut group: Vec<Box<dyn Member>>) {
        let together: Result<(), GroupError> =
            self.transact(
                |tx| {
                    if group.iter_mut().all(|member| member.run(tx)) { Ok(()) } else { Err(GroupError::Member) }
                },
            );
        match together {
            Ok(()) => group.into_iter().for_each(Member::answer),
            Err(_) if group.len() > 1 => {
                for member in group {
                    self.commit_group(vec![member]);
                }
            }
            Err(GroupError::Member) => group.into_iter().for_each(Member::answer),
            Err(GroupError::Database(error)) => {
                if let Some(member) = group.pop() {
                    member.refuse(error);
                }
            }
        }
    }

    fn transact<T, E: From<DbError>>(&mut self, change: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let context = self.context.clone();
        let done = tx::run(self.connection()?, &context, change);
        if self.conn.as_mut().is_some_and(tx::is_broken) {
            self.conn = None;
        }
        done
    }

    fn connection(&mut self) -> Result<&mut Conn, DbError> {
        if self.conn.is_none() {
            self.conn = Some(connect(&self.url, Purpose::Write)?);
        }
        self.conn.as_mut().ok_or_else(stopped)
    }
}

enum GroupError {
    /// A member failed; its own outcome says why.
    Member,
    Database(DbError),
}

impl From<DbError> for GroupError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}
