//! The bench's driver: posts events over kept-alive connections, as fast as they are accepted or at a fixed rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Server;
use crate::receiver::{now_us, whole_request};

#[derive(Clone, Copy)]
pub struct Load {
    pub events: usize,
    /// Events in each post.
    pub batch: usize,
    pub connections: usize,
    /// Posts a second over all connections; as fast as possible when none.
    pub rate: Option<u32>,
}

/// Posts all events and returns when the last is accepted.
pub async fn run(server: &Server, load: Load) {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..load.connections {
        let (next, address, key) = (Arc::clone(&next), server.address(), server.api_key().to_owned());
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut buffer = Vec::with_capacity(4096);
            loop {
                let post = next.fetch_add(1, Ordering::Relaxed);
                if post * load.batch >= load.events {
                    return;
                }
                if let Some(rate) = load.rate {
                    let due = Duration::from_secs(1) / rate * u32::try_from(post).unwrap();
                    tokio::time::sleep_until((started + due).into()).await;
                }
                let request = request(&address, &key, post * load.batch, load.batch);
                stream.write_all(&request).await.unwrap();
                accept(&mut stream, &mut buffer).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

async fn accept(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    while whole_request(buffer).is_none() {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server closed the connection");
    }
    let answer = String::from_utf8_lossy(buffer);
    assert!(answer.starts_with("HTTP/1.1 202"), "an event was not accepted: {answer}");
}

fn request(address: &str, key: &str, first: usize, batch: usize) -> Vec<u8> {
    let events: Vec<String> = (first..first + batch).map(event).collect();
    let body = if batch == 1 { events[0].clone() } else { format!("[{}]", events.join(",")) };
    format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// About 500 bytes.
fn event(number: usize) -> String {
    format!(
        r#"{{"type":"document.released","data":{{"resource_id":{number},"resource_title":"Safety guide","posted_us":{},"text":"{}"}}}}"#,
        now_us(),
        "x".repeat(370)
    )
}
