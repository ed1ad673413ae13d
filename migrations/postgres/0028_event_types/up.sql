-- Event types that people declared, beside those that are built in.
create table event_types (
    name text collate "C" not null primary key,
    label text collate "C" not null,
    group_name text collate "C" not null,
    description text collate "C" not null,
    schema text collate "C" not null,
    example text collate "C" not null,
    checked boolean not null,
    version integer not null,
    created_at timestamp not null,
    updated_at timestamp not null
);
