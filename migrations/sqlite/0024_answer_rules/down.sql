alter table webhooks drop column fail_when;
