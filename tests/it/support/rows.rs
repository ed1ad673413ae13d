//! Deliveries, attempts and events by the hundred thousand, written by the database itself; for tests and benches.

use diesel::connection::SimpleConnection;
use postrider::clock::Time;
use postrider::db::{Conn, DbError};
use postrider::on_backend;
use postrider::webhooks::WebhookId;

/// Adds the deliveries numbered `from` to `to`, of `count` in all that are a second apart and end at `newest`, over
/// these webhooks; of a hundred, one failed, one was cancelled and one waits. Each has an attempt and an event.
pub fn rows(
    conn: &mut Conn,
    from: i64,
    to: i64,
    count: i64,
    webhooks: &[WebhookId],
    newest: Time,
) -> Result<(), DbError> {
    let newest = newest.utc().format("%Y-%m-%d %H:%M:%S");
    let (numbers, at, padded, event) = match conn {
        Conn::Sqlite(_) => (
            format!("with recursive numbers(n) as (select {from} union all select n + 1 from numbers where n < {to}) "),
            format!("strftime('%Y-%m-%d %H:%M:%f', '{newest}', '-' || ({count} - n) || ' seconds')"),
            "printf('dlv_00ff%022d', n)",
            "printf('evt_00ff%022d', n)",
        ),
        Conn::Postgres(_) => (
            format!("with numbers(n) as (select generate_series({from}, {to})) "),
            format!("timestamp '{newest}' - ({count} - n) * interval '1 second'"),
            "'dlv_00ff' || lpad(n::text, 22, '0')",
            "'evt_00ff' || lpad(n::text, 22, '0')",
        ),
    };
    let mine = webhooks.iter().enumerate().map(|(index, id)| format!("when {index} then '{id}'"));
    let webhook = format!("case n % {} {} end", webhooks.len(), mine.collect::<Vec<_>>().join(" "));
    let state = "case n % 100 when 7 then 'failed' when 8 then 'cancelled' when 9 then 'queued' else 'delivered' end";
    let statement = format!(
        "insert into deliveries (id, kind, event_type, environment, title, webhook_id, target_name, state, first_try, \
         due_at, attempts, scheduled, schedule_length, fence, content_type, body, last_outcome, last_status, \
         last_duration_ms, created_at) \
         {numbers} select {padded}, 'webhook', case n % 3 when 0 then 'document.released' when 1 then \
         'publication.published' else 'assignment.created' end, 'production', 'Guide number ' || n, {webhook}, \
         'Receiver', {state}, false, {at}, 1, 1, 10, 0, 'application/json', '{{\"event\":\"' || n || '\"}}', \
         case n % 100 when 7 then 'status' else 'ok' end, case n % 100 when 7 then 503 else 200 end, 12, {at} \
         from numbers; \
         insert into attempts (delivery_id, number, reason, node, method, url, sent_at, ended_at, outcome, status, \
         truncated, reused, total_us, webhook_id) \
         {numbers} select {padded}, 1, 'schedule', 'nod_00000000000000000000000001', 'POST', \
         'https://ci.example.com/hook', {at}, {at}, 'ok', 200, false, true, 12000, {webhook} from numbers; \
         insert into events (id, type, environment, source, title, data, occurred_at, created_at) \
         {numbers} select {event}, 'document.released', 'production', 'api', 'Guide number ' || n, '{{}}', {at}, {at} from numbers;"
    );
    on_backend!(conn, sqlite c => c.batch_execute(&statement), postgres c => {
        c.batch_execute("set local statement_timeout = 0").and_then(|()| c.batch_execute(&statement))
    })?;
    Ok(())
}
