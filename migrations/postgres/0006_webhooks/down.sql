drop table counters;
drop table sent_forms;
drop table webhook_hours;
drop table webhook_events;
drop table webhooks;
