create table sessions (
    key_hash text not null primary key,
    user_id text references users (id) on delete cascade,
    state text not null,
    address text not null,
    agent text not null,
    created_at timestamp not null,
    seen_at timestamp not null,
    expires_at timestamp not null
);
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);
