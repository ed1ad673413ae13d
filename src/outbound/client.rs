//! The one HTTP client: sends a request under the guard, and tells what became of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::{
    CONNECT_LIMIT, KEEP_LIMIT, Outcome, Phases, READ_LIMIT, Reply, RetryAfter,
    body::{self, Body},
    connect::{Gate, GateLayer, ProxyPeer},
    endpoint::EndpointUrl,
    fault::Fault,
    header,
    policy::Policy,
    probe::{Probe, Stage},
    resolve::{Guarded, Lookup, Lookups, System},
    tls,
};

/// A verdict holds for its connection, so no connection is kept for long; many receivers close theirs after 5 s.
const IDLE_LIMIT: Duration = Duration::from_secs(4);
/// What receivers see as `User-Agent`.
pub const USER_AGENT: &str = concat!("Postrider/", env!("CARGO_PKG_VERSION"));

/// What an operator sets besides the [`Policy`].
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// The address of a forward proxy (`http://` or `https://`), which must then judge the names.
    pub proxy: Option<String>,
    /// A PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// How much of an answer's body is kept, of the [`READ_LIMIT`] that is read; [`KEEP_LIMIT`] unless given.
    pub keep: Option<usize>,
}

/// A request as it shall go out; its framing and `User-Agent` are the client's.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address, judged anew at each send.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The time for everything, from the look-up to the end of the answer's body.
    pub timeout: Duration,
}

/// The guarded client; a clone shares its connections. Make a new one where the policy changes.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    policy: Arc<Policy>,
    roots: &'static str,
    via_proxy: bool,
    keep: usize,
}

/// Which layers below the check of the URL judge, and how long connecting may take: all, and 5 s, except in tests.
pub(super) struct Layers {
    pub names: bool,
    pub peers: bool,
    pub connect_limit: Duration,
}

impl Default for Layers {
    fn default() -> Self {
        Self { names: true, peers: true, connect_limit: CONNECT_LIMIT }
    }
}

impl Client {
    /// Builds the client: once, at start and at each change of the policy.
    ///
    /// # Errors
    /// A sentence where the proxy or the file of authorities cannot be used.
    pub fn new(policy: Arc<Policy>, options: ClientOptions) -> anyhow::Result<Self> {
        Self::with_lookup(policy, options, Arc::new(System))
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_lookup(policy: Arc<Policy>, options: ClientOptions, lookup: Arc<dyn Lookup>) -> anyhow::Result<Self> {
        Self::build(policy, options, lookup, &Layers::default())
    }

    pub(super) fn build(
        policy: Arc<Policy>,
        options: ClientOptions,
        lookup: Arc<dyn Lookup>,
        layers: &Layers,
    ) -> anyhow::Result<Self> {
        let ClientOptions { proxy, ca_file, keep } = options;
        let keep = keep.unwrap_or(KEEP_LIMIT).min(READ_LIMIT);
        let (tls, roots) = tls::configuration(ca_file.as_deref())?;
        let proxy = proxy.as_deref().map(Proxy::read).transpose()?;
        let resolver = Guarded {
            policy: Arc::clone(&policy),
            lookups: Lookups::new(lookup),
            proxy_host: proxy.as_ref().map(|proxy| proxy.host.clone()),
            judges: layers.names,
        };
        let gate = Gate {
            policy: Arc::clone(&policy),
            proxy: proxy.as_ref().map(|proxy| proxy.peer),
            limit: layers.connect_limit,
            judges: layers.peers,
        };
        // Each line turns off something that would weaken the guard or change the message: the environment's proxies,
        // redirects, second tries, decompression.
        #[expect(clippy::disallowed_methods, reason = "this is the one place that makes a client")]
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(resolver)
            .connector_layer(GateLayer(Arc::new(gate)))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_idle_timeout(IDLE_LIMIT)
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false)
            .user_agent(USER_AGENT);
        let via_proxy = proxy.is_some();
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy.rule);
        }
        let http = builder.build().context("The client for outgoing requests cannot be built.")?;
        Ok(Self { http, policy, roots, via_proxy, keep })
    }

    /// The policy that the client was built with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where the trusted certificate authorities come from.
    #[must_use]
    pub fn roots(&self) -> &'static str {
        self.roots
    }

    /// Sends the request once; whatever happens is told in the reply.
    pub async fn send(&self, request: Request) -> Reply {
        let started = Instant::now();
        match self.policy.check_url(&request.url) {
            Ok(endpoint) => self.exchange(endpoint, request, started).await,
            Err(refusal) => Reply::blocked(refusal, Phases { total: started.elapsed(), ..Phases::default() }),
        }
    }

    pub(super) async fn exchange(&self, endpoint: EndpointUrl, request: Request, started: Instant) -> Reply {
        let named = self.policy.allows_name(endpoint.host(), endpoint.port());
        let probe = Arc::new(Probe::new(started, endpoint.port(), named));
        let deadline = started + request.timeout;
        let call = self.http.execute(call(endpoint, request));
        match timeout_at(deadline, Arc::clone(&probe).scope(call)).await {
            Ok(Ok(response)) => self.answered(response, &probe, deadline).await,
            Ok(Err(error)) => self.failed(Fault::of(&error, probe.stage()), &probe),
            Err(_elapsed) => self.failed(Fault::out_of_time(probe.stage()), &probe),
        }
    }

    /// The head of the answer came: its status is the outcome, whatever becomes of the body.
    async fn answered(&self, mut response: reqwest::Response, probe: &Probe, deadline: Instant) -> Reply {
        let answered = Instant::now();
        let mut body = Body::keeping(self.keep);
        let ended = timeout_at(deadline, body.read(&mut response)).await.ok();
        let headers = response.headers();
        let status = response.status().as_u16();
        let outcome = Outcome::of_status(status);
        let (kept, body_bytes, truncated) = body.into_parts();
        Reply {
            status: Some(status),
            note: body::note(ended, headers),
            headers: header::kept(headers),
            body: kept,
            body_bytes,
            truncated,
            reused: probe.stage() == Stage::Pooled,
            remote: response.remote_addr().filter(|_| !self.via_proxy),
            via_proxy: self.via_proxy,
            certificate_until: probe.certificate_end(),
            detail: if outcome == Outcome::Redirect { header::redirect_target(headers) } else { None },
            retry_after: RetryAfter::of(headers),
            ..Reply::without_answer(outcome, probe.phases(Some(answered)))
        }
    }

    fn failed(&self, fault: Fault, probe: &Probe) -> Reply {
        let phases = probe.phases(None);
        let mut reply = match fault.refusal {
            Some(refusal) => Reply::blocked(refusal, phases),
            None => Reply::without_answer(fault.outcome, phases),
        };
        reply.detail = fault.detail.or(reply.detail).or_else(|| probe.certificate()).or_else(|| probe.tried());
        reply.note = fault.note;
        reply.via_proxy = self.via_proxy;
        reply.remote = probe.peer().filter(|_| !self.via_proxy);
        reply.reused = probe.stage() == Stage::Pooled;
        reply
    }
}

fn call(endpoint: EndpointUrl, request: Request) -> reqwest::Request {
    let mut call = reqwest::Request::new(request.method, endpoint.into_url());
    *call.headers_mut() = header::without_framing(request.headers);
    *call.body_mut() = Some(request.body.into());
    call
}

/// The configured proxy.
struct Proxy {
    rule: reqwest::Proxy,
    host: String,
    peer: ProxyPeer,
}

impl Proxy {
    fn read(setting: &str) -> anyhow::Result<Self> {
        // The setting may hold a password, so it is not repeated.
        let problem = "EGRESS_PROXY: the address cannot be used; write for example http://proxy.internal:3128.";
        let url = Url::parse(setting).ok().filter(|url| matches!(url.scheme(), "http" | "https")).context(problem)?;
        let address = match url.host().context(problem)? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        let host = url.host_str().context(problem)?.to_owned();
        let port = url.port_or_known_default().context(problem)?;
        let rule = reqwest::Proxy::all(url).map_err(reqwest::Error::without_url).context(problem)?;
        Ok(Self { rule, host, peer: ProxyPeer { address, port } })
    }
}
