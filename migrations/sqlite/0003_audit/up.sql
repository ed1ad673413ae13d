create table audit (
    seq bigint not null primary key,
    at timestamp not null,
    actor_kind text not null,
    actor_id text,
    actor_name text not null,
    address text,
    request_id text,
    action text not null,
    object_kind text not null,
    object_id text,
    object_name text,
    changes text not null,
    previous_hash text not null,
    hash text not null
);

-- The end of the chain: one row, locked by whoever appends.
create table audit_head (
    id integer not null primary key check (id = 1),
    seq bigint not null,
    hash text not null
);
insert into audit_head (id, seq, hash) values (1, 0, '');
create trigger audit_keep_update before update on audit begin select raise(abort, 'the audit trail is append-only'); end;
create trigger audit_keep_delete before delete on audit begin select raise(abort, 'the audit trail is append-only'); end;
