drop table master_keys;
