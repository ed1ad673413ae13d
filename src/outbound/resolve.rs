//! Turns names into addresses, refuses a name of which any address is refused, and keeps slow DNS to itself.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

use super::{BoxError, Outcome, endpoint, fault::Fault, policy::Policy, probe::Probe};

/// Look-ups that run at the same time; each has a thread, because the system's resolver blocks.
const MAX_LOOKUPS: usize = 16;
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// A blocking look-up of a name.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of a name; one that ends with a dot is absolute.
    ///
    /// # Errors
    /// Why there are none.
    fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault>;
}

impl<F> Lookup for F
where
    F: Fn(&str) -> Result<Vec<IpAddr>, LookupFault> + Send + Sync + 'static,
{
    fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
        self(name)
    }
}

/// Why a look-up gave no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupFault {
    /// There is no such name.
    NoName,
    /// The name has no address.
    NoAddress,
    /// DNS could not answer now.
    Temporary,
    /// The look-up failed in another way.
    Other,
}

impl LookupFault {
    fn told(self, name: &str) -> Fault {
        match self {
            Self::NoName => Fault::with_detail(Outcome::DnsError, format!("DNS does not know the name {name}")),
            Self::NoAddress => Fault::with_detail(Outcome::NoAddress, format!("{name} has no address")),
            Self::Temporary => {
                Fault::with_detail(Outcome::DnsError, format!("DNS could not answer for {name}; it may later"))
            }
            Self::Other => Fault::with_detail(Outcome::DnsError, format!("the look-up of {name} failed")),
        }
    }
}

/// The system's resolver.
pub(super) struct System;

impl Lookup for System {
    fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
        let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
        match getaddrinfo(Some(name), None, Some(hints)) {
            Ok(found) => Ok(found.flatten().map(|info| info.sockaddr.ip()).collect()),
            Err(error) => Err(match error.kind() {
                LookupErrorKind::NoName => LookupFault::NoName,
                LookupErrorKind::NoData => LookupFault::NoAddress,
                LookupErrorKind::Again => LookupFault::Temporary,
                _ => LookupFault::Other,
            }),
        }
    }
}

/// The client's resolver: looks up, then judges.
#[derive(Clone)]
pub(super) struct Guarded {
    pub policy: Arc<Policy>,
    pub lookups: Arc<Lookups>,
    /// The proxy's host, the one name that is looked up where a proxy is set; the others are the proxy's business.
    pub proxy_host: Option<String>,
    /// Off only in tests of the other layers.
    pub judges: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let probe = Probe::current();
        let guard = self.clone();
        Box::pin(async move {
            probe.resolving();
            let addresses = guard.addresses(endpoint::bare(name.as_str()), &probe).await?;
            probe.resolved(&addresses);
            Ok::<Addrs, BoxError>(Box::new(addresses.into_iter()))
        })
    }
}

impl Guarded {
    async fn addresses(&self, name: &str, probe: &Probe) -> Result<Vec<SocketAddr>, Fault> {
        let via_proxy = self.proxy_host.is_some();
        // With its dot a name is absolute, so no search list of this machine can turn it into another. Only names that the
        // operator listed may be short ones.
        let mut answer = self.lookups.ask(format!("{name}.")).await;
        if answer.as_ref().map_or(true, Vec::is_empty) && (probe.named || via_proxy) {
            answer = self.lookups.ask(name.to_owned()).await;
        }
        let found = answer.map_err(|fault| fault.told(name))?;
        let mut addresses: Vec<_> = found.into_iter().map(|address| SocketAddr::new(address, probe.port)).collect();
        if addresses.is_empty() {
            return Err(LookupFault::NoAddress.told(name));
        }
        if self.judges && !via_proxy {
            for address in &addresses {
                self.policy.check_answer(*address, probe.named).map_err(Fault::blocked)?;
            }
        }
        addresses.truncate(MAX_ADDRESSES);
        // Port 0 lets the client take the port of its URL, or of its proxy.
        for address in &mut addresses {
            address.set_port(0);
        }
        Ok(addresses)
    }
}

type Answer = Result<Vec<IpAddr>, LookupFault>;

/// The look-ups under way. A name is looked up once at a time, however many requests wait for it, so that one slow name
/// takes one thread; what nobody waits for any more is never begun. Nothing is remembered.
pub(super) struct Lookups {
    lookup: Arc<dyn Lookup>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: VecDeque<String>,
    asked: HashMap<String, watch::Sender<Option<Answer>>>,
}

impl Lookups {
    pub fn new(lookup: Arc<dyn Lookup>) -> Arc<Self> {
        Arc::new(Self { lookup, queue: Mutex::default() })
    }

    pub(super) async fn ask(self: &Arc<Self>, name: String) -> Answer {
        let mut answer = self.enqueue(name);
        let settled = answer.wait_for(Option::is_some).await;
        settled.ok().and_then(|answer| answer.clone()).unwrap_or(Err(LookupFault::Other))
    }

    fn enqueue(self: &Arc<Self>, name: String) -> watch::Receiver<Option<Answer>> {
        let mut queue = self.queue();
        if let Some(asked) = queue.asked.get(&name) {
            return asked.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        queue.asked.insert(name.clone(), sender);
        if queue.running == MAX_LOOKUPS {
            queue.waiting.push_back(name);
            return receiver;
        }
        queue.running += 1;
        drop(queue);
        let worker = Arc::clone(self);
        let first = name.clone();
        let spawned = thread::Builder::new().name("dns".into()).spawn(move || worker.work(first));
        if spawned.is_err() {
            self.settle(&name, Err(LookupFault::Other));
            self.queue().running -= 1;
        }
        receiver
    }

    /// Looks up one name after the other until none waits.
    fn work(&self, first: String) {
        let mut next = Some(first);
        while let Some(name) = next {
            let answer = self.lookup.lookup(&name);
            self.settle(&name, answer);
            next = self.take();
        }
    }

    fn settle(&self, name: &str, answer: Answer) {
        if let Some(asked) = self.queue().asked.remove(name) {
            asked.send_replace(Some(answer));
        }
    }

    fn take(&self) -> Option<String> {
        let mut queue = self.queue();
        while let Some(name) = queue.waiting.pop_front() {
            if queue.asked.get(&name).is_some_and(|asked| asked.receiver_count() > 0) {
                return Some(name);
            }
            queue.asked.remove(&name);
        }
        queue.running -= 1;
        None
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No panic can happen while it is locked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
