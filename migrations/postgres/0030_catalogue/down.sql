drop table catalogue;
