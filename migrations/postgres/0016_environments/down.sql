drop index deliveries_test;
