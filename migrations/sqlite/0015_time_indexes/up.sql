-- Where in the trail a time is, so that a range of times need not be walked to.
create index audit_at on audit (at, seq);
-- The last day of all webhooks together.
create index webhook_hours_hour on webhook_hours (hour);
