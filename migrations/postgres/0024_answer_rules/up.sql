-- A text in an answer that means failure, whatever the status says.
alter table webhooks add column fail_when text;
