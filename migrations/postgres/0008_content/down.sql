drop table assignments;
drop table publication_outputs;
drop table publications;
drop table documents;
