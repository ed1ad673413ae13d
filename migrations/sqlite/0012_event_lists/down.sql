drop index audit_action;
drop index audit_actor;
drop index audit_object;
drop index events_created;
drop index events_subject;
drop index events_type;
