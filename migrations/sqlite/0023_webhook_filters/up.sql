-- The filters of a webhook (JSON) and since when they are as they are, so that a verdict never tells of later ones.
alter table webhooks add column filters text;
alter table webhooks add column filters_set_at timestamp;
