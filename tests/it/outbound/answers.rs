//! Answers of receivers that work as they should.

use http::{HeaderMap, HeaderValue, Method, header};
use postrider::outbound::{Note, Outcome, Request, RetryAfter};
use tokio::task::JoinSet;

use super::{client, post};
use crate::support::receiver::{Answer, Behaviour, Receiver};

#[tokio::test]
async fn the_message_arrives_as_it_was_given() {
    let receiver = Receiver::answering(200).await;
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::HeaderName::from_static("webhook-id"), HeaderValue::from_static("evt_1")),
    ]);
    let request = Request { method: Method::PATCH, headers, ..post(&receiver.url("/hook?x=1")) };
    assert_eq!(client().send(request).await.outcome, Outcome::Ok);
    let message = receiver.next().await;
    assert_eq!(
        (message.method.as_str(), message.path.as_str(), message.body.as_slice()),
        ("PATCH", "/hook?x=1", &b"hello"[..])
    );
    assert_eq!(message.header("content-type"), Some("application/json"));
    assert_eq!(message.header("webhook-id"), Some("evt_1"));
    assert_eq!(message.header("user-agent"), Some(concat!("Postrider/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(message.header("host"), Some(receiver.address().to_string().as_str()));
    assert_eq!((message.header("accept-encoding"), message.header("referer")), (None, None));
}

#[tokio::test]
async fn headers_cannot_change_where_the_message_ends_or_goes() {
    let receiver = Receiver::answering(200).await;
    let headers = HeaderMap::from_iter([
        (header::CONTENT_LENGTH, HeaderValue::from_static("3")),
        (header::TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
        (header::HOST, HeaderValue::from_static("internal.svc")),
        (header::CONNECTION, HeaderValue::from_static("close")),
        (header::EXPECT, HeaderValue::from_static("100-continue")),
        (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (header::USER_AGENT, HeaderValue::from_static("other")),
    ]);
    let reply = client().send(Request { headers, ..post(&receiver.url("/")) }).await;
    assert_eq!(reply.outcome, Outcome::Ok);
    let message = receiver.next().await;
    assert_eq!(message.body, b"hello");
    assert_eq!(message.header("host"), Some(receiver.address().to_string().as_str()));
    for name in ["transfer-encoding", "connection", "expect", "accept-encoding"] {
        assert_eq!(message.header(name), None, "{name}");
    }
    assert!(message.header("user-agent").is_some_and(|agent| agent.starts_with("Postrider/")));
}

#[tokio::test]
async fn only_200_to_209_is_success_and_an_odd_status_is_bad() {
    let receiver = Receiver::answering(200).await;
    let client = client();
    for (status, expected) in [
        (200, Outcome::Ok),
        (204, Outcome::Ok),
        (209, Outcome::Ok),
        (210, Outcome::Status),
        (226, Outcome::Status),
        (299, Outcome::Status),
        (400, Outcome::Status),
        (401, Outcome::Status),
        (410, Outcome::Status),
        (503, Outcome::Status),
        (599, Outcome::Status),
        (600, Outcome::BadStatus),
        (999, Outcome::BadStatus),
        (101, Outcome::BadStatus),
    ] {
        receiver.behave(Behaviour::Answer(Answer::status(status)));
        let reply = client.send(post(&receiver.url("/"))).await;
        assert_eq!((reply.status, reply.outcome), (Some(status), expected), "{reply:?}");
    }
}

#[tokio::test]
async fn a_fault_is_of_its_own_send_and_the_next_one_is_judged_anew() {
    let receiver = Receiver::start(Behaviour::Sequence(vec![Answer::status(503), Answer::status(200)])).await;
    let client = client();
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(client.send(post(&receiver.url("/"))).await.outcome);
    }
    assert_eq!(outcomes, [Outcome::Status, Outcome::Ok, Outcome::Ok]);
    assert!(receiver.requests().is_sorted_by_key(|request| request.at));
}

#[tokio::test]
async fn a_redirect_is_told_and_never_followed() {
    let inner = Receiver::answering(200).await;
    let receiver = Receiver::answering(200).await;
    let client = client();
    let target = inner.url("/secret");
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let location = format!("{target}?token=s3cret");
        receiver.behave(Behaviour::Answer(Answer::status(status).header("Location", &location)));
        let reply = client.send(post(&receiver.url("/"))).await;
        assert_eq!((reply.outcome, reply.status), (Outcome::Redirect, Some(status)));
        assert_eq!(reply.detail.as_deref(), Some(target.as_str()));
        assert!(!format!("{reply:?}").contains("s3cret"));
    }
    receiver.behave(Behaviour::Answer(Answer::status(302)));
    assert_eq!(client.send(post(&receiver.url("/"))).await.detail, None);
    assert_eq!((receiver.requests().len(), inner.connections()), (8, 0));
}

#[tokio::test]
async fn a_connection_is_used_again_and_then_has_no_phases_of_its_own() {
    let receiver = Receiver::answering(200).await;
    let client = client();
    let first = client.send(post(&receiver.url("/"))).await;
    assert!(!first.reused && first.phases.connect.is_some() && first.phases.first_byte.is_some(), "{first:?}");
    assert!(first.phases.dns.is_none() && first.phases.tls.is_none());
    let second = client.send(post(&receiver.url("/"))).await;
    assert!(second.reused && second.phases.connect.is_none() && second.phases.first_byte.is_some(), "{second:?}");
    assert_eq!([first.remote, second.remote], [Some(receiver.address()); 2]);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_many_racing_requests_knows_whether_it_opened_a_connection() {
    let receiver = Receiver::answering(200).await;
    let client = client();
    let mut sends = JoinSet::new();
    for _ in 0..64 {
        let (client, url) = (client.clone(), receiver.url("/"));
        sends.spawn(async move {
            let mut replies = Vec::new();
            for _ in 0..20 {
                replies.push(client.send(post(&url)).await);
            }
            replies
        });
    }
    let replies = sends.join_all().await.concat();
    assert!(replies.iter().all(|reply| reply.outcome == Outcome::Ok));
    assert!(replies.iter().all(|reply| reply.reused == reply.phases.connect.is_none()));
    let opened = replies.iter().filter(|reply| !reply.reused).count();
    assert!((1..=receiver.connections()).contains(&opened), "{opened} of {}", receiver.connections());
    assert_eq!(receiver.requests().len(), 64 * 20);
}

#[tokio::test]
async fn retry_after_is_read_from_any_answer() {
    let receiver = Receiver::answering(200).await;
    let client = client();
    for (value, expected) in [("120", Some(RetryAfter::Seconds(120))), ("-5", None), ("9e99", None), ("soon", None)] {
        receiver.behave(Behaviour::Answer(Answer::status(503).header("Retry-After", value)));
        assert_eq!(client.send(post(&receiver.url("/"))).await.retry_after, expected, "{value}");
    }
    receiver.behave(Behaviour::Answer(Answer::status(429).header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")));
    assert!(matches!(client.send(post(&receiver.url("/"))).await.retry_after, Some(RetryAfter::At(_))));
}

#[tokio::test]
async fn a_body_is_kept_to_16_kib_and_its_headers_without_secrets() {
    let answer =
        Answer::status(200).header("Set-Cookie", "sid=s3cret").header("Server", "nginx").body(vec![b'x'; 20_000]);
    let receiver = Receiver::start(Behaviour::Answer(answer)).await;
    let reply = client().send(post(&receiver.url("/"))).await;
    assert_eq!((reply.body.len(), reply.body_bytes, reply.truncated, reply.note), (16_384, 20_000, true, None));
    assert!(reply.headers.contains(&("server".into(), "nginx".into())));
    assert!(!format!("{:?}", reply.headers).contains("s3cret"));
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_it_came() {
    let packed = b"\x1f\x8b not unpacked".to_vec();
    let answer = Answer::status(200).header("Content-Encoding", "gzip").body(packed.clone());
    let receiver = Receiver::start(Behaviour::Answer(answer)).await;
    let reply = client().send(post(&receiver.url("/"))).await;
    assert_eq!((reply.outcome, reply.note), (Outcome::Ok, Some(Note::Compressed)));
    assert_eq!(reply.body, packed);
    assert!(reply.headers.contains(&("content-encoding".into(), "gzip".into())));
}
