//! The worker: keeps the leases, claims what is due, starts the requests; in a runtime of its own.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::NodeId;
use super::lanes::{Lanes, Slot};
use super::node::Node;
use super::queue::{self, Claim, Claimed};
use super::send::{Job, Sender};
use crate::clock::{Clock, Time};
use crate::credentials::token::Tokens;
use crate::db::{Db, DbError, Tx};
use crate::outbound;
use crate::webhooks::set::{WebhookSet, Webhooks};
use crate::webhooks::{Webhook, WebhookId};

/// How long a lease lasts on the database's clock.
const LEASE: Duration = Duration::from_secs(45);
/// How long this node trusts a lease: shorter, so that it stops before another may start.
const TRUST: Duration = Duration::from_secs(40);
/// How often leases are renewed.
const RENEW: Duration = Duration::from_secs(10);
/// How often the worker looks for lanes that nobody holds.
const LOOK: Duration = Duration::from_secs(5);
/// How long a clean stop waits for requests in flight.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// The longest pause after a fault of the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A test whose node died is ended after this time: longer than any timeout.
const TEST_LIMIT: Duration = Duration::from_secs(90);

/// What a step found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many requests were started.
    Did(usize),
    /// Nothing is due; the next row is at that time.
    Idle {
        /// The earliest row that waits for its time.
        next_due: Option<Time>,
    },
}

/// What the worker works with.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The guarded client.
    pub client: outbound::Client,
    /// The clock.
    pub clock: Clock,
    /// The webhooks in memory.
    pub webhooks: Webhooks,
    /// The lanes in memory.
    pub lanes: Lanes,
    /// Who this process is.
    pub node: Node,
}

/// Sends what is due. Tests call [`Worker::step`]; [`Worker::run`] adds the waiting and the stop.
pub struct Worker {
    sender: Arc<Sender>,
    node: Node,
    handed: mpsc::UnboundedReceiver<Job>,
    tasks: JoinSet<()>,
    started: bool,
    renewed: Option<Instant>,
    looked: Option<Instant>,
}

impl Worker {
    /// A worker that takes what dispatch hands over through `handed`.
    pub fn new(parts: Parts, handed: mpsc::UnboundedReceiver<Job>) -> Self {
        let Parts { db, client, clock, webhooks, lanes, node } = parts;
        let tokens = Tokens::new(client.clone(), clock.clone());
        let sender = Arc::new(Sender { db, client, tokens, clock, webhooks, lanes });
        Self { sender, node, handed, tasks: JoinSet::new(), started: false, renewed: None, looked: None }
    }

    fn lanes(&self) -> &Lanes {
        &self.sender.lanes
    }

    /// Starts every request that is due now.
    ///
    /// # Errors
    /// When the database cannot be asked; nothing is lost, the next step tries again.
    pub async fn step(&mut self) -> Result<Step, DbError> {
        while self.tasks.try_join_next().is_some() {}
        let mut did = 0;
        while let Ok(job) = self.handed.try_recv() {
            self.start(job);
            did += 1;
        }
        self.keep_leases().await?;
        did += self.claim().await?;
        Ok(if did > 0 { Step::Did(did) } else { Step::Idle { next_due: self.lanes().next_due() } })
    }

    /// Waits until every request that was started has its end written.
    pub async fn settle(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    fn start(&mut self, job: Job) {
        self.tasks.spawn(Arc::clone(&self.sender).attempt(job));
    }

    /// Works until `stop` says so, then lets requests in flight end and gives the lanes back.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = Duration::ZERO;
        while !*stop.borrow() {
            let wait = match self.step().await {
                Ok(Step::Did(_)) => {
                    pause = Duration::ZERO;
                    LOOK
                }
                Ok(Step::Idle { next_due }) => {
                    pause = Duration::ZERO;
                    let now = self.sender.clock.now();
                    next_due.map_or(LOOK, |due| due.since(now).min(LOOK)).max(Duration::from_millis(1))
                }
                Err(error) => {
                    pause = (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE);
                    tracing::warn!(error = %error, "the worker waits for the database");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = stop.changed() => {}
                    }
                    self.lanes().all_hungry();
                    continue;
                }
            };
            let lanes = self.lanes().clone();
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                Some(job) = self.handed.recv() => self.start(job),
                () = lanes.woken() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.end().await;
    }

    async fn end(&mut self) {
        self.lanes().stop();
        // What was handed over before the stop has its attempt's row: it must leave.
        while let Ok(job) = self.handed.try_recv() {
            self.start(job);
        }
        if tokio::time::timeout(LAST_WORDS, self.settle()).await.is_err() {
            tracing::warn!("some requests did not end in time; their attempts will read unknown");
        }
        let node = self.lanes().node();
        if let Err(error) = self.sender.db.write(move |tx| queue::release(tx, node)).await {
            tracing::warn!(error = %error, "the lanes could not be given back");
        }
    }

    async fn keep_leases(&mut self) -> Result<(), DbError> {
        let asked = Instant::now();
        let due = |last: Option<Instant>, every| last.is_none_or(|last| asked.duration_since(last) >= every);
        if due(self.renewed, RENEW) {
            self.renew(asked).await?;
            self.renewed = Some(asked);
        }
        if self.lanes().take_wish() || due(self.looked, LOOK) {
            self.acquire(asked).await?;
            self.looked = Some(asked);
        }
        Ok(())
    }

    async fn renew(&mut self, asked: Instant) -> Result<(), DbError> {
        let held = self.node.clone();
        tokio::task::spawn_blocking(move || held.check())
            .await
            .map_err(|error| DbError::Interrupted(error.to_string()))??;
        let (node, first) = (self.lanes().node(), !self.started);
        let clock = self.sender.clock.clone();
        let owned = self
            .sender
            .db
            .write(move |tx| {
                let now = database_now(tx, &clock)?;
                if first {
                    queue::void_leases(tx, node)?;
                }
                let at = tx.now();
                queue::sweep_tests(tx, at.minus(TEST_LIMIT), at)?;
                queue::renew(tx, node, now.plus(LEASE))
            })
            .await?;
        self.started = true;
        for (webhook, fence) in &owned {
            self.lanes().own(*webhook, *fence, asked, TRUST);
        }
        self.lanes().keep_only(&owned);
        Ok(())
    }

    async fn acquire(&mut self, asked: Instant) -> Result<(), DbError> {
        let node = self.lanes().node();
        let clock = self.sender.clock.clone();
        let taken = self
            .sender
            .db
            .write(move |tx| {
                let now = database_now(tx, &clock)?;
                let at = tx.now();
                queue::acquire(tx, node, (now, now.plus(LEASE)), at)
            })
            .await?;
        for (webhook, fence) in taken {
            self.lanes().own(webhook, fence, asked, TRUST);
        }
        Ok(())
    }

    async fn claim(&mut self) -> Result<usize, DbError> {
        let now = self.sender.clock.now();
        let room = self.lanes().reserve_hungry(now);
        if room.is_empty() {
            return Ok(0);
        }
        let wanted: Vec<(WebhookId, i64, usize)> = room
            .iter()
            .filter_map(|slots| slots.first().map(|slot| (slot.webhook(), slot.fence(), slots.len())))
            .collect();
        let (node, webhooks) = (self.lanes().node(), self.sender.webhooks.clone());
        let taken = self
            .sender
            .db
            .write_grouped(move |tx| {
                let set = webhooks.in_transaction(tx)?;
                wanted.iter().map(|lane| take(tx, &set, *lane, node, now)).collect::<Result<Vec<_>, DbError>>()
            })
            .await?;
        let mut started = 0;
        for (slots, taken) in room.into_iter().zip(taken) {
            let Some(Taken { webhook, rows, due }) = taken else { continue };
            if rows.len() == slots.len() {
                self.lanes().row_waits(webhook.id);
            } else if let Some(due) = due {
                self.lanes().row_due(webhook.id, due);
            }
            started += rows.len();
            for (slot, row) in slots.into_iter().zip(rows) {
                self.start(job(row, &webhook, now, slot));
            }
        }
        Ok(started)
    }
}

/// What one lane got.
struct Taken {
    webhook: Arc<Webhook>,
    rows: Vec<Claimed>,
    /// When a lane that is drained has to be looked at again.
    due: Option<Time>,
}

/// Claims for one lane; `None` where its webhook is not sent to: its rows are held.
fn take(
    tx: &mut Tx<'_>,
    set: &WebhookSet,
    (webhook, fence, room): (WebhookId, i64, usize),
    node: NodeId,
    now: Time,
) -> Result<Option<Taken>, DbError> {
    let Some(webhook) = set.get(webhook).filter(|webhook| webhook.is_sendable()) else { return Ok(None) };
    let claim = Claim { webhook: Arc::clone(webhook), fence, room };
    let rows = queue::claim(tx, &claim, node, now)?;
    let due = if rows.len() < room { queue::earliest_due(tx, webhook.id)? } else { None };
    Ok(Some(Taken { webhook: claim.webhook, rows, due }))
}

fn job(row: Claimed, webhook: &Arc<Webhook>, now: Time, slot: Slot) -> Job {
    let manual = row.is_manual();
    Job {
        delivery: row.id,
        number: row.attempts + 1,
        scheduled: row.scheduled + i32::from(!manual),
        resend_from: manual.then_some(row.state),
        event_id: row.event_id.map(|id| id.to_string()).unwrap_or_default(),
        webhook: Arc::clone(webhook),
        content_type: row.content_type,
        body: Bytes::from(row.body.unwrap_or_default()),
        sent_at: now,
        slot,
    }
}

/// The database's clock, which the node's clock follows from now on.
fn database_now(tx: &mut Tx<'_>, clock: &Clock) -> Result<Time, DbError> {
    let now = queue::database_now(tx, clock.now())?;
    clock.follow(now);
    Ok(now)
}

/// A worker that runs in a runtime of its own.
pub struct Running {
    stop: watch::Sender<bool>,
    runtime: tokio::runtime::Handle,
    ended: tokio::sync::oneshot::Receiver<()>,
    pulse: Weak<()>,
}

impl Running {
    /// Where other background work of the process may run.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    /// Tells background work when to stop.
    pub fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Points to something for as long as the worker works.
    pub fn pulse(&self) -> Weak<()> {
        self.pulse.clone()
    }

    /// Waits for the worker to end, which it does by itself only in a panic.
    pub async fn gone(&mut self) {
        (&mut self.ended).await.ok();
    }

    /// Stops claiming at once, lets requests in flight end, and returns when the lanes are given back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.ended.await.ok();
    }
}

/// Starts the worker on threads of its own: the portal's threads each run a loop of their own and must not wait.
///
/// # Errors
/// When the threads cannot be started.
pub fn spawn(worker: Worker) -> std::io::Result<Running> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("worker").enable_all().build()?;
    let (stop, stopping) = watch::channel(false);
    let (done, ended) = tokio::sync::oneshot::channel();
    let handle = runtime.handle().clone();
    let lanes = worker.lanes().clone();
    let database = worker.sender.db.clone();
    let alive = Arc::new(());
    let pulse = Arc::downgrade(&alive);
    std::thread::Builder::new().name("worker-main".to_owned()).spawn(move || {
        let listener = database.listen("postrider_wake", move |webhook| match WebhookId::parse(webhook) {
            Some(webhook) => lanes.row_waits(webhook),
            None => {
                lanes.all_hungry();
                lanes.want_lanes();
            }
        });
        runtime.block_on(worker.run(stopping));
        drop(listener);
        done.send(()).ok();
        runtime.shutdown_timeout(Duration::from_secs(1));
        drop(alive);
    })?;
    Ok(Running { stop, runtime: handle, ended, pulse })
}
