create table audit (
    seq bigint not null primary key,
    at timestamp not null,
    actor_kind text collate "C" not null,
    actor_id text collate "C",
    actor_name text collate "C" not null,
    address text collate "C",
    request_id text collate "C",
    action text collate "C" not null,
    object_kind text collate "C" not null,
    object_id text collate "C",
    object_name text collate "C",
    changes text collate "C" not null,
    previous_hash text collate "C" not null,
    hash text collate "C" not null
);

-- The end of the chain: one row, locked by whoever appends.
create table audit_head (
    id integer not null primary key check (id = 1),
    seq bigint not null,
    hash text collate "C" not null
);
insert into audit_head (id, seq, hash) values (1, 0, '');
create function audit_keep() returns trigger language plpgsql as $$ begin raise exception 'the audit trail is append-only'; end $$;
create trigger audit_keep before update or delete on audit for each row execute function audit_keep();
