//! Plans of events, of the trail, of what waits, of the log and of the claim: each is found through an index, however much there is.

use diesel::connection::SimpleConnection;
use postrider::audit;
use postrider::clock::Time;
use postrider::db::{Conn, DbError};
use postrider::delivery::DeliveryId;
use postrider::events::EventId;
use postrider::history::{self, EventFilter, EventSearch, LogCursor, Verdict};
use postrider::webhooks::WebhookId;

use super::plans::{is_slow, plans, plans_of_a_step};
use crate::support::app::{TestApp, both};
use crate::support::fill;

/// Events and rows of the trail, a minute apart; of the trail every tenth is of somebody else.
/// Only its own tables are analysed: all of them would be those of every other test too.
async fn fill_lists(app: &TestApp) {
    app.write(|tx| {
        let conn: &mut Conn = tx;
        let (numbers, at, padded) = match conn {
            Conn::Sqlite(_) => (
                "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 40000) ",
                "strftime('%Y-%m-%d %H:%M:%f', '2026-11-24 10:00:00', '-' || (40000 - n) || ' minutes')",
                "printf('evt_00ff%022d', n)",
            ),
            Conn::Postgres(_) => (
                "with numbers(n) as (select generate_series(1, 40000)) ",
                "timestamp '2026-11-24 10:00:00' - (40000 - n) * interval '1 minute'",
                "'evt_00ff' || lpad(n::text, 22, '0')",
            ),
        };
        conn.batch_execute(&format!(
            "insert into events (id, type, environment, source, title, occurred_at, created_at) {numbers} \
             select {padded}, case n % 3 when 0 then 'document.released' else 'assignment.created' end, \
             'production', 'content', 'Guide ' || n, {at}, {at} from numbers; \
             insert into audit (seq, at, actor_kind, actor_name, action, object_kind, object_id, changes, \
             previous_hash, hash) {numbers} select n, {at}, 'user', case n % 10 when 0 then 'Ada' else 'Bob' end, \
             'webhook.changed', 'webhook', 'whk_' || (n % 100), '{{}}', '', '' from numbers; analyze events; analyze audit;"
        ))?;
        Ok(())
    })
    .await;
    // The embedded database must plan well without statistics too.
    if app.app.db.is_sqlite() {
        app.sql("delete from sqlite_stat1").await;
    }
}

async fn expect(
    app: &TestApp,
    (table, index): (&'static str, &'static str),
    read: impl FnOnce(&mut Conn) -> Result<(), DbError> + Send + 'static,
) {
    let statements = app.read(move |conn| plans(conn, read)).await;
    let (last, statement) = statements.iter().rfind(|(_, text)| text.contains(table)).unwrap();
    assert!(last.contains(index), "wants {index}\n{statement}\n{last}");
    for (plan, statement) in statements.iter().filter(|(_, text)| text.contains(table)) {
        assert!(!is_slow(plan, table), "{statement}\n{plan}");
    }
}

fn day(text: &str) -> Time {
    Time::from_utc(format!("{text}T00:00:00Z").parse().unwrap())
}

both! {
    async fn events_are_found_through_their_indexes(app: TestApp) {
        fill_lists(&app).await;
        let id = EventId::parse("evt_00ff0000000000000000000900").unwrap();
        let none = EventFilter::default;
        let kind = Some("document.released".to_owned());
        let search = || Some(EventSearch::Resource("1042".to_owned()));
        let (from, until) = (Some(day("2026-11-20")), Some(day("2026-11-10")));
        for (index, filter) in [
            ("", none()),
            ("events_type", EventFilter { event_type: kind.clone(), ..none() }),
            ("events_type", EventFilter { event_type: kind, from, until, ..none() }),
            ("events_resource", EventFilter { search: search(), ..none() }),
            ("", EventFilter { from, ..none() }),
            ("", EventFilter { until, ..none() }),
            ("", EventFilter { source: postrider::events::Source::parse("api"), ..none() }),
        ] {
            for cursor in [None, Some((false, id)), Some((true, id))] {
                let filter = filter.clone();
                expect(&app, ("events", index), move |conn| history::events(conn, &filter, cursor, 25).map(drop)).await;
            }
        }
    }

    async fn a_resource_of_one_type_is_looked_for_among_its_own_events(app: TestApp) {
        fill_lists(&app).await;
        let search = Some(EventSearch::Resource("1042".to_owned()));
        let filter = EventFilter { search, event_type: Some("document.released".to_owned()), ..EventFilter::default() };
        for (plan, statement) in app.read(move |conn| plans(conn, |conn| history::events(conn, &filter, None, 25).map(drop))).await {
            assert!(plan.contains("events_resource") && !plan.contains("Seq Scan"), "{statement}\n{plan}");
        }
    }

    async fn the_trail_is_found_through_its_indexes(app: TestApp) {
        fill_lists(&app).await;
        let none = audit::Filter::default;
        let (actor, object) = (Some("Ada".to_owned()), Some("whk_7".to_owned()));
        let action = Some("webhook.changed".to_owned());
        let kind = Some("webhook".to_owned());
        for (index, filter) in [
            ("", none()),
            ("audit_actor", audit::Filter { actor: actor.clone(), ..none() }),
            ("audit_action", audit::Filter { action: action.clone(), ..none() }),
            ("audit_object", audit::Filter { object: object.clone(), ..none() }),
            ("audit_kind", audit::Filter { kind: kind.clone(), ..none() }),
            ("audit_kind", audit::Filter { kind: kind.clone(), until: Some(day("2026-11-01")), ..none() }),
            ("audit_action", audit::Filter { action: action.clone(), kind: kind.clone(), ..none() }),
            ("", audit::Filter { from: Some(day("2026-11-23")), ..none() }),
            ("", audit::Filter { until: Some(day("2026-11-01")), ..none() }),
            ("audit_actor", audit::Filter { actor: actor.clone(), from: Some(day("2026-11-23")), ..none() }),
        ] {
            for cursor in [None, Some((false, 20_000)), Some((true, 20_000))] {
                let filter = filter.clone();
                expect(&app, ("audit", index), move |conn| audit::page(conn, &filter, cursor, 26).map(drop)).await;
            }
        }
        // All three together look through the few rows of the object, in whatever order.
        let filter = audit::Filter { object, actor, action, ..none() };
        let all = app.read(move |conn| plans(conn, |conn| audit::page(conn, &filter, None, 26).map(drop))).await;
        assert!(all.len() == 1 && all[0].0.contains("audit_object") && !all[0].0.contains("Seq Scan"), "{all:?}");
    }

    async fn a_range_of_time_is_not_walked_to(app: TestApp) {
        fill_lists(&app).await;
        // Nothing is that new, and of what is old only the last hour before it may be looked at.
        let filter = audit::Filter { from: Some(day("2026-11-25")), ..audit::Filter::default() };
        let bounded = app.read(move |conn| plans(conn, |conn| audit::page(conn, &filter, None, 26).map(drop))).await;
        assert!(bounded[0].0.contains("audit_at"), "{bounded:?}");
        assert!(bounded[1].1.contains("seq"), "{bounded:?}");
        let filter = audit::Filter { until: Some(day("2026-11-01")), ..audit::Filter::default() };
        let rows = app.read(move |conn| audit::page(conn, &filter, None, 26)).await;
        assert_eq!(rows.len(), 26);
        assert!(rows[0].at < day("2026-11-01") && rows[0].seq > rows[1].seq);
        let filter = EventFilter { until: Some(day("2026-11-01")), ..EventFilter::default() };
        let events = app.read(move |conn| history::events(conn, &filter, None, 25)).await;
        assert!(events.rows.len() == 25 && events.rows[0].created_at < day("2026-11-01"));
    }

    async fn what_waits_is_counted_up_to_a_bound_and_no_further(app: TestApp) {
        let busy: WebhookId = fill::webhook(&app, "Busy", "https://ci.example.com/hook").await;
        let calm: WebhookId = fill::webhook(&app, "Calm", "https://ci.example.com/hook").await;
        fill::deliveries(&app, 40_000, &[busy], app.clock.now()).await;
        app.sql("update deliveries set state = 'queued', first_try = true").await;
        fill::Delivery::delivered(&app, "one", calm).ended(postrider::delivery::State::Queued, 2, None, None).add(&app).await;
        let mut waiting = app.read(|conn| history::waiting(conn, None)).await;
        waiting.sort_by_key(|row| row.fresh == 0);
        let found: Vec<_> = waiting.iter().map(|row| (row.webhook_id, row.fresh, row.retrying, row.words())).collect();
        assert_eq!(found, [
            (busy, history::MOST_WAITING, 0, "at least 1000 deliveries".to_owned()),
            (calm, 0, 1, "1 delivery".to_owned()),
        ]);
        assert!(waiting.iter().all(|row| row.due().is_some()));
        app.sql("analyze deliveries").await;
        for (plan, statement) in app.read(|conn| plans(conn, |conn| history::waiting(conn, None).map(drop))).await {
            assert!(plan.contains("deliveries_due") && !is_slow(&plan, "d"), "{statement}\n{plan}");
        }
    }

    async fn the_log_of_a_webhook_is_found_through_its_indexes(app: TestApp) {
        let one: WebhookId = fill::webhook(&app, "One", "https://ci.example.com/hook").await;
        let two: WebhookId = fill::webhook(&app, "Two", "https://ci.example.com/hook").await;
        fill::deliveries(&app, 40_000, &[one, two], app.clock.now()).await;
        app.sql("analyze attempts; analyze deliveries").await;
        if app.app.db.is_sqlite() {
            app.sql("delete from sqlite_stat1").await;
        }
        let delivery = DeliveryId::parse("dlv_00ff0000000000000000000900").unwrap();
        let at = app.clock.now();
        let cursor = |back| LogCursor { back, at, delivery, number: 1 };
        for (index, verdict) in [
            ("attempts_webhook", None),
            ("attempts_webhook", Some(Verdict::Success)),
            ("attempts_webhook_failed", Some(Verdict::Failed)),
        ] {
            for cursor in [None, Some(cursor(false)), Some(cursor(true))] {
                expect(&app, ("attempts", index), move |conn| history::log(conn, one, verdict, cursor, 25).map(drop)).await;
            }
        }
    }

    async fn the_worker_claims_through_its_indexes(app: TestApp) {
        let busy: WebhookId = fill::webhook(&app, "Busy", "https://ci.example.com/hook").await;
        fill::deliveries(&app, 10_000, &[busy], app.clock.now()).await;
        app.sql("update deliveries set state = 'queued', first_try = true where id in \
            (select id from deliveries order by id desc limit 500)").await;
        app.sql("analyze deliveries").await;
        if app.app.db.is_sqlite() {
            app.sql("delete from sqlite_stat1").await;
        }
        let statements = plans_of_a_step(&app).await;
        let of = |part: &str| {
            let found: Vec<_> = statements.iter().filter(|(_, text)| text.to_lowercase().contains(part)).collect();
            assert!(!found.is_empty(), "{part} is not among {statements:?}");
            found
        };
        for (plan, statement) in of("deliveries") {
            assert!(!is_slow(plan, "deliveries"), "{statement}\n{plan}");
        }
        for (plan, statement) in of("first_try") {
            assert!(plan.contains("deliveries_due") || statement.contains("update"), "{statement}\n{plan}");
        }
        for (plan, statement) in of("update deliveries") {
            assert!(plan.contains("deliveries_pkey") || plan.contains("sqlite_autoindex_deliveries"), "{statement}\n{plan}");
        }
    }
}
