//! The lanes of this node in memory: who may send now, how many at a time, and who has rows waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::NodeId;
use super::send::Job;
use crate::clock::Time;
use crate::webhooks::WebhookId;

/// Requests in flight at a time, over all webhooks.
const GLOBAL_WINDOW: usize = 512;
/// Where a webhook's window starts, and what it falls back to when the receiver falters.
const FIRST_WINDOW: usize = 4;
/// The widest window of a webhook.
const WIDEST_WINDOW: usize = 64;

/// What this node sends for; shared by dispatch (which reserves slots inside the publishing transaction) and the
/// worker. Cloned freely.
#[derive(Clone)]
pub struct Lanes(Arc<Shared>);

struct Shared {
    node: NodeId,
    inner: Mutex<Inner>,
    wake: Notify,
    handed: mpsc::UnboundedSender<Job>,
}

#[derive(Default)]
struct Inner {
    lanes: HashMap<WebhookId, Lane>,
    in_flight: usize,
    stopping: bool,
    acquire: bool,
}

struct Lane {
    fence: i64,
    /// Until then nobody else can have taken the lane over, by the monotonic clock.
    safe_until: Instant,
    window: usize,
    in_flight: usize,
    /// Rows may wait in the table that are due.
    hungry: bool,
    /// The earliest row that waits for its time.
    next_due: Option<Time>,
}

/// One request in flight; gives its place back when dropped.
pub struct Slot {
    lanes: Lanes,
    webhook: WebhookId,
    fence: i64,
}

/// How a request ended, as far as the window cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// The receiver keeps up: one more at a time.
    Steady,
    /// A timeout, a broken connection or a 5xx: back to the start.
    Faltered,
    /// Says nothing about its speed.
    Neutral,
}

impl Lanes {
    /// No lanes yet; what dispatch hands over arrives at the receiver.
    pub fn new(node: NodeId) -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (handed, receiver) = mpsc::unbounded_channel();
        (Self(Arc::new(Shared { node, inner: Mutex::default(), wake: Notify::new(), handed })), receiver)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process that sends.
    pub(super) fn node(&self) -> NodeId {
        self.0.node
    }

    /// True when this node has the lane, as far as it knows.
    pub(super) fn has(&self, webhook: WebhookId) -> bool {
        self.inner().lanes.contains_key(&webhook)
    }

    /// Wakes the worker.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Waits for the next wake-up; one that came before is not lost.
    pub(super) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Hands a committed job to the sender.
    pub(super) fn hand_over(&self, job: Job) {
        // The worker is gone only while the process ends; the row is then taken up at the next start.
        self.0.handed.send(job).ok();
        self.wake();
    }

    /// This node owns the lane now, or still does; `sure_for` from `asked`, the moment before the database was asked.
    pub(super) fn own(&self, webhook: WebhookId, fence: i64, asked: Instant, sure_for: Duration) {
        let safe_until = asked + sure_for;
        let mut inner = self.inner();
        let lane = inner.lanes.entry(webhook).or_insert(Lane {
            fence,
            safe_until,
            window: FIRST_WINDOW,
            in_flight: 0,
            hungry: true,
            next_due: None,
        });
        lane.safe_until = safe_until;
        if lane.fence != fence {
            // Taken anew: what is still in flight belongs to the old fence and counts no more.
            lane.fence = fence;
            lane.in_flight = 0;
            lane.hungry = true;
        }
    }

    /// Forgets every lane but these: another node has them, or their webhook is gone.
    pub(super) fn keep_only(&self, owned: &[(WebhookId, i64)]) {
        self.inner().lanes.retain(|webhook, lane| owned.contains(&(*webhook, lane.fence)));
    }

    /// True when nobody else can have taken the lane over yet.
    pub(super) fn is_safe(&self, webhook: WebhookId, fence: i64) -> bool {
        self.inner().lanes.get(&webhook).is_some_and(|lane| lane.fence == fence && Instant::now() < lane.safe_until)
    }

    /// A place for a new delivery of that webhook, if it may leave at once: the lane is ours, its window has room,
    /// and nothing waits before it.
    pub(super) fn reserve(&self, webhook: WebhookId) -> Option<Slot> {
        let mut inner = self.inner();
        if inner.stopping || inner.in_flight >= GLOBAL_WINDOW {
            return None;
        }
        let lane = inner.lanes.get_mut(&webhook)?;
        if lane.hungry || lane.in_flight >= lane.window || Instant::now() >= lane.safe_until {
            return None;
        }
        lane.in_flight += 1;
        let fence = lane.fence;
        inner.in_flight += 1;
        Some(self.slot(webhook, fence))
    }

    fn slot(&self, webhook: WebhookId, fence: i64) -> Slot {
        Slot { lanes: self.clone(), webhook, fence }
    }

    /// A committed row of that webhook waits in the table.
    pub(super) fn row_waits(&self, webhook: WebhookId) {
        let mut inner = self.inner();
        match inner.lanes.get_mut(&webhook) {
            Some(lane) => lane.hungry = true,
            // Nobody may own it yet: look whether it can be had.
            None => inner.acquire = true,
        }
        drop(inner);
        self.wake();
    }

    /// A committed row of that webhook waits for its time.
    pub(super) fn row_due(&self, webhook: WebhookId, due: Time) {
        if let Some(lane) = self.inner().lanes.get_mut(&webhook) {
            lane.next_due = Some(lane.next_due.map_or(due, |earlier| earlier.min(due)));
        }
        self.wake();
    }

    /// Lanes may be free: look at the next step.
    pub(super) fn want_lanes(&self) {
        self.inner().acquire = true;
        self.wake();
    }

    /// Takes the wish of [`Lanes::want_lanes`].
    pub(super) fn take_wish(&self) -> bool {
        std::mem::take(&mut self.inner().acquire)
    }

    /// Every lane may have rows that this node did not write.
    pub(super) fn all_hungry(&self) {
        for lane in self.inner().lanes.values_mut() {
            lane.hungry = true;
        }
    }

    /// Reserves all free places of the lanes that have, or may have, rows due at `now`.
    pub(super) fn reserve_hungry(&self, now: Time) -> Vec<Vec<Slot>> {
        let mut inner = self.inner();
        if inner.stopping {
            return Vec::new();
        }
        let mut free = GLOBAL_WINDOW.saturating_sub(inner.in_flight);
        let here = Instant::now();
        let mut wanted = Vec::new();
        for (webhook, lane) in &mut inner.lanes {
            let due = lane.hungry || lane.next_due.is_some_and(|due| due <= now);
            let room = lane.window.saturating_sub(lane.in_flight).min(free);
            if due && room > 0 && here < lane.safe_until {
                // Told before the table is asked, so that a row which comes in between is not overlooked.
                lane.hungry = false;
                lane.next_due = None;
                lane.in_flight += room;
                free -= room;
                wanted.push((*webhook, lane.fence, room));
            }
        }
        inner.in_flight += wanted.iter().map(|(_, _, room)| room).sum::<usize>();
        drop(inner);
        wanted
            .into_iter()
            .map(|(webhook, fence, room)| (0..room).map(|_| self.slot(webhook, fence)).collect())
            .collect()
    }

    /// When the next row is due, over all lanes that have room.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.inner().lanes.values().filter(|lane| lane.in_flight < lane.window).filter_map(|lane| lane.next_due).min()
    }

    /// How many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.inner().in_flight
    }

    /// Nothing new leaves from now on.
    pub(super) fn stop(&self) {
        self.inner().stopping = true;
        self.wake();
    }
}

impl Slot {
    /// The webhook it sends for.
    pub(super) fn webhook(&self) -> WebhookId {
        self.webhook
    }

    /// The fence under which its rows are written.
    pub(super) fn fence(&self) -> i64 {
        self.fence
    }

    /// Lets the window learn from how the request ended.
    pub(super) fn learn(&self, pulse: Pulse) {
        if let Some(lane) = self.lanes.inner().lanes.get_mut(&self.webhook) {
            lane.window = match pulse {
                Pulse::Steady => (lane.window + 1).min(WIDEST_WINDOW),
                Pulse::Faltered => FIRST_WINDOW,
                Pulse::Neutral => lane.window,
            };
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inner = self.lanes.inner();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        let stopping = inner.stopping;
        let lane = inner.lanes.get_mut(&self.webhook).filter(|lane| lane.fence == self.fence);
        let wake = lane.is_some_and(|lane| {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            lane.hungry || lane.next_due.is_some()
        });
        drop(inner);
        if wake || stopping {
            self.lanes.wake();
        }
    }
}
