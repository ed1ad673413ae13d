drop index webhook_events_type;
drop table event_types;
