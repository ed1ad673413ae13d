//! The layers of the guard one by one, with the others off, and the look-ups.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::{task::JoinSet, time::Instant};

use super::{
    CONNECT_LIMIT, Client, ClientOptions, EndpointUrl, Lookup, LookupFault, Outcome, Policy, Reply, Request,
    client::Layers,
    resolve::{Lookups, System},
};

#[path = "../../tests/it/support/authority.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod authority;
#[path = "../../tests/it/support/receiver.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod receiver;

use authority::Authority;
use receiver::{Answer, Behaviour, Receiver, Step};

const OFF: Layers = Layers { names: false, peers: false, connect_limit: CONNECT_LIMIT };

fn closed() -> Arc<Policy> {
    Arc::new(Policy::new(&[], &[], &[], false).unwrap())
}

fn open() -> Arc<Policy> {
    Arc::new(Policy::new(&["127.0.0.0/8".into()], &[], &[], false).unwrap())
}

fn client(policy: Arc<Policy>, lookup: impl Lookup, layers: &Layers) -> Client {
    Client::build(policy, ClientOptions::default(), Arc::new(lookup), layers).unwrap()
}

fn post(url: &str) -> Request {
    Request {
        method: Method::POST,
        url: url.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(5),
    }
}

/// Sends without the check of the URL.
async fn unjudged(client: &Client, url: &str) -> Reply {
    client.exchange(EndpointUrl::unchecked(url), post(url), Instant::now()).await
}

fn code(reply: &Reply) -> &'static str {
    reply.refusal.as_ref().map_or(reply.outcome.code(), super::Refusal::code)
}

/// Always the same answer.
fn answers(addresses: &[&str]) -> impl Lookup + use<> {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    move |_: &str| Ok(addresses.clone())
}

#[tokio::test]
async fn the_check_of_the_url_alone_refuses_a_literal_without_a_connection() {
    let receiver = Receiver::answering(200).await;
    let client = client(closed(), System, &OFF);
    assert_eq!(code(&client.send(post(&receiver.url("/"))).await), "loopback");
    assert_eq!(receiver.connections(), 0);
    let unguarded = unjudged(&client, &receiver.url("/")).await;
    assert_eq!(unguarded.outcome, Outcome::Ok, "all layers are off, so this must get through");
}

#[tokio::test]
async fn the_resolver_alone_refuses_a_name_without_a_connection() {
    let receiver = Receiver::answering(200).await;
    let url = format!("http://hooks.example.com:{}/", receiver.address().port());
    let guarded = client(closed(), answers(&["127.0.0.1"]), &Layers { names: true, ..OFF });
    assert_eq!(code(&unjudged(&guarded, &url).await), "loopback");
    assert_eq!(receiver.connections(), 0);
    let unguarded = client(closed(), answers(&["127.0.0.1"]), &OFF);
    assert_eq!(unjudged(&unguarded, &url).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn the_gate_alone_drops_a_connection_before_a_byte_was_sent() {
    let authority = Authority::new();
    let plain = Receiver::answering(200).await;
    let answer = Behaviour::Answer(Answer::status(200));
    let tls = Receiver::start_tls(answer, authority.server(&["127.0.0.1"], (2000, 2100))).await;
    let options = ClientOptions { ca_file: Some(authority.file()), ..ClientOptions::default() };
    let guarded = Client::build(closed(), options.clone(), Arc::new(System), &Layers { peers: true, ..OFF }).unwrap();
    for receiver in [&plain, &tls] {
        assert_eq!(code(&unjudged(&guarded, &receiver.url("/")).await), "loopback");
        receiver.ended(1).await;
        assert_eq!((receiver.connections(), receiver.bytes()), (1, 0));
    }
    let unguarded = Client::build(closed(), options, Arc::new(System), &OFF).unwrap();
    for receiver in [&plain, &tls] {
        assert_eq!(unjudged(&unguarded, &receiver.url("/")).await.outcome, Outcome::Ok);
    }
}

#[tokio::test]
async fn the_gate_takes_the_proxy_as_the_only_peer() {
    let (proxy, other) = (Receiver::answering(200).await, Receiver::answering(200).await);
    let options = ClientOptions { proxy: Some(proxy.url("")), ..ClientOptions::default() };
    let client = Client::new(closed(), options).unwrap();
    let reply = client.send(post("http://hooks.example.com/hook")).await;
    assert_eq!((reply.outcome, reply.via_proxy, reply.remote), (Outcome::Ok, true, None));
    assert_eq!(proxy.next().await.path, "http://hooks.example.com/hook");
    assert_eq!(code(&client.send(post(&other.url("/"))).await), "loopback", "literals are judged with a proxy, too");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn connecting_has_a_limit_of_its_own_within_the_timeout() {
    let receiver = Receiver::scripted([Step::Hold]).await;
    let limited = Layers { connect_limit: Duration::from_millis(200), ..Layers::default() };
    let handshake = client(open(), System, &limited);
    let reply = handshake.send(post(&receiver.url("/").replace("http:", "https:"))).await;
    assert_eq!(reply.outcome, Outcome::ConnectTimeout);
    assert!(reply.phases.tls.is_some() && reply.phases.connect.is_some(), "{:?}", reply.phases);

    let (release, hang) = mpsc::channel::<()>();
    let hang = Mutex::new(hang);
    let lookup = move |_: &str| {
        let _ = hang.lock().unwrap().recv();
        Ok(Vec::new())
    };
    let reply = client(open(), lookup, &limited).send(post("http://hooks.example.com/")).await;
    assert_eq!(reply.outcome, Outcome::DnsTimeout);
    assert!(reply.phases.dns.is_some() && reply.phases.connect.is_none(), "{:?}", reply.phases);
    drop(release);
}

/// A lookup that tells of each call, and waits for its answer.
struct Stepwise {
    calls: mpsc::Sender<String>,
    answers: Mutex<HashMap<String, mpsc::Receiver<()>>>,
    at_once: AtomicUsize,
    most: AtomicUsize,
}

impl Stepwise {
    fn new(names: &[String]) -> (Arc<Self>, mpsc::Receiver<String>, HashMap<String, mpsc::Sender<()>>) {
        let (calls, called) = mpsc::channel();
        let (mut answers, mut release) = (HashMap::new(), HashMap::new());
        for name in names {
            let (sender, receiver) = mpsc::channel();
            answers.insert(format!("{name}."), receiver);
            release.insert(name.clone(), sender);
        }
        let stepwise =
            Self { calls, answers: Mutex::new(answers), at_once: AtomicUsize::new(0), most: AtomicUsize::new(0) };
        (Arc::new(stepwise), called, release)
    }
}

impl Lookup for Arc<Stepwise> {
    fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, LookupFault> {
        let running = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.calls.send(name.to_owned()).unwrap();
        let answer = self.answers.lock().unwrap().remove(name).expect("each name is looked up once");
        let _ = answer.recv();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(vec!["93.184.216.34".parse().unwrap()])
    }
}

#[tokio::test]
async fn at_most_16_names_are_looked_up_at_once_and_each_only_once() {
    let names: Vec<_> = (0..20).map(|number| format!("n{number}.example.com")).collect();
    let (stepwise, called, release) = Stepwise::new(&names);
    let lookups = Lookups::new(Arc::new(Arc::clone(&stepwise)));
    let mut asking = JoinSet::new();
    for name in names.iter().chain(&names) {
        let (lookups, name) = (Arc::clone(&lookups), format!("{name}."));
        asking.spawn(async move { lookups.ask(name).await });
    }
    let called = tokio::task::spawn_blocking(move || {
        for _ in 0..16 {
            called.recv().unwrap();
        }
        called
    });
    let called = called.await.unwrap();
    assert!(called.try_recv().is_err(), "a seventeenth look-up began");
    drop(release);
    while let Some(answer) = asking.join_next().await {
        assert_eq!(answer.unwrap().map(|addresses| addresses.len()), Ok(1));
    }
    assert_eq!(called.try_iter().count(), 4);
    assert_eq!(stepwise.most.load(Ordering::SeqCst), 16);
}

#[tokio::test]
async fn a_look_up_for_which_nobody_waits_any_more_is_never_begun() {
    let names: Vec<_> = (0..17).map(|number| format!("n{number}.example.com")).collect();
    let (stepwise, called, mut release) = Stepwise::new(&names);
    let lookups = Lookups::new(Arc::new(stepwise));
    let mut asking = JoinSet::new();
    for name in &names[..16] {
        let (lookups, name) = (Arc::clone(&lookups), format!("{name}."));
        asking.spawn(async move { lookups.ask(name).await });
    }
    let called = tokio::task::spawn_blocking(move || {
        (0..16).for_each(|_| drop(called.recv().unwrap()));
        called
    });
    let called = called.await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(20), lookups.ask(format!("{}.", names[16]))).await;
    assert!(given_up.is_err());
    release.clear();
    while asking.join_next().await.is_some() {}
    drop(lookups);
    assert!(called.recv().is_err(), "the worker threads have ended, and none looked the last name up");
}

#[tokio::test]
async fn a_name_is_absolute_and_only_a_listed_one_may_be_short() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let lookup = {
        let asked = Arc::clone(&asked);
        move |name: &str| {
            asked.lock().unwrap().push(name.to_owned());
            Err(LookupFault::NoName)
        }
    };
    let policy = Policy::new(&["receiver".into()], &[], &[], false).unwrap();
    let client = client(Arc::new(policy), lookup, &Layers::default());
    for url in ["http://db.prod/", "http://db.prod./", "http://receiver/"] {
        let reply = client.send(post(url)).await;
        assert_eq!(reply.outcome, Outcome::DnsError);
        assert!(reply.detail.unwrap().starts_with("DNS does not know the name "));
    }
    assert_eq!(*asked.lock().unwrap(), ["db.prod.", "db.prod.", "receiver.", "receiver"]);
}

#[test]
fn the_system_resolver_tells_what_does_not_exist() {
    // Reserved by RFC 6761: whoever answers, there is no address.
    assert!(System.lookup("no-such-name.invalid.").is_err());
    assert_eq!(System.lookup("127.0.0.1"), Ok(vec!["127.0.0.1".parse().unwrap()]));
}
