create table events (
    id text not null primary key,
    type text not null,
    environment text not null,
    source text not null,
    subject text,
    title text not null,
    actor_id text,
    actor_email text,
    data text,
    previous text,
    occurred_at timestamp not null,
    created_at timestamp not null,
    unsent text
);

-- The answer to a posted request, kept 24 h under the key that its sender chose.
create table idempotency_keys (
    api_key_id text not null,
    idempotency_key text not null,
    body_hash text not null,
    answer text not null,
    created_at timestamp not null,
    primary key (api_key_id, idempotency_key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
