alter table webhooks drop column headers;
alter table webhooks drop column paused_by;
alter table webhooks drop column paused_at;
