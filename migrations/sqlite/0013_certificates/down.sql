alter table lanes drop column certificate_until;
