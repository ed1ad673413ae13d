alter table webhooks drop column filters_set_at;
alter table webhooks drop column filters;
