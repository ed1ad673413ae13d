create table webhooks (
    id text collate "C" not null primary key,
    code text collate "C" not null,
    name text collate "C" not null,
    url text collate "C" not null,
    description text collate "C" not null,
    notification_type text collate "C" not null,
    environment text collate "C" not null,
    active boolean not null,
    method text collate "C" not null,
    format text collate "C" not null,
    timeout_seconds integer not null,
    retry text collate "C" not null,
    delays text collate "C" not null,
    auth text collate "C" not null,
    auth_username text collate "C",
    auth_header text collate "C",
    auth_secret text collate "C",
    auth_set_at timestamp,
    signing_secret text collate "C" not null,
    signing_secret_previous text collate "C",
    signing_secret_previous_until timestamp,
    disabled_at timestamp,
    disabled_reason text collate "C",
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    deleted_at timestamp
);
create unique index webhooks_code on webhooks (code) where deleted_at is null;
create index webhooks_name on webhooks (name, id) where deleted_at is null;

create table webhook_events (
    webhook_id text collate "C" not null references webhooks (id) on delete cascade,
    type text collate "C" not null,
    primary key (webhook_id, type)
);

-- Deliveries that ended, by hour: what lists and charts read.
create table webhook_hours (
    webhook_id text collate "C" not null,
    hour timestamp not null,
    ok integer not null,
    failed integer not null,
    duration_ms bigint not null,
    primary key (webhook_id, hour)
);

-- One answer for each form that was sent, so that a double click makes one thing.
create table sent_forms (
    form_id text collate "C" not null primary key,
    location text collate "C" not null,
    created_at timestamp not null
);
create index sent_forms_created on sent_forms (created_at);

-- Counters that must be exact: the version of the set of webhooks, the numbers of content rows.
create table counters (
    name text collate "C" not null primary key,
    value bigint not null
);
insert into counters (name, value) values ('webhooks', 1);
insert into counters (name, value) values ('content', 999);
