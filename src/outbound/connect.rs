//! The last gate: watches a connection come about, and drops it where its peer must not be reached.

use std::{
    future::{Future, poll_fn},
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use super::{BoxError, Outcome, fault::Fault, policy::Policy, probe::Probe};

/// Which peers may be connected to.
pub(super) struct Gate {
    pub policy: Arc<Policy>,
    /// Where a proxy is set, it is the only peer there is.
    pub proxy: Option<ProxyPeer>,
    /// For look-up, connection and TLS together.
    pub limit: Duration,
    /// Off only in tests of the other layers.
    pub judges: bool,
}

/// The configured proxy as a peer: its port, and its address where that was given as such.
#[derive(Clone, Copy)]
pub(super) struct ProxyPeer {
    pub address: Option<IpAddr>,
    pub port: u16,
}

impl Gate {
    /// The peer of a new connection, unless it must not be reached; nothing of the request was written yet.
    fn judge(&self, connection: &impl Connection, probe: &Probe) -> Result<SocketAddr, Fault> {
        let mut extras = http::Extensions::new();
        connection.connected().get_extras(&mut extras);
        // A connection whose peer is unknown cannot be judged, so it is none.
        let peer =
            extras.get::<HttpInfo>().map(HttpInfo::remote_addr).ok_or_else(|| Fault::new(Outcome::Unreachable))?;
        if !self.judges {
            return Ok(peer);
        }
        match self.proxy {
            None => self.policy.check_answer(peer, probe.named).map(|()| peer).map_err(Fault::blocked),
            Some(proxy) if proxy.port == peer.port() && proxy.address.is_none_or(|only| only == peer.ip()) => Ok(peer),
            Some(_) => Err(Fault::with_detail(Outcome::Unreachable, "the connection did not lead to the proxy")),
        }
    }
}

/// Puts a [`Watched`] around the client's connector.
#[derive(Clone)]
pub(super) struct GateLayer(pub Arc<Gate>);

impl<S> Layer<S> for GateLayer {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Watched { inner, gate: Arc::clone(&self.0) }
    }
}

/// A connector whose connections pass the gate.
#[derive(Clone)]
pub(super) struct Watched<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let probe = Probe::current();
        probe.connecting();
        let connecting = self.inner.call(request);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            let watched = Arc::clone(&probe).scope(leaving(connecting, &probe));
            let Ok(connected) = timeout(gate.limit, watched).await else {
                return Err(Fault::out_of_time(probe.stage()).into());
            };
            let connection = connected?;
            probe.connected(gate.judge(&connection, &probe)?);
            Ok(connection)
        })
    }
}

/// Drives the connecting, and notices when the request went another way: then the client lets a task of its own finish the
/// connection for the pool.
async fn leaving<F: Future>(connecting: F, probe: &Probe) -> F::Output {
    let home = tokio::task::try_id();
    let mut connecting = pin!(connecting);
    poll_fn(|context| {
        if tokio::task::try_id() != home {
            probe.leave();
        }
        connecting.as_mut().poll(context)
    })
    .await
}
