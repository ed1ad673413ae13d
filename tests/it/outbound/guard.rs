//! What the client must not reach, whoever sends it there.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use postrider::outbound::{Client, ClientOptions, Lookup, LookupFault, Outcome, Policy};

use super::{client, hasty, policy, post, refusal};
use crate::support::receiver::{Answer, Behaviour, Receiver};

fn looking_up(policy: Arc<Policy>, lookup: impl Lookup) -> Client {
    Client::with_lookup(policy, ClientOptions::default(), Arc::new(lookup)).unwrap()
}

fn addresses(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|address| address.parse().unwrap()).collect()
}

/// The URL of a receiver under another host.
fn named(receiver: &Receiver, host: &str) -> String {
    format!("http://{host}:{}/hook", receiver.address().port())
}

#[tokio::test]
async fn a_literal_is_judged_at_every_send_in_any_spelling() {
    let receiver = Receiver::answering(200).await;
    let client = Client::new(policy(&[]), ClientOptions::default()).unwrap();
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:7f00:1]", "%31%32%37.0.0.1"] {
        let reply = client.send(post(&named(&receiver, host))).await;
        assert_eq!((reply.outcome, refusal(&reply)), (Outcome::Blocked, Some("loopback")), "{host}");
        assert_eq!(reply.detail.as_deref(), Some("127.0.0.1 is a loopback address, which means this machine itself"));
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn an_address_that_is_no_longer_allowed_is_refused_by_the_next_client() {
    let receiver = Receiver::answering(200).await;
    assert_eq!(client().send(post(&receiver.url("/"))).await.outcome, Outcome::Ok);
    let after = Client::new(policy(&["127.0.0.2/32"]), ClientOptions::default()).unwrap();
    assert_eq!(refusal(&after.send(post(&receiver.url("/"))).await), Some("loopback"));
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn one_refused_address_among_the_answers_refuses_the_name() {
    for (answer, expected) in [
        (&["127.0.0.9", "127.0.0.1"][..], "loopback"),
        (&["127.0.0.9", "::ffff:169.254.169.254"], "link-local"),
        (&["127.0.0.9", "64:ff9b::7f00:1"], "loopback"),
        (&["127.0.0.9", "fe80::1"], "v6-not"),
        (&["127.0.0.9", "10.0.0.5"], "private"),
        (&["64:ff9b:1::7f00:1"], "v6-not"),
    ] {
        let receiver = Receiver::answering(200).await;
        let found = addresses(answer);
        let client = looking_up(policy(&["127.0.0.9/32"]), move |_: &str| Ok(found.clone()));
        let reply = client.send(post(&named(&receiver, "hooks.example.com"))).await;
        assert_eq!((reply.outcome, refusal(&reply)), (Outcome::Blocked, Some(expected)), "{answer:?}");
        assert_eq!(receiver.connections(), 0);
    }
}

#[tokio::test]
async fn a_name_that_turns_to_another_address_is_judged_at_its_next_connection() {
    let close = Answer::status(200).header("Connection", "close");
    let receiver = Receiver::start(Behaviour::Answer(close)).await;
    let times = AtomicUsize::new(0);
    let client = looking_up(policy(&["127.0.0.1/32"]), move |_: &str| {
        let is_first = times.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(addresses(&[if is_first { "127.0.0.1" } else { "127.0.0.2" }]))
    });
    let url = named(&receiver, "hooks.example.com");
    let first = client.send(post(&url)).await;
    assert_eq!((first.outcome, first.phases.dns.is_some()), (Outcome::Ok, true));
    let second = client.send(post(&url)).await;
    assert_eq!((second.outcome, refusal(&second)), (Outcome::Blocked, Some("loopback")), "{second:?}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_allowed_name_opens_the_addresses_that_it_has() {
    let receiver = Receiver::answering(200).await;
    let listed = format!("receiver:{}", receiver.address().port());
    let client = looking_up(policy(&[&listed]), |_: &str| Ok(addresses(&["127.0.0.1"])));
    assert_eq!(client.send(post(&named(&receiver, "receiver"))).await.outcome, Outcome::Ok);
    let sent = receiver.bytes();
    assert_eq!(refusal(&client.send(post("http://receiver:1/")).await), Some("host-single"));
    assert_eq!(refusal(&client.send(post(&named(&receiver, "other.example.com"))).await), Some("loopback"));
    assert_eq!((receiver.connections(), receiver.bytes()), (1, sent));
}

#[tokio::test]
async fn at_most_8_addresses_of_a_name_are_tried() {
    let found: Vec<IpAddr> = (1..=100).map(|last| IpAddr::from([127, 9, 9, last])).collect();
    let client = looking_up(policy(&["127.0.0.0/8"]), move |_: &str| Ok(found.clone()));
    let reply = client.send(post("http://hooks.example.com:1/")).await;
    assert_eq!(reply.outcome, Outcome::Refused);
    let tried = reply.detail.unwrap();
    assert_eq!(tried.split(", ").count(), 8, "{tried}");
}

#[tokio::test]
async fn faults_of_dns_have_outcomes_of_their_own() {
    for (fault, expected) in [
        (LookupFault::NoName, Outcome::DnsError),
        (LookupFault::Temporary, Outcome::DnsError),
        (LookupFault::Other, Outcome::DnsError),
        (LookupFault::NoAddress, Outcome::NoAddress),
    ] {
        let reply = looking_up(policy(&[]), move |_: &str| Err(fault))
            .send(post("https://hooks.example.com/?key=s3cret"))
            .await;
        assert_eq!(reply.outcome, expected);
        assert!(
            reply
                .detail
                .as_ref()
                .is_some_and(|detail| detail.contains("hooks.example.com") && !detail.contains("s3cret"))
        );
    }
    let empty = looking_up(policy(&[]), |_: &str| Ok(Vec::new())).send(post("https://hooks.example.com/")).await;
    assert_eq!(empty.outcome, Outcome::NoAddress);
}

#[tokio::test]
async fn dns_that_hangs_is_a_dns_timeout_and_other_names_go_on() {
    let receiver = Receiver::answering(200).await;
    let (release, hang) = mpsc::channel::<()>();
    let hang = Mutex::new(hang);
    let client = looking_up(policy(&["127.0.0.0/8"]), move |name: &str| {
        if name.starts_with("slow") {
            let _ = hang.lock().unwrap().recv();
        }
        Ok(addresses(&["127.0.0.1"]))
    });
    for _ in 0..2 {
        let reply = client.send(hasty("http://slow.example.com/")).await;
        assert_eq!((reply.outcome, reply.phases.connect), (Outcome::DnsTimeout, None));
        assert!(reply.phases.dns.is_some());
    }
    assert_eq!(client.send(post(&named(&receiver, "quick.example.com"))).await.outcome, Outcome::Ok);
    drop(release);
}

#[tokio::test]
async fn the_proxies_of_the_environment_are_ignored() {
    const TARGET: &str = "POSTRIDER_TEST_TARGET";
    // The same test runs a second time in a process of its own, whose environment names a proxy.
    #[expect(clippy::disallowed_methods, reason = "the way in which this test tells its child what to call")]
    if let Ok(target) = std::env::var(TARGET) {
        assert_eq!(client().send(post(&target)).await.outcome, Outcome::Ok);
        return;
    }
    let (proxy, receiver) = (Receiver::answering(200).await, Receiver::answering(200).await);
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "outbound::guard::the_proxies_of_the_environment_are_ignored"])
        .env(TARGET, receiver.url("/"));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, proxy.url(""));
    }
    let done = child.env_remove("NO_PROXY").env_remove("no_proxy").output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert_eq!((receiver.requests().len(), proxy.connections()), (1, 0));
}

#[tokio::test]
async fn a_configured_proxy_is_used_and_gets_names_unresolved() {
    let proxy = Receiver::answering(200).await;
    let lookup = |name: &str| {
        if name.starts_with("proxy.") { Ok(addresses(&["127.0.0.1"])) } else { panic!("{name} was looked up") }
    };
    let options = ClientOptions { proxy: Some(named(&proxy, "proxy.internal")), ..ClientOptions::default() };
    let client = Client::with_lookup(policy(&[]), options, Arc::new(lookup)).unwrap();
    let reply = client.send(post("http://hooks.example.com/a?b=c")).await;
    assert_eq!((reply.outcome, reply.via_proxy, reply.remote), (Outcome::Ok, true, None), "{reply:?}");
    assert_eq!(proxy.next().await.path, "http://hooks.example.com/a?b=c");
    assert_eq!(refusal(&client.send(post("http://10.0.0.1/")).await), Some("private"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_repeating_its_password() {
    for setting in ["nowhere", "socks5://user:s3cret@proxy.internal:1080", "ftp://user:s3cret@proxy.internal"] {
        let options = ClientOptions { proxy: Some(setting.into()), ..ClientOptions::default() };
        let error = Client::new(policy(&[]), options).err().unwrap();
        assert!(
            error.to_string().starts_with("EGRESS_PROXY: ") && !format!("{error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}
