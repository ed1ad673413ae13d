-- A body that a person wrote, as a Jinja template.
alter table webhooks add column template text;
