//! Whether the process lives and whether it can do its work, for load balancers and monitors.

pub mod pages;

use std::sync::{Arc, OnceLock, Weak};

/// Knows whether the worker works; cloned freely.
#[derive(Clone, Default)]
pub struct Health(Arc<OnceLock<Weak<()>>>);

impl Health {
    /// Follows a worker: it lives as long as somebody holds what `pulse` points to.
    pub fn follow(&self, pulse: Weak<()>) {
        // A process has one worker; the first one counts.
        self.0.set(pulse).ok();
    }

    /// True while the worker works; false before it was started.
    pub fn is_worker_alive(&self) -> bool {
        self.0.get().is_some_and(|pulse| pulse.strong_count() > 0)
    }
}
