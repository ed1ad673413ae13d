-- What assignees decided. An address stands here in lower case: the person is the same however it is written.
create table assignment_statuses (
    assignment_id text collate "C" not null references assignments (id) on delete cascade,
    assignee text collate "C" not null,
    status text collate "C" not null,
    decided_by text collate "C" not null,
    decided_at timestamp not null,
    primary key (assignment_id, assignee)
);
