//! How long the pages take with 100,000 deliveries stored: own driver around the real binary, signed in.
//!
//! `benches/run` starts a throwaway PostgreSQL and runs this on both databases. Each address prints its time beside the
//! limit of 50 ms and its weight beside 100 KB; the run fails when one is missed.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a bench is no product code: it reads the clock, prints, and may panic"
)]

#[path = "../measured/mod.rs"]
mod measured;
#[path = "../../tests/it/support/process.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod process;
#[path = "../../tests/it/support/rows.rs"]
mod rows;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use postrider::clock::{Clock, Time};
use postrider::db::{DatabaseUrl, Db, DbError};
use postrider::ids::Ids;
use postrider::webhooks::WebhookId;
use process::Server;

/// Deliveries, each with an attempt and an event.
const STORED: i64 = 100_000;
const WEBHOOKS: usize = 200;
/// Requests of each address that are timed, after some that are not.
const TIMED: usize = 40;
const WARM: usize = 5;
/// The most that an answer may take.
const LIMIT: Duration = Duration::from_millis(50);
/// The most that a page may weigh with its style, its scripts and its pictures.
const HEAVIEST: usize = 100 * 1024;

fn main() {
    measured::run(all());
}

async fn all() -> usize {
    println!("{STORED} deliveries, attempts and events; {WEBHOOKS} webhooks; {TIMED} requests each, one at a time.\n");
    println!("| database | address | p50 ms | p99 ms | must | KB | must |");
    println!("|---|---|---|---|---|---|---|");
    let mut missed = measure("SQLite", None).await;
    if let Some(url) = measured::postgres() {
        missed += measure("PostgreSQL", Some(&url)).await;
    }
    missed
}

async fn measure(database: &str, url: Option<&str>) -> usize {
    let mut server = Server::start(url, 9).await;
    server.add_webhooks(WEBHOOKS, 9).await;
    let address = DatabaseUrl::parse(server.database_url()).unwrap();
    let webhooks = tokio::task::spawn_blocking(move || fill(&address)).await.unwrap();
    let (client, cookie) = server.sign_in().await;
    let (one, day) = (webhooks[0], "from=24h");
    let addresses = [
        "/".to_owned(),
        "/deliveries".to_owned(),
        "/deliveries?state=failed".to_owned(),
        "/deliveries?state=retrying".to_owned(),
        format!("/deliveries?webhook={one}"),
        "/deliveries?type=assignment.created".to_owned(),
        "/deliveries?status=5xx".to_owned(),
        format!("/deliveries?{day}"),
        "/deliveries?q=number+77777".to_owned(),
        "/deliveries?q=evt_00ff0000000000000000050000".to_owned(),
        "/events".to_owned(),
        "/events?type=document.released".to_owned(),
        "/events?q=guide".to_owned(),
        "/settings/webhooks".to_owned(),
        "/settings/webhooks?q=Webhook+19&limit=25".to_owned(),
        format!("/settings/webhooks/{one}"),
        format!("/settings/webhooks/{one}?tab=log"),
        format!("/settings/webhooks/{one}?tab=log&result=failed"),
        "/settings/integrations".to_owned(),
        "/settings/api-keys".to_owned(),
        "/settings/audit".to_owned(),
        "/settings/audit?action=webhook.created".to_owned(),
        "/content/documents".to_owned(),
        "/account".to_owned(),
    ];
    let mut missed = 0;
    for address in &addresses {
        let mut times = Vec::with_capacity(TIMED);
        let mut page = String::new();
        for turn in 0..WARM + TIMED {
            let started = Instant::now();
            let answer = client
                .get(format!("http://{}{address}", server.address()))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{address}");
            page = answer.text().await.unwrap();
            if turn >= WARM {
                times.push(started.elapsed());
            }
        }
        let weight = page.len() + files(&client, server.address(), &page).await;
        times.sort_unstable();
        let (half, most) = (times[TIMED / 2], times[TIMED * 99 / 100]);
        let shown = address.replace(one.as_str(), "…");
        println!(
            "| {database} | `{shown}` | {:.1} | {:.1} | {} | {:.0} | {} |",
            half.as_secs_f64() * 1000.0,
            most.as_secs_f64() * 1000.0,
            LIMIT.as_millis(),
            f64::from(u32::try_from(weight).unwrap()) / 1024.0,
            HEAVIEST / 1024
        );
        missed += usize::from(most > LIMIT) + usize::from(weight > HEAVIEST);
    }
    server.kill().await;
    missed
}

/// What the files of a page weigh, as a browser gets them.
async fn files(client: &reqwest::Client, server: impl std::fmt::Display, page: &str) -> usize {
    let starts = page.match_indices("/static/").map(|(start, _)| &page[start..]);
    let names: BTreeSet<&str> = starts.filter_map(|rest| rest.split(['"', '#']).next()).collect();
    let mut weight = 0;
    for name in names {
        let ask = client.get(format!("http://{server}{name}")).header("accept-encoding", "gzip");
        let answer = ask.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        weight += answer.bytes().await.unwrap().len();
    }
    weight
}

/// Fills the tables beside the running portal and returns its webhooks.
fn fill(url: &DatabaseUrl) -> Vec<WebhookId> {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use postrider::schema::webhooks;
    const STEP: i64 = 20_000;
    let (clock, newest) = (Clock::system(), Clock::system().now());
    let db = Db::open_beside(url, clock, Ids::random()).unwrap();
    let ids: Vec<WebhookId> =
        db.read_now(|conn| Ok::<_, DbError>(webhooks::table.select(webhooks::id).load(conn)?)).unwrap();
    for from in (1..=STORED).step_by(usize::try_from(STEP).unwrap()) {
        let (ids, to): (Vec<WebhookId>, i64) = (ids.clone(), STORED.min(from + STEP - 1));
        let newest: Time = newest;
        db.write_now::<_, DbError, _>(move |tx| rows::rows(tx, from, to, STORED, &ids, newest)).unwrap();
    }
    db.write_now::<_, DbError, _>(|tx| Ok(tx.batch_execute("analyze")?)).unwrap();
    ids
}
