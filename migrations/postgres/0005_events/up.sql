create table events (
    id text collate "C" not null primary key,
    type text collate "C" not null,
    environment text collate "C" not null,
    source text collate "C" not null,
    subject text collate "C",
    title text collate "C" not null,
    actor_id text collate "C",
    actor_email text collate "C",
    data text collate "C",
    previous text collate "C",
    occurred_at timestamp not null,
    created_at timestamp not null,
    unsent text collate "C"
);

-- The answer to a posted request, kept 24 h under the key that its sender chose.
create table idempotency_keys (
    api_key_id text collate "C" not null,
    idempotency_key text collate "C" not null,
    body_hash text collate "C" not null,
    answer text collate "C" not null,
    created_at timestamp not null,
    primary key (api_key_id, idempotency_key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
