//! What the machine can do without Postrider: printed beside each run, since its speed drifts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::process::Scratch;
use crate::receiver::Receiver;

/// Requests a second of the same client library, 64 at a time, into the same receiver.
pub async fn requests(count: usize) -> f64 {
    let receiver = Receiver::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://127.0.0.1:{}/", receiver.port());
    let body = "x".repeat(500);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (client, url, body, next) = (client.clone(), url.clone(), body.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                client.post(&url).body(body.clone()).send().await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    per_second(count, started)
}

/// Commits a second of one row each with a full sync.
pub fn commits(count: usize) -> f64 {
    let folder = Scratch::new("bare");
    let mut conn = SqliteConnection::establish(&folder.path().join("bare.db").to_string_lossy()).unwrap();
    conn.batch_execute("pragma journal_mode = wal; pragma synchronous = full; create table t (a text);").unwrap();
    let insert = format!("begin immediate; insert into t values ('{}'); commit;", "x".repeat(600));
    let started = Instant::now();
    for _ in 0..count {
        conn.batch_execute(&insert).unwrap();
    }
    per_second(count, started)
}

fn per_second(count: usize, started: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / started.elapsed().as_secs_f64()
}
