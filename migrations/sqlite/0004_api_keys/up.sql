create table api_keys (
    id text not null primary key,
    name text not null,
    prefix text not null,
    secret_hash text not null,
    scopes text not null,
    environment text not null,
    created_at timestamp not null,
    created_by text not null,
    expires_at timestamp,
    last_used_at timestamp,
    revoked_at timestamp
);
create unique index api_keys_prefix on api_keys (prefix);
