create table users (
    id text not null primary key,
    email text not null,
    name text not null,
    role text not null,
    enabled boolean not null,
    password_hash text,
    epoch integer not null,
    theme text not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    last_sign_in_at timestamp
);
create unique index users_email on users (email);

-- A link that signs in or sets up without a password; only its hash is kept.
create table sign_in_links (
    token_hash text not null primary key,
    purpose text not null,
    user_id text references users (id) on delete cascade,
    expires_at timestamp not null,
    used_at timestamp
);

-- Wrong passwords, counted for each account and each address.
create table sign_in_failures (
    id text not null primary key,
    email text not null,
    address text not null,
    at timestamp not null
);
create index sign_in_failures_email on sign_in_failures (email, at);
create index sign_in_failures_address on sign_in_failures (address, at);
