-- One row: whether everybody may read the pages of the event types.
create table catalogue (
    id integer not null primary key,
    is_public boolean not null
);
insert into catalogue (id, is_public) values (1, 0);
