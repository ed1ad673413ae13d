-- Ids of resources are told apart byte by byte, whatever the language of the server: an index in its order would have to
-- be built anew whenever its rules change.
alter table events alter column resource type text collate "C";
alter table deliveries alter column resource type text collate "C";
