//! Certificates and handshakes that fail, and one that does not.

use postrider::outbound::{Client, ClientOptions, Outcome, Reply};

use super::{hasty, policy, post};
use crate::support::{
    authority::{Authority, server_with_its_own_authority},
    receiver::{Answer, Behaviour, Receiver, Step},
};

const HERE: &[&str] = &["127.0.0.1"];
const VALID: (i32, i32) = (2000, 2100);

fn trusting(authority: &Authority) -> Client {
    let options = ClientOptions { ca_file: Some(authority.file()), ..ClientOptions::default() };
    Client::new(policy(&["127.0.0.0/8"]), options).unwrap()
}

async fn reply_of(authority: &Authority, trusted: &Authority, names: &[&str], years: (i32, i32)) -> Reply {
    let answer = Behaviour::Answer(Answer::status(200));
    let receiver = Receiver::start_tls(answer, authority.server(names, years)).await;
    let reply = trusting(trusted).send(post(&receiver.url("/"))).await;
    assert_eq!(receiver.requests().is_empty(), reply.outcome != Outcome::Ok);
    reply
}

#[tokio::test]
async fn a_trusted_certificate_is_accepted_and_the_handshake_timed() {
    let authority = Authority::new();
    let reply = reply_of(&authority, &authority, HERE, VALID).await;
    assert_eq!((reply.outcome, reply.reused), (Outcome::Ok, false), "{reply:?}");
    let phases = reply.phases;
    assert!(phases.connect.is_some() && phases.tls.is_some() && phases.first_byte.is_some(), "{phases:?}");
    assert!(phases.connect.unwrap() + phases.tls.unwrap() + phases.first_byte.unwrap() <= phases.total);
    assert!(trusting(&authority).roots().ends_with(" and EGRESS_CA_FILE"));
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_told_with_names_and_dates() {
    let authority = Authority::new();
    for years in [(2000, 2001), (2090, 2091)] {
        let reply = reply_of(&authority, &authority, HERE, years).await;
        assert_eq!(reply.outcome, Outcome::TlsExpired);
        let expected = format!(
            "certificate for 127.0.0.1, issued by \"Test authority\", valid from {}-01-01 to {}-12-31",
            years.0, years.1
        );
        assert_eq!(reply.detail, Some(expected));
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told() {
    let authority = Authority::new();
    let reply = reply_of(&authority, &authority, &["a.example.com", "b.example.com"], VALID).await;
    assert_eq!(reply.outcome, Outcome::TlsName);
    assert!(reply.detail.unwrap().starts_with("certificate for a.example.com, b.example.com, issued by"));
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let reply = reply_of(&Authority::new(), &Authority::new(), HERE, VALID).await;
    assert_eq!(reply.outcome, Outcome::TlsUntrusted);
    assert!(reply.detail.unwrap().contains("issued by \"Test authority\""));
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_not_trusted() {
    let answer = Behaviour::Answer(Answer::status(200));
    let receiver = Receiver::start_tls(answer, server_with_its_own_authority()).await;
    let reply = trusting(&Authority::new()).send(post(&receiver.url("/"))).await;
    assert_eq!(reply.outcome, Outcome::TlsUntrusted);
    receiver.ended(1).await;
    assert_eq!((receiver.connections(), receiver.bytes()), (1, 0));
}

/// What a server that answers the greeting of TLS with these bytes looks like.
async fn reply_to_greeting(answer: &[u8]) -> Reply {
    let receiver = Receiver::scripted([Step::ReadSome, Step::Write(answer.into())]).await;
    trusting(&Authority::new()).send(post(&receiver.url("/").replace("http:", "https:"))).await
}

#[tokio::test]
async fn a_server_with_old_tls_alone_is_told() {
    const PROTOCOL_VERSION: u8 = 70;
    const HANDSHAKE_FAILURE: u8 = 40;
    for alert in [PROTOCOL_VERSION, HANDSHAKE_FAILURE] {
        let reply = reply_to_greeting(&[0x15, 3, 1, 0, 2, 2, alert]).await;
        assert_eq!(reply.outcome, Outcome::TlsOld);
        assert!(reply.detail.unwrap().starts_with("the receiver ended TLS with the alert "));
    }
}

#[tokio::test]
async fn plain_http_on_the_https_port_is_no_tls() {
    let reply = reply_to_greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!((reply.outcome, reply.detail), (Outcome::TlsNotTls, None));
}

#[tokio::test]
async fn a_server_that_hangs_up_on_the_greeting_is_closed() {
    assert_eq!(reply_to_greeting(b"").await.outcome, Outcome::Closed);
}

#[tokio::test]
async fn http_to_a_port_with_tls_gets_no_http() {
    let authority = Authority::new();
    let answer = Behaviour::Answer(Answer::status(200));
    let receiver = Receiver::start_tls(answer, authority.server(HERE, VALID)).await;
    let reply = trusting(&authority).send(post(&receiver.url("/").replace("https:", "http:"))).await;
    assert!(matches!(reply.outcome, Outcome::NotHttp | Outcome::Closed), "{reply:?}");
    assert!(reply.outcome.remedy(None).contains("https"), "the remedy names the likely cause");
}

#[tokio::test]
async fn a_handshake_that_stalls_is_a_connect_timeout() {
    let receiver = Receiver::scripted([Step::Hold]).await;
    let reply = trusting(&Authority::new()).send(hasty(&receiver.url("/").replace("http:", "https:"))).await;
    assert_eq!(reply.outcome, Outcome::ConnectTimeout);
    assert!(reply.phases.connect.is_some() && reply.phases.tls.is_some(), "{:?}", reply.phases);
}
