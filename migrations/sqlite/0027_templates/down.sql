alter table webhooks drop column template;
