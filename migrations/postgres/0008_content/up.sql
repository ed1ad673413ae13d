create table documents (
    id text collate "C" not null primary key,
    number bigint not null,
    title text collate "C" not null,
    template text collate "C" not null,
    language text collate "C" not null,
    body text collate "C" not null,
    parent_id text collate "C" references documents (id),
    status text collate "C" not null,
    release_comment text collate "C",
    released_by text collate "C",
    released_at timestamp,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    updated_by text collate "C" not null
);
create unique index documents_number on documents (number);
create index documents_parent on documents (parent_id, number);
create index documents_status on documents (status, number);

-- A publication is a job too: its lease and its fence say which node renders it.
create table publications (
    id text collate "C" not null primary key,
    number bigint not null,
    document_id text collate "C" not null references documents (id),
    title text collate "C" not null,
    template text collate "C" not null,
    format text collate "C" not null,
    keep_output boolean not null,
    state text collate "C" not null,
    pages_done integer not null,
    pages_total integer not null,
    fence bigint not null,
    leased_until timestamp not null,
    archive_token text collate "C",
    archive_bytes bigint,
    failure text collate "C",
    actor_id text collate "C",
    actor_email text collate "C",
    actor_name text collate "C" not null,
    version integer not null,
    created_at timestamp not null,
    ended_at timestamp
);
create unique index publications_number on publications (number);
create index publications_document on publications (document_id);
create index publications_state on publications (state, number);

create table publication_outputs (
    publication_id text collate "C" not null primary key references publications (id) on delete cascade,
    archive bytea not null
);

create table assignments (
    id text collate "C" not null primary key,
    number bigint not null,
    document_id text collate "C" not null references documents (id),
    type text collate "C" not null,
    language text collate "C" not null,
    assignees text collate "C" not null,
    starts_on timestamp not null,
    ends_on timestamp not null,
    message text collate "C" not null,
    by_api boolean not null,
    version integer not null,
    created_at timestamp not null,
    created_by text collate "C" not null,
    updated_at timestamp not null,
    updated_by text collate "C" not null
);
create unique index assignments_number on assignments (number);
create index assignments_document on assignments (document_id);
create index assignments_type on assignments (type, number);
