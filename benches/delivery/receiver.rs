//! The bench's receiver: answers 200 to everything and measures the time since each event was posted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Microseconds of the wall clock: driver and receiver share it.
pub fn now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

pub struct Receiver {
    port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    count: AtomicUsize,
    delays_us: Mutex<Vec<u64>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let sink = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                tokio::spawn(serve(stream, Arc::clone(&sink)));
            }
        });
        Self { port, seen }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn count(&self) -> usize {
        self.seen.count.load(Ordering::Acquire)
    }

    pub fn reset(&self) {
        self.seen.count.store(0, Ordering::Release);
        self.seen.delays_us.lock().unwrap().clear();
    }

    pub async fn wait_for(&self, wanted: usize, most: Duration) {
        let deadline = std::time::Instant::now() + most;
        while self.count() < wanted && std::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The delays in milliseconds at p50 and p99.
    pub fn percentiles(&self) -> (f64, f64) {
        let mut delays = self.seen.delays_us.lock().unwrap().clone();
        delays.sort_unstable();
        let at = |percent: usize| {
            let place = (delays.len() * percent / 100).min(delays.len().saturating_sub(1));
            f64::from(u32::try_from(delays.get(place).copied().unwrap_or_default()).unwrap_or(u32::MAX)) / 1000.0
        };
        (at(50), at(99))
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>) {
    let mut buffer = Vec::with_capacity(8 * 1024);
    loop {
        while let Some((head, length)) = whole_request(&buffer) {
            let body = &buffer[head..head + length];
            if let Some(posted) = posted_us(body) {
                seen.delays_us.lock().unwrap().push(now_us().saturating_sub(posted));
            }
            seen.count.fetch_add(1, Ordering::AcqRel);
            buffer.drain(..head + length);
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Where the body starts and how long it is, once all of it is there.
pub fn whole_request(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    (buffer.len() >= head + length).then_some((head, length))
}

fn posted_us(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"posted_us\":")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
