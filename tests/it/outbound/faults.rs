//! Receivers that hang, drip, flood, break off or talk nonsense.

use std::time::Duration;

use bytes::Bytes;
use postrider::outbound::{Note, Outcome, Reply, Request};
use tokio::net::{TcpListener, TcpStream};

use super::{SHORT, client, hasty, post};
use crate::support::receiver::{Answer, Behaviour, Receiver, Step};

const TICK: Duration = Duration::from_millis(20);
const AT_ONCE: Duration = Duration::ZERO;

/// Sends in haste, and expects that the timeout is kept.
async fn outcome_in_time(receiver: &Receiver) -> Reply {
    let reply = client().send(hasty(&receiver.url("/"))).await;
    assert!(reply.phases.total >= SHORT && reply.phases.total < SHORT * 5, "{reply:?}");
    reply
}

async fn raw_answer(answer: &str) -> Reply {
    let receiver = Receiver::scripted([Step::ReadRequest, Step::text(answer)]).await;
    client().send(post(&receiver.url("/"))).await
}

#[tokio::test]
async fn a_receiver_that_never_answers_runs_into_the_timeout() {
    let receiver = Receiver::scripted([Step::ReadRequest, Step::Hold]).await;
    let reply = outcome_in_time(&receiver).await;
    assert_eq!((reply.outcome, reply.status, reply.phases.first_byte), (Outcome::Timeout, None, None));
    assert_eq!(reply.remote, Some(receiver.address()));
}

#[tokio::test]
async fn a_head_that_drips_runs_into_the_timeout() {
    let steps = [Step::ReadRequest, Step::text("HTTP/1.1 200 OK\r\nX: "), Step::Repeat(b"a".into(), TICK)];
    let receiver = Receiver::scripted(steps).await;
    assert_eq!(outcome_in_time(&receiver).await.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn a_body_that_drips_is_cut_but_its_status_counts() {
    let head = Step::text("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    let receiver = Receiver::scripted([Step::ReadRequest, head, Step::Repeat(b"a".into(), TICK)]).await;
    let reply = outcome_in_time(&receiver).await;
    assert_eq!((reply.outcome, reply.status, reply.note), (Outcome::Ok, Some(200), Some(Note::BodyCut)));
    assert!(!reply.body.is_empty() && reply.body_bytes == reply.body.len() as u64, "what came is kept");
}

#[tokio::test]
async fn an_endless_body_is_read_to_64_kib() {
    let head = Step::text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = [b"400\r\n".to_vec(), vec![b'a'; 1_024], b"\r\n".to_vec()].concat();
    let receiver = Receiver::scripted([Step::ReadRequest, head, Step::Repeat(chunk, AT_ONCE)]).await;
    let reply = client().send(post(&receiver.url("/"))).await;
    assert_eq!((reply.outcome, reply.truncated, reply.note), (Outcome::Ok, true, None));
    assert_eq!((reply.body.len(), reply.body_bytes), (16_384, 65_536));
}

#[tokio::test]
async fn endless_interim_answers_run_into_the_timeout() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"] {
        let receiver = Receiver::scripted([Step::ReadRequest, Step::Repeat(interim.into(), AT_ONCE)]).await;
        assert_eq!(outcome_in_time(&receiver).await.outcome, Outcome::Timeout);
    }
}

#[tokio::test]
async fn an_endless_head_is_a_bad_response() {
    for endless in ["X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let head = Step::text("HTTP/1.1 200 OK\r\nX: ");
        let receiver =
            Receiver::scripted([Step::ReadRequest, head, Step::Repeat(endless.repeat(100).into(), AT_ONCE)]).await;
        let reply = client().send(post(&receiver.url("/"))).await;
        assert_eq!(reply.outcome, Outcome::BadResponse, "{reply:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_read_runs_into_the_timeout() {
    let receiver = Receiver::scripted([Step::Hold]).await;
    let body = Bytes::from(vec![0; 64 << 20]);
    let reply = client().send(Request { body, ..hasty(&receiver.url("/")) }).await;
    assert_eq!(reply.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn a_full_accept_queue_is_a_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    // Each takes a place in the queue, or waits for one; none is ever accepted.
    let fillers: Vec<_> = (0..3).map(|_| tokio::spawn(TcpStream::connect(address))).collect();
    tokio::task::yield_now().await;
    let _first = fillers.into_iter().next().unwrap().await.unwrap().unwrap();
    let reply = client().send(hasty(&format!("http://{address}/"))).await;
    assert_eq!((reply.outcome, reply.remote), (Outcome::ConnectTimeout, None));
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let reply = client().send(post(&format!("http://{address}/"))).await;
    assert_eq!((reply.outcome, reply.remote, reply.reused), (Outcome::Refused, None, false));
}

#[tokio::test]
async fn a_connection_that_is_broken_off_is_a_reset() {
    let at_once = Receiver::scripted([Step::Reset]).await;
    let later = Receiver::scripted([Step::ReadRequest, Step::Reset]).await;
    for receiver in [at_once, later] {
        assert_eq!(client().send(post(&receiver.url("/"))).await.outcome, Outcome::Reset);
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_without_an_answer_is_closed() {
    let silent = Receiver::scripted([Step::ReadRequest]).await;
    let halfway = Receiver::scripted([Step::ReadRequest, Step::text("HTTP/1.1 200 OK\r\nServer: ")]).await;
    for receiver in [silent, halfway] {
        assert_eq!(client().send(post(&receiver.url("/"))).await.outcome, Outcome::Closed);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_http_is_a_bad_response() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ] {
        let reply = raw_answer(answer).await;
        assert_eq!((reply.outcome, reply.status), (Outcome::BadResponse, None), "{answer:?}");
    }
}

#[tokio::test]
async fn what_does_not_speak_http_is_told_and_its_words_are_not_kept() {
    for banner in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example.com ESMTP\r\n",
        "-ERR unknown command\r\n",
        "\x15\x03\x01\0\x02\x02\x28",
    ] {
        let reply = raw_answer(banner).await;
        assert_eq!((reply.outcome, reply.detail), (Outcome::NotHttp, None), "{banner:?}");
        assert!(reply.body.is_empty());
    }
}

#[tokio::test]
async fn a_status_that_is_no_number_from_100_is_bad() {
    for status in ["000", "099", "abc", "20"] {
        let reply = raw_answer(&format!("HTTP/1.1 {status} X\r\n\r\n")).await;
        assert_eq!((reply.outcome, reply.status), (Outcome::BadStatus, None), "{status}");
    }
}

#[tokio::test]
async fn a_short_body_counts_with_a_note() {
    let reply = raw_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
    assert_eq!((reply.outcome, reply.note, reply.body.as_ref()), (Outcome::Ok, Some(Note::ShortBody), &b"abc"[..]));
    let reply = raw_answer("HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nabc").await;
    assert_eq!((reply.outcome, reply.note), (Outcome::Status, Some(Note::ShortBody)));
    let reply = raw_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    assert_eq!((reply.outcome, reply.note), (Outcome::Ok, Some(Note::BodyCut)));
}

#[tokio::test]
async fn an_answer_just_before_the_timeout_counts_and_one_after_does_not() {
    let receiver = Receiver::start(Behaviour::Answer(Answer::status(200).after(SHORT))).await;
    assert_eq!(client().send(Request { timeout: SHORT * 6, ..post(&receiver.url("/")) }).await.outcome, Outcome::Ok);
    receiver.behave(Behaviour::Answer(Answer::status(200).after(SHORT * 3)));
    assert_eq!(client().send(hasty(&receiver.url("/"))).await.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn one_request_leaves_for_one_send_whatever_the_fault() {
    let receiver = Receiver::scripted([Step::ReadRequest]).await;
    let client = client();
    for number in 1..=5 {
        assert_eq!(client.send(post(&receiver.url("/"))).await.outcome, Outcome::Closed);
        assert_eq!(receiver.requests().len(), number);
    }
}
