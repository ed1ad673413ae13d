drop index deliveries_resource;
alter table deliveries drop column resource;
drop index events_resource;
alter table events drop column resource;
