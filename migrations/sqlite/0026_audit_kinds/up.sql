-- What was done to one kind of thing.
create index audit_kind on audit (object_kind, seq);
