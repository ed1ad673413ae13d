create table api_keys (
    id text collate "C" not null primary key,
    name text collate "C" not null,
    prefix text collate "C" not null,
    secret_hash text collate "C" not null,
    scopes text collate "C" not null,
    environment text collate "C" not null,
    created_at timestamp not null,
    created_by text collate "C" not null,
    expires_at timestamp,
    last_used_at timestamp,
    revoked_at timestamp
);
create unique index api_keys_prefix on api_keys (prefix);
