drop table webhook_latencies;
drop index attempts_webhook_failed;
drop index attempts_webhook;
alter table attempts drop column webhook_id;
