//! A receiver on loopback that answers, or misbehaves, as it is told, and records what reaches it.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// The one loopback address that the egress policy of the tests opens.
pub const OPEN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// What a receiver does with each connection.
#[derive(Clone)]
pub enum Behaviour {
    /// Answers each request, and keeps the connection open.
    Answer(Answer),
    /// Answers one request after the other, over all connections; the last answer is repeated.
    Sequence(Vec<Answer>),
    /// Takes these steps on each connection, then closes it.
    Script(Vec<Step>),
}

/// One step of a script.
#[derive(Clone)]
pub enum Step {
    /// Reads and records a request.
    ReadRequest,
    /// Reads whatever comes first.
    ReadSome,
    /// Writes bytes.
    Write(Vec<u8>),
    /// Writes the same bytes again and again, with a pause between.
    Repeat(Vec<u8>, Duration),
    /// Keeps the connection open and does nothing.
    Hold,
    /// Breaks the connection off; only as the last step and without TLS.
    Reset,
}

impl Step {
    /// Writes a text.
    pub fn text(text: &str) -> Self {
        Self::Write(text.into())
    }
}

/// A proper answer.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    after: Duration,
}

impl Answer {
    /// An answer with a status alone.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), after: Duration::ZERO }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Lets the client wait.
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut lines = vec![format!("HTTP/1.1 {} X", self.status), format!("Content-Length: {}", self.body.len())];
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        [lines.join("\r\n").as_bytes(), b"\r\n\r\n", &self.body].concat()
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// The target of the request line.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Received {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The running receiver; it ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    requests: Mutex<Vec<Received>>,
    arrived: Notify,
    connections: AtomicUsize,
    bytes: AtomicU64,
    answered: AtomicUsize,
    taken: AtomicUsize,
    ended: watch::Sender<usize>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(behaviour: Behaviour) -> Self {
        Self::listen(behaviour, None).await
    }

    /// The same behind TLS; the counted bytes are those inside.
    pub async fn start_tls(behaviour: Behaviour, tls: Arc<ServerConfig>) -> Self {
        Self::listen(behaviour, Some(tls.into())).await
    }

    /// Answers each request with this status.
    pub async fn answering(status: u16) -> Self {
        Self::start(Behaviour::Answer(Answer::status(status))).await
    }

    /// Takes these steps on each connection.
    pub async fn scripted(steps: impl Into<Vec<Step>>) -> Self {
        Self::start(Behaviour::Script(steps.into())).await
    }

    /// Listens where the portal of the tests may send to.
    pub async fn open(behaviour: Behaviour) -> Self {
        Self::listen_at(OPEN, behaviour, None).await
    }

    /// The same behind TLS.
    pub async fn open_tls(behaviour: Behaviour, tls: Arc<ServerConfig>) -> Self {
        Self::listen_at(OPEN, behaviour, Some(tls.into())).await
    }

    async fn listen(behaviour: Behaviour, tls: Option<TlsAcceptor>) -> Self {
        Self::listen_at(Ipv4Addr::LOCALHOST, behaviour, tls).await
    }

    async fn listen_at(host: Ipv4Addr, behaviour: Behaviour, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let is_tls = tls.is_some();
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            requests: Mutex::default(),
            arrived: Notify::new(),
            connections: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            answered: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            ended: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Self { address, is_tls, shared, accepting }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path (`/…`) of this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// Changes what it does with the next request, and with new connections.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("no panic") = behaviour;
        self.shared.answered.store(0, Ordering::SeqCst);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.requests.lock().expect("no panic").clone()
    }

    /// The next request that no call of this gave yet, as soon as it is there.
    pub async fn next(&self) -> Received {
        let number = self.shared.taken.fetch_add(1, Ordering::SeqCst);
        loop {
            let arrived = self.shared.arrived.notified();
            if let Some(request) = self.shared.requests.lock().expect("no panic").get(number) {
                return request.clone();
            }
            arrived.await;
        }
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections have come to their end.
    pub async fn ended(&self, connections: usize) {
        self.shared.ended.subscribe().wait_for(|ended| *ended >= connections).await.expect("the receiver lives");
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(serve(stream, tls.clone(), Arc::clone(&shared)));
    }
}

/// What goes wrong on a connection is the client's doing, and seen there.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let behaviour = shared.behaviour.lock().expect("no panic").clone();
    if matches!(&behaviour, Behaviour::Script(steps) if matches!(steps.last(), Some(Step::Reset))) {
        stream.set_zero_linger().expect("a socket option");
    }
    let _ = match tls {
        None => converse(stream, behaviour, &shared).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => converse(stream, behaviour, &shared).await,
            Err(error) => Err(error),
        },
    };
    shared.ended.send_modify(|ended| *ended += 1);
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    behaviour: Behaviour,
    shared: &Shared,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Behaviour::Script(steps) = behaviour else {
        while read_request(&mut stream, shared).await? {
            let answer = shared.next_answer();
            tokio::time::sleep(answer.after).await;
            stream.write_all(&answer.bytes()).await?;
            stream.flush().await?;
        }
        return Ok(());
    };
    for step in steps {
        match step {
            Step::ReadRequest => drop(read_request(&mut stream, shared).await?),
            Step::ReadSome => shared.count(stream.read(&mut [0; 4_096]).await?),
            Step::Write(bytes) => stream.write_all(&bytes).await?,
            Step::Repeat(bytes, pause) => loop {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                tokio::time::sleep(pause).await;
            },
            Step::Hold => std::future::pending().await,
            Step::Reset => return Ok(()),
        }
        stream.flush().await?;
    }
    stream.shutdown().await
}

/// Reads one request; false where the client closed the connection instead.
async fn read_request(stream: &mut (impl AsyncRead + Unpin), shared: &Shared) -> io::Result<bool> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(false);
        }
        shared.count(1);
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines().filter(|line| !line.is_empty());
    let mut words: VecDeque<_> = lines.next().unwrap_or_default().split(' ').map(str::to_owned).collect();
    let pair =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let mut request = Received {
        method: words.pop_front().unwrap_or_default(),
        path: words.pop_front().unwrap_or_default(),
        headers: lines.filter_map(pair).collect(),
        body: Vec::new(),
        at: Instant::now(),
    };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a length"));
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    shared.count(length);
    shared.requests.lock().expect("no panic").push(request);
    shared.arrived.notify_waiters();
    Ok(true)
}

impl Shared {
    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    fn next_answer(&self) -> Answer {
        let number = self.answered.fetch_add(1, Ordering::SeqCst);
        match &*self.behaviour.lock().expect("no panic") {
            Behaviour::Answer(answer) => answer.clone(),
            Behaviour::Sequence(answers) => answers[number.min(answers.len() - 1)].clone(),
            Behaviour::Script(_) => Answer::status(200),
        }
    }
}
