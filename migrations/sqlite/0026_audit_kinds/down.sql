drop index audit_kind;
