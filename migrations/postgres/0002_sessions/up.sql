create table sessions (
    key_hash text collate "C" not null primary key,
    user_id text collate "C" references users (id) on delete cascade,
    state text collate "C" not null,
    address text collate "C" not null,
    agent text collate "C" not null,
    created_at timestamp not null,
    seen_at timestamp not null,
    expires_at timestamp not null
);
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);
