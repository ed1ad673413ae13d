alter table deliveries alter column resource type text;
alter table events alter column resource type text;
