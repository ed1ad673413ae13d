//! Nothing accepted is lost: the process is killed again and again while events are posted and delivered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use postrider::clock::Clock;
use postrider::db::{DatabaseUrl, Db, DbError};
use postrider::ids::Ids;
use postrider::schema::{attempts, deliveries};
use tokio::sync::mpsc;

use crate::support::process::Server;
use crate::support::receiver::{Answer, Behaviour, Receiver};

const EVENTS: usize = 1_000;
const KILLS: usize = 10;
/// A node that was killed leaves its lanes to the next after at most 45 s and a look.
const LONGEST: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_survives_ten_kills_on_sqlite() {
    survive(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_survives_ten_kills_on_postgres() {
    survive(Some(&crate::support::postgres_url())).await;
}

async fn survive(postgres: Option<&str>) {
    let receiver = Receiver::start(Behaviour::Answer(Answer::status(200).after(Duration::from_millis(5)))).await;
    let mut server = Server::start(postgres, receiver.address().port()).await;
    server.add_webhooks(1, receiver.address().port()).await;

    let (acknowledge, mut acknowledged) = mpsc::unbounded_channel();
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    for _ in 0..4 {
        let (address, key) = (server.address(), server.api_key().to_owned());
        tokio::spawn(post(address, key, Arc::clone(&next), acknowledge.clone()));
    }
    drop(acknowledge);

    let mut ids = HashSet::new();
    let mut kills = Vec::new();
    // Not at even distances: a kill may fall between any two lines.
    let mut random = 0x2545_f491_4f6c_dd1d_u64 ^ u64::from(std::process::id());
    let mut next_kill = 20;
    while let Some(id) = acknowledged.recv().await {
        assert!(ids.insert(id), "every event has an id of its own");
        if kills.len() < KILLS && ids.len() >= next_kill {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            next_kill = ids.len() + 40 + usize::try_from(random % 60).unwrap();
            tokio::time::sleep(Duration::from_micros(random % 5_000)).await;
            server.kill_and_start_again().await;
            kills.push(ids.len());
        }
    }
    done.store(true, Ordering::Relaxed);
    assert_eq!(kills.len(), KILLS, "the process was killed after {kills:?} events");
    assert_eq!(ids.len(), EVENTS, "every event is acknowledged in the end");

    let last_start = Instant::now();
    let seen = loop {
        let seen: HashMap<(String, String), usize> =
            receiver.requests().iter().fold(HashMap::new(), |mut seen, request| {
                let header = |name| request.header(name).unwrap().to_owned();
                *seen.entry((header("webhook-id"), header("x-webhook-attempt"))).or_default() += 1;
                seen
            });
        let delivered: HashSet<&String> = seen.keys().map(|(id, _)| id).collect();
        let missing = ids.iter().filter(|id| !delivered.contains(id)).count();
        if missing == 0 && all_settled(&server).await {
            break seen;
        }
        assert!(last_start.elapsed() < LONGEST, "{missing} acknowledged events were not delivered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    server.kill().await;
    let rows = rows(&server).await;
    let unknown = rows.values().filter(|outcome| *outcome == "unknown").count();
    println!(
        "{EVENTS} events, {KILLS} kills: {} requests seen, {} attempt rows, {unknown} of them unknown",
        seen.values().sum::<usize>(),
        rows.len()
    );
    for (request, times) in &seen {
        assert_eq!(*times, 1, "the request {request:?} came more than once under one number");
        assert!(rows.contains_key(request), "the request {request:?} has no row");
    }
    for (row, outcome) in &rows {
        assert!(seen.contains_key(row) || outcome == "unknown", "the row {row:?} ({outcome}) has no request");
    }
}

/// Posts what the others have not, each event under its own idempotency key until it is acknowledged.
async fn post(address: String, key: String, next: Arc<AtomicUsize>, acknowledge: mpsc::UnboundedSender<String>) {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= EVENTS {
            return;
        }
        let body = format!(r#"{{"type":"document.released","data":{{"resource_id":{number},"resource_title":"T"}}}}"#);
        let id = loop {
            let sent = client
                .post(format!("http://{address}/api/v1/events"))
                .bearer_auth(&key)
                .header("content-type", "application/json")
                .header("idempotency-key", format!("event-{number}"))
                .body(body.clone())
                .send()
                .await;
            let answer = match sent {
                Ok(answer) => answer.text().await,
                Err(error) => Err(error),
            };
            let id = answer.ok().and_then(|text| {
                let answer: serde_json::Value = serde_json::from_str(&text).ok()?;
                Some(answer.get("id")?.as_str()?.to_owned())
            });
            match id {
                Some(id) => break id,
                // The process is down just now.
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        acknowledge.send(id).unwrap();
    }
}

async fn read<T: Send + 'static>(
    server: &Server,
    query: impl FnOnce(&mut postrider::db::Conn) -> Result<T, diesel::result::Error> + Send + 'static,
) -> T {
    let url = DatabaseUrl::parse(server.database_url()).unwrap();
    tokio::task::spawn_blocking(move || {
        let db = Db::open_beside(&url, Clock::system(), Ids::random()).unwrap();
        db.read_now(|conn| query(conn).map_err(DbError::from)).unwrap()
    })
    .await
    .unwrap()
}

async fn all_settled(server: &Server) -> bool {
    let open: i64 =
        read(server, |conn| deliveries::table.filter(deliveries::state.ne("delivered")).count().get_result(conn)).await;
    open == 0
}

/// The outcome of every attempt, by event and number.
async fn rows(server: &Server) -> HashMap<(String, String), String> {
    let rows: Vec<(Option<String>, i32, String)> = read(server, |conn| {
        attempts::table
            .inner_join(deliveries::table.on(deliveries::id.eq(attempts::delivery_id)))
            .select((deliveries::event_id, attempts::number, attempts::outcome))
            .load(conn)
    })
    .await;
    rows.into_iter().map(|(event, number, outcome)| ((event.unwrap(), number.to_string()), outcome)).collect()
}
