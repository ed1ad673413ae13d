drop index deliveries_environment;
