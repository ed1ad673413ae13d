//! Export: every row once, whatever it holds, in both kinds of file, and on record.

use std::time::Duration;

use postrider::delivery::State;
use serde_json::Value;

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};
use crate::support::fill::{self, Delivery};
use crate::support::rows::rows;

/// Titles that break careless files.
const HOSTILE: [&str; 10] = [
    "=HYPERLINK(\"http://evil.example.com\")",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tTab",
    "\rReturn",
    "a,b;\"c\"",
    "two\r\nlines",
    "caf\u{e9} \u{1f600} \u{202e}",
    "plain",
];

async fn csv(admin: &Browser, query: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let answer = admin.get(&format!("/deliveries.csv{query}")).await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
    let mut reader = csv::Reader::from_reader(answer.bytes());
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let names = texts(reader.headers().unwrap());
    (names, reader.records().map(|record| texts(&record.unwrap())).collect())
}

async fn ndjson(admin: &Browser, query: &str) -> Vec<Value> {
    let answer = admin.get(&format!("/deliveries.ndjson{query}")).await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, "application/x-ndjson"));
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// 1,210 deliveries: more than two parts of an export.
async fn many(app: &TestApp) {
    let webhook = fill::webhook(app, "CI", "https://ci.example.com/hook").await;
    let newest = app.clock.now();
    app.write(move |tx| rows(tx, 1, 1_200, 1_200, &[webhook], newest)).await;
    for title in HOSTILE {
        app.advance(Duration::from_secs(1));
        let hostile = Delivery::delivered(app, title, webhook);
        Delivery { target_name: "=1+1", ..hostile }.add(app).await;
    }
}

fn without_length(answer: &Answer) -> bool {
    answer.header("content-length").is_empty()
}

both! {
    async fn every_row_is_there_once_and_none_is_a_formula(app: TestApp) {
        many(&app).await;
        let admin = app.admin().await;
        let (names, table) = csv(&admin, "").await;
        let lines = ndjson(&admin, "").await;
        assert_eq!((table.len(), lines.len()), (1_210, 1_210));
        let fields: Vec<&str> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, fields, "the columns are the fields");
        let mut ids: Vec<&String> = table.iter().map(|row| &row[0]).collect();
        assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "the newest first");
        ids.dedup();
        assert_eq!(ids.len(), 1_210);
        for (row, line) in table.iter().zip(&lines) {
            assert_eq!((row[0].as_str(), row[15].as_str()), (line["id"].as_str().unwrap(), line["created_at"].as_str().unwrap()));
            let dangerous = |cell: &String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!row.iter().any(dangerous), "{row:?}");
        }
        let titles: Vec<&str> = lines[1_200..].iter().map(|line| line["title"].as_str().unwrap()).collect();
        assert!(titles.iter().rev().eq(HOSTILE.iter()), "{titles:?}");
        let cells: Vec<&str> = table[1_200..].iter().rev().map(|row| row[3].trim_start_matches('\'')).collect();
        assert_eq!(cells, HOSTILE);
        assert_eq!(table[1_200][5], "'=1+1");
        assert!(table[1_200][15].ends_with('Z'));
        let raw = admin.get("/deliveries.csv").await;
        assert!(without_length(&raw) && raw.text().starts_with("id,event_id,") && raw.text().ends_with("\r\n"));
        assert!(raw.header("content-disposition").starts_with("attachment; filename=\"deliveries-2026-11-24-"));
    }

    async fn the_filters_are_those_of_the_list_and_the_page_is_left_alone(app: TestApp) {
        many(&app).await;
        let admin = app.admin().await;
        assert_eq!(csv(&admin, "?state=failed").await.1.len(), 12);
        assert_eq!(ndjson(&admin, "?state=failed&limit=25&cursor=nonsense").await.len(), 12);
        assert_eq!(ndjson(&admin, "?q=number%201200").await.len(), 1);
        let (names, none) = csv(&admin, "?q=nothing+has+this").await;
        assert_eq!((names.len(), none.len()), (17, 0));
        assert!(ndjson(&admin, "?q=nothing+has+this").await.is_empty());
        for wrong in ["state=lost", "from=yesterday", "q=a%00b"] {
            assert_eq!(admin.get(&format!("/deliveries.csv?{wrong}")).await.status(), 400, "{wrong}");
        }
        let list = admin.get("/deliveries?state=failed&q=number&limit=50").await;
        let links: Vec<String> = list.attributes("a[download]", "href");
        assert_eq!(links, ["/deliveries.csv?state=failed&q=number", "/deliveries.ndjson?state=failed&q=number"]);
        assert_eq!(admin.get("/deliveries").await.attributes("a[download]", "href")[0], "/deliveries.csv");
    }

    async fn an_export_is_on_record_with_its_filters(app: TestApp) {
        let admin = app.admin().await;
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/hook").await;
        Delivery::delivered(&app, "one", ci).ended(State::Failed, 1, None, None).add(&app).await;
        let before = app.audit_actions().await.len();
        csv(&admin, "?state=failed&limit=25").await;
        ndjson(&admin, "").await;
        assert_eq!(admin.get("/deliveries.csv?state=lost").await.status(), 400);
        assert_eq!(app.audit_actions().await[before..], ["deliveries.exported", "deliveries.exported"]);
        let trail = admin.get("/settings/audit").await;
        assert!(trail.has("exported deliveries") && trail.has("failed") && trail.has(".ndjson"), "{}", trail.text());
        assert_eq!(app.anonymous().get("/deliveries.csv").await.status(), 303);
    }
}
