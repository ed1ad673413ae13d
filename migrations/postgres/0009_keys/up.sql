-- One sealed word for each master key: proves at start that the right keys are there.
create table master_keys (
    kid text collate "C" not null primary key,
    sealed text collate "C" not null,
    created_at timestamp not null
);
