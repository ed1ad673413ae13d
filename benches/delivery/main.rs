//! End-to-end speed of delivery: own driver and receiver around the real binary, a bare client beside it.
//!
//! `benches/run` starts a throwaway PostgreSQL and runs this on both databases; `cargo bench --bench delivery` alone
//! runs the embedded database, and PostgreSQL too where `POSTRIDER_BENCH_POSTGRES` names one. Each scenario prints
//! its figure beside the limit it has to keep; the run fails when one is missed.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a bench is no product code: it reads the clock, prints, and may panic"
)]

mod bare;
mod driver;
#[path = "../measured/mod.rs"]
mod measured;
#[path = "../../tests/it/support/process.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod process;
mod receiver;

use std::time::Duration;

use driver::Load;
use process::Server;
use receiver::Receiver;

/// What a scenario measures.
struct Scenario {
    name: &'static str,
    webhooks: usize,
    load: Load,
    /// Deliveries a second that must be reached; none where only the delay counts.
    at_least: Option<f64>,
    /// Milliseconds from post to delivery at p99 that must be kept.
    p99_at_most: Option<f64>,
}

const SQLITE: [Scenario; 4] = [
    Scenario {
        name: "one webhook, single posts",
        webhooks: 1,
        load: Load { events: 30_000, batch: 1, connections: 64, rate: None },
        at_least: Some(3_000.0),
        p99_at_most: None,
    },
    Scenario {
        name: "one webhook, posts of 100",
        webhooks: 1,
        load: Load { events: 50_000, batch: 100, connections: 8, rate: None },
        at_least: None,
        p99_at_most: None,
    },
    Scenario {
        name: "10 webhooks for each event",
        webhooks: 10,
        load: Load { events: 5_000, batch: 1, connections: 64, rate: None },
        at_least: None,
        p99_at_most: None,
    },
    Scenario {
        name: "50 events a second",
        webhooks: 1,
        load: Load { events: 500, batch: 1, connections: 8, rate: Some(50) },
        at_least: None,
        p99_at_most: None,
    },
];

const POSTGRES: [Scenario; 2] = [
    Scenario {
        name: "one webhook, single posts",
        webhooks: 1,
        load: Load { events: 15_000, batch: 1, connections: 64, rate: None },
        at_least: None,
        p99_at_most: None,
    },
    Scenario {
        name: "50 events a second",
        webhooks: 1,
        load: Load { events: 500, batch: 1, connections: 8, rate: Some(50) },
        at_least: None,
        p99_at_most: None,
    },
];

fn main() {
    measured::run(all());
}

async fn all() -> usize {
    println!("bare client into the same receiver: {:.0} requests/s", bare::requests(40_000).await);
    println!("bare commits, SQLite FULL, one 600-byte row each: {:.0} rows/s", bare::commits(3_000));
    println!();
    println!("| database | scenario | deliveries/s | must | p50 ms | p99 ms | CPU ms each | MB idle → loaded |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut missed = 0;
    for scenario in &SQLITE {
        missed += measure("SQLite", None, scenario).await;
    }
    if let Some(url) = measured::postgres() {
        for scenario in &POSTGRES {
            missed += measure("PostgreSQL", Some(&url), scenario).await;
        }
    }
    missed
}

async fn measure(database: &str, url: Option<&str>, scenario: &Scenario) -> usize {
    let receiver = Receiver::start().await;
    let mut server = Server::start(url, receiver.port()).await;
    server.add_webhooks(scenario.webhooks, receiver.port()).await;
    // A little of the same load first: connections, statements and windows are warm then.
    let warm = Load { events: 200.min(scenario.load.events), rate: None, ..scenario.load };
    driver::run(&server, warm).await;
    receiver.wait_for(warm.events * scenario.webhooks, Duration::from_secs(30)).await;
    let idle = server.memory_mb();
    let cpu = server.cpu();
    receiver.reset();
    let started = std::time::Instant::now();
    driver::run(&server, scenario.load).await;
    let wanted = scenario.load.events * scenario.webhooks;
    receiver.wait_for(wanted, Duration::from_secs(120)).await;
    let seconds = started.elapsed().as_secs_f64();
    let count = receiver.count();
    assert_eq!(count, wanted, "every accepted event is delivered once");
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (rate, each) = (count as f64 / seconds, server.cpu().saturating_sub(cpu).as_secs_f64() * 1000.0 / count as f64);
    let (p50, p99) = receiver.percentiles();
    let must = scenario.at_least.map_or_else(|| "-".to_owned(), |least| format!("{least:.0}"));
    println!(
        "| {database} | {} | {rate:.0} | {must} | {p50:.1} | {p99:.1} | {each:.3} | {idle:.0} → {:.0} |",
        scenario.name,
        server.memory_mb()
    );
    server.kill().await;
    usize::from(scenario.at_least.is_some_and(|least| rate < least))
        + usize::from(scenario.p99_at_most.is_some_and(|most| p99 > most))
}
