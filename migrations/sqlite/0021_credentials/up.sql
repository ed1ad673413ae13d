-- Logins that several webhooks share; what is secret is sealed.
create table credentials (
    id text not null primary key,
    name text not null,
    environment text not null,
    base_url text,
    content_type text not null,
    headers text,
    auth text not null,
    auth_username text,
    auth_token_key text,
    auth_header text,
    auth_client_id text,
    auth_token_url text,
    auth_scope text,
    auth_secret text,
    auth_set_at timestamp,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null
);
create unique index credentials_name on credentials (name, environment);

-- The credential that a webhook logs in with.
alter table webhooks add column credential_id text references credentials (id);
create index webhooks_credential on webhooks (credential_id) where credential_id is not null;
