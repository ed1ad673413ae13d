-- Event types that people declared, beside those that are built in.
create table event_types (
    name text not null primary key,
    label text not null,
    group_name text not null,
    description text not null,
    schema text not null,
    example text not null,
    checked boolean not null,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null
);
