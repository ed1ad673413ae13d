create table deliveries (
    id text not null primary key,
    kind text not null,
    event_id text,
    event_type text not null,
    environment text not null,
    title text not null,
    webhook_id text,
    target_name text not null,
    target_url text,
    state text not null,
    first_try boolean not null,
    due_at timestamp not null,
    attempts integer not null,
    scheduled integer not null,
    schedule_length integer not null,
    fence bigint not null,
    content_type text not null,
    body text,
    resend_at timestamp,
    resend_by text,
    resend_from text,
    last_outcome text,
    last_status integer,
    last_duration_ms integer,
    last_attempt_at timestamp,
    settled_at timestamp,
    settled_reason text,
    created_at timestamp not null
);
-- What the worker asks for: first tries before retries, the longest due first.
create index deliveries_due on deliveries (webhook_id, first_try, due_at, id) where state = 'queued';
create index deliveries_resend on deliveries (webhook_id, resend_at) where resend_at is not null;
-- What people ask for, newest first: every filter that may find few among many has its index.
create index deliveries_state on deliveries (state, id);
create index deliveries_webhook on deliveries (webhook_id, id);
create index deliveries_webhook_state on deliveries (webhook_id, state, id);
create index deliveries_type on deliveries (event_type, id);
create index deliveries_event on deliveries (event_id, id);
create index deliveries_tests on deliveries (kind, id) where kind = 'test';
create index deliveries_created on deliveries (created_at, id);

create table attempts (
    delivery_id text not null references deliveries (id) on delete cascade,
    number integer not null,
    reason text not null,
    actor_id text,
    actor_name text,
    node text not null,
    method text not null,
    url text not null,
    sent_at timestamp not null,
    ended_at timestamp,
    outcome text not null,
    status integer,
    request_headers text,
    response_headers text,
    response_body blob,
    response_bytes bigint,
    truncated boolean not null,
    reused boolean not null,
    dns_us bigint,
    connect_us bigint,
    tls_us bigint,
    first_byte_us bigint,
    total_us bigint,
    remote_address text,
    detail text,
    note text,
    next_due_at timestamp,
    primary key (delivery_id, number)
);

-- Who sends for a webhook: one node at a time, by a lease on the database's clock and a fence that grows.
create table lanes (
    webhook_id text not null primary key,
    owner text,
    fence bigint not null,
    leased_until timestamp not null,
    last_delivery_id text,
    last_outcome text,
    last_status integer,
    last_at timestamp
);
