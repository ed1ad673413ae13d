drop table lanes;
drop table attempts;
drop table deliveries;
