create table documents (
    id text not null primary key,
    number bigint not null,
    title text not null,
    template text not null,
    language text not null,
    body text not null,
    parent_id text references documents (id),
    status text not null,
    release_comment text,
    released_by text,
    released_at timestamp,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    updated_by text not null
);
create unique index documents_number on documents (number);
create index documents_parent on documents (parent_id, number);
create index documents_status on documents (status, number);

-- A publication is a job too: its lease and its fence say which node renders it.
create table publications (
    id text not null primary key,
    number bigint not null,
    document_id text not null references documents (id),
    title text not null,
    template text not null,
    format text not null,
    keep_output boolean not null,
    state text not null,
    pages_done integer not null,
    pages_total integer not null,
    fence bigint not null,
    leased_until timestamp not null,
    archive_token text,
    archive_bytes bigint,
    failure text,
    actor_id text,
    actor_email text,
    actor_name text not null,
    version integer not null,
    created_at timestamp not null,
    ended_at timestamp
);
create unique index publications_number on publications (number);
create index publications_document on publications (document_id);
create index publications_state on publications (state, number);

create table publication_outputs (
    publication_id text not null primary key references publications (id) on delete cascade,
    archive blob not null
);

create table assignments (
    id text not null primary key,
    number bigint not null,
    document_id text not null references documents (id),
    type text not null,
    language text not null,
    assignees text not null,
    starts_on timestamp not null,
    ends_on timestamp not null,
    message text not null,
    by_api boolean not null,
    version integer not null,
    created_at timestamp not null,
    created_by text not null,
    updated_at timestamp not null,
    updated_by text not null
);
create unique index assignments_number on assignments (number);
create index assignments_document on assignments (document_id);
create index assignments_type on assignments (type, number);
