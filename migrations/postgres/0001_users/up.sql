create table users (
    id text collate "C" not null primary key,
    email text collate "C" not null,
    name text collate "C" not null,
    role text collate "C" not null,
    enabled boolean not null,
    password_hash text collate "C",
    epoch integer not null,
    theme text collate "C" not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    last_sign_in_at timestamp
);
create unique index users_email on users (email);

-- A link that signs in or sets up without a password; only its hash is kept.
create table sign_in_links (
    token_hash text collate "C" not null primary key,
    purpose text collate "C" not null,
    user_id text collate "C" references users (id) on delete cascade,
    expires_at timestamp not null,
    used_at timestamp
);

-- Wrong passwords, counted for each account and each address.
create table sign_in_failures (
    id text collate "C" not null primary key,
    email text collate "C" not null,
    address text collate "C" not null,
    at timestamp not null
);
create index sign_in_failures_email on sign_in_failures (email, at);
create index sign_in_failures_address on sign_in_failures (address, at);
