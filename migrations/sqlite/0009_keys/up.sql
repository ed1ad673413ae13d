-- One sealed word for each master key: proves at start that the right keys are there.
create table master_keys (
    kid text not null primary key,
    sealed text not null,
    created_at timestamp not null
);
