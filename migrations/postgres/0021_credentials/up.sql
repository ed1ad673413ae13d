-- Logins that several webhooks share; what is secret is sealed.
create table credentials (
    id text collate "C" not null primary key,
    name text collate "C" not null,
    environment text collate "C" not null,
    base_url text collate "C",
    content_type text collate "C" not null,
    headers text collate "C",
    auth text collate "C" not null,
    auth_username text collate "C",
    auth_token_key text collate "C",
    auth_header text collate "C",
    auth_client_id text collate "C",
    auth_token_url text collate "C",
    auth_scope text collate "C",
    auth_secret text collate "C",
    auth_set_at timestamp,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null
);
create unique index credentials_name on credentials (name, environment);

-- The credential that a webhook logs in with.
alter table webhooks add column credential_id text collate "C" references credentials (id);
create index webhooks_credential on webhooks (credential_id) where credential_id is not null;
