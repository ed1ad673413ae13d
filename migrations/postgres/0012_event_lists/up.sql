-- What people ask of events: by type, by resource, by time.
create index events_type on events (type, id);
create index events_subject on events (subject, id) where subject is not null;
create index events_created on events (created_at, id);

-- What people ask of the trail: by object and by who did it.
create index audit_object on audit (object_id, seq);
create index audit_actor on audit (actor_name, seq);
create index audit_action on audit (action, seq);
