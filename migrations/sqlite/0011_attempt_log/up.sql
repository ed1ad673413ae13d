-- The log of one webhook, newest first: all attempts, and those that failed.
alter table attempts add column webhook_id text;
update attempts set webhook_id = (select d.webhook_id from deliveries d where d.id = attempts.delivery_id);
create index attempts_webhook on attempts (webhook_id, sent_at, delivery_id, number);
create index attempts_webhook_failed on attempts (webhook_id, sent_at, delivery_id, number)
    where outcome not in ('ok', 'sending', 'unknown');

-- How long answers took, counted by hour and by bucket: enough for percentiles, however many there were.
create table webhook_latencies (
    webhook_id text not null,
    hour timestamp not null,
    bucket integer not null,
    count integer not null,
    primary key (webhook_id, hour, bucket)
);
