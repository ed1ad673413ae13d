-- The thing that an event is about, to be found by its id.
alter table events add column resource text;
create index events_resource on events (resource, id);
alter table deliveries add column resource text;
create index deliveries_resource on deliveries (resource, id);
