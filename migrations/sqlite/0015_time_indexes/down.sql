drop index audit_at;
drop index webhook_hours_hour;
