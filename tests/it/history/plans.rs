//! Query plans: what people ask for often is found through an index, never by reading and sorting everything.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use postrider::db::{Conn, DbError};
use postrider::delivery::DeliveryId;
use postrider::events::Environment;
use postrider::history::{self, Answer, Cursor, Filter, Reading, Request, Search};
use postrider::on_backend;
use postrider::webhooks::WebhookId;

use crate::support::app::{TestApp, both};
use crate::support::fill;

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    step: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Integer)]
    parameters: i32,
}

/// The statements that some reading takes, with their plans.
pub(super) fn plans(
    conn: &mut Conn,
    read: impl FnOnce(&mut Conn) -> Result<(), DbError>,
) -> Result<Vec<(String, String)>, DbError> {
    let statements = Heard::default();
    listen(conn, &statements);
    read(conn)?;
    listen_no_more(conn);
    let statements = statements.lock().unwrap().clone();
    statements.into_iter().map(|statement| Ok((plan(conn, &statement)?, statement))).collect()
}

/// The statements that a step of the worker takes, with their plans.
pub(super) async fn plans_of_a_step(app: &TestApp) -> Vec<(String, String)> {
    let statements = Heard::default();
    let heard = Arc::clone(&statements);
    let on_writer = app.app.db.write_grouped(move |tx| {
        listen(tx, &heard);
        Ok::<_, DbError>(())
    });
    on_writer.await.unwrap();
    app.step().await;
    let off_writer = app.app.db.write_grouped(|tx| {
        listen_no_more(tx);
        Ok::<_, DbError>(())
    });
    off_writer.await.unwrap();
    let changes = ["select", "update", "delete"];
    let mut statements = statements.lock().unwrap().clone();
    statements.retain(|text| changes.iter().any(|word| text.trim_start().to_lowercase().starts_with(word)));
    app.read(|conn| statements.into_iter().map(|statement| Ok((plan(conn, &statement)?, statement))).collect()).await
}

/// The text of each statement that a connection was given.
type Heard = Arc<Mutex<Vec<String>>>;

fn listen(conn: &mut Conn, statements: &Heard) {
    let heard = Arc::clone(statements);
    let listen = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds:").next().unwrap_or_default().to_owned();
            heard.lock().unwrap().push(statement);
        }
    };
    on_backend!(conn, c => c.set_instrumentation(listen));
}

fn listen_no_more(conn: &mut Conn) {
    on_backend!(conn, c => c.set_instrumentation(|_: InstrumentationEvent<'_>| {}));
}

fn plan(conn: &mut Conn, statement: &str) -> Result<String, DbError> {
    match conn {
        Conn::Sqlite(c) => {
            let steps: Vec<SqliteStep> = diesel::sql_query(format!("explain query plan {statement}")).load(c)?;
            Ok(steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n"))
        }
        Conn::Postgres(c) => {
            c.batch_execute(&format!("set plan_cache_mode = force_generic_plan; prepare looked as {statement}"))?;
            let asked = "select coalesce(array_length(parameter_types, 1), 0) as parameters \
                from pg_prepared_statements where name = 'looked'";
            let count: Count = diesel::sql_query(asked).get_result(c)?;
            let nulls = vec!["null"; usize::try_from(count.parameters).unwrap()].join(", ");
            let call = if nulls.is_empty() { "looked".to_owned() } else { format!("looked({nulls})") };
            let steps: Vec<PostgresStep> = diesel::sql_query(format!("explain execute {call}")).load(c)?;
            c.batch_execute("deallocate looked; reset plan_cache_mode")?;
            Ok(steps.into_iter().map(|step| step.step).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Reads the whole table, or sorts what it found.
pub(super) fn is_slow(plan: &str, table: &str) -> bool {
    let (scan, seq_scan) = (format!("SCAN {table}"), format!("Seq Scan on {table}"));
    let scans = plan.lines().any(|line| {
        let line = line.trim();
        (line.starts_with(&scan) && !line.contains("USING")) || line.contains(&seq_scan)
    });
    scans || plan.contains("USE TEMP B-TREE") || plan.contains("Sort")
}

async fn expect_index(app: &TestApp, filter: Filter, index: &'static str) {
    let cursor: DeliveryId = DeliveryId::parse("dlv_00ff0000000000000000000900").unwrap();
    for cursor in [None, Some(Cursor::Older(cursor)), Some(Cursor::Newer(cursor))] {
        let filter = filter.clone();
        let name = format!("{filter:?}");
        let page = move |conn: &mut Conn| {
            plans(conn, |conn| history::page(conn, &Request { filter, cursor, limit: 25 }, &[]).map(drop))
        };
        for (plan, statement) in app.read(page).await {
            assert!(!is_slow(&plan, "deliveries"), "{name}\n{statement}\n{plan}");
            let through = plan.contains(index) || (index.is_empty() && plan.contains("deliveries"));
            assert!(through, "{name} wants {index}\n{statement}\n{plan}");
        }
    }
}

both! {
    async fn what_is_asked_for_often_is_found_through_its_index(app: TestApp) {
        let mut webhooks: Vec<WebhookId> = Vec::new();
        for name in ["One", "Two", "Three", "Four", "Five", "Six"] {
            webhooks.push(fill::webhook(&app, name, "https://ci.example.com/hook").await);
        }
        fill::deliveries(&app, 40_000, &webhooks, app.clock.now()).await;
        app.write(|tx| Ok(tx.batch_execute("analyze deliveries")?)).await;
        // The embedded database must plan well without statistics too.
        if app.app.db.is_sqlite() {
            app.write(|tx| Ok(tx.batch_execute("delete from sqlite_stat1")?)).await;
        }
        let none = Filter::default;
        let webhook = Some(webhooks[0]);
        expect_index(&app, none(), "").await;
        expect_index(&app, Filter { reading: Some(Reading::Failed), ..none() }, "deliveries_state").await;
        expect_index(&app, Filter { reading: Some(Reading::Retrying), ..none() }, "deliveries_state").await;
        expect_index(&app, Filter { reading: Some(Reading::Queued), ..none() }, "deliveries_state").await;
        expect_index(&app, Filter { webhook, ..none() }, "deliveries_webhook").await;
        expect_index(&app, Filter { webhook, reading: Some(Reading::Failed), ..none() }, "deliveries_webhook_state").await;
        expect_index(&app, Filter { event_type: Some("document.released".to_owned()), ..none() }, "deliveries_type").await;
        let search = Some(Search::Event(app.app.ids.make()));
        expect_index(&app, Filter { search, ..none() }, "deliveries_event").await;
        let resource = || Filter { search: Some(Search::Resource("1042".to_owned())), ..none() };
        expect_index(&app, resource(), "deliveries_resource").await;
        // With another filter the few rows of the resource are looked through, in whatever order.
        for filter in [
            Filter { reading: Some(Reading::Failed), ..resource() },
            Filter { webhook, ..resource() },
            Filter { environment: Some(Environment::Test), ..resource() },
        ] {
            let request = Request { filter, cursor: None, limit: 25 };
            for (plan, statement) in app.read(move |conn| plans(conn, |conn| history::page(conn, &request, &[]).map(drop))).await {
                assert!(plan.contains("deliveries_resource") && !plan.contains("Seq Scan"), "{statement}\n{plan}");
            }
        }
        let search = Some(Search::Webhook(webhooks[1]));
        expect_index(&app, Filter { search, ..none() }, "deliveries_webhook").await;
        expect_index(&app, Filter { tests: true, ..none() }, "deliveries_tests").await;
        let search = Some(Search::Text("guide".to_owned()));
        expect_index(&app, Filter { search, ..none() }, "").await;
        expect_index(&app, Filter { answer: Some(Answer::Status(500, 599)), ..none() }, "").await;
        let test = || Filter { environment: Some(Environment::Test), ..none() };
        expect_index(&app, test(), "deliveries_environment").await;
        expect_index(&app, Filter { reading: Some(Reading::Delivered), ..test() }, "deliveries_environment").await;
        expect_index(&app, Filter { reading: Some(Reading::Queued), ..test() }, "deliveries_environment").await;
        expect_index(&app, Filter { event_type: Some("document.released".to_owned()), ..test() }, "deliveries_environment").await;
        expect_index(&app, Filter { answer: Some(Answer::Nothing), ..test() }, "deliveries_environment").await;
        expect_index(&app, Filter { webhook, ..test() }, "deliveries_webhook").await;
        let real = || Filter { environment: Some(Environment::Production), ..none() };
        expect_index(&app, real(), "").await;
        expect_index(&app, Filter { reading: Some(Reading::Failed), ..real() }, "").await;
        let (now, day) = (app.clock.now(), std::time::Duration::from_hours(3));
        expect_index(&app, Filter { from: Some(now.minus(day)), ..none() }, "").await;
        expect_index(&app, Filter { from: Some(now.minus(day)), until: Some(now.minus(day / 3)), ..none() }, "").await;
        expect_index(&app, Filter { from: Some(now.minus(day)), webhook, ..none() }, "").await;
    }
}
