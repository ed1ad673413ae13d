-- A hold by a person, and headers of the webhook's own (sealed, as JSON pairs).
alter table webhooks add column paused_at timestamp;
alter table webhooks add column paused_by text;
alter table webhooks add column headers text;
