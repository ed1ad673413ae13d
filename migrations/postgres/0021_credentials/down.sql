drop index webhooks_credential;
alter table webhooks drop column credential_id;
drop table credentials;
