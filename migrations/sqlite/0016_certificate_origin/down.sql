alter table lanes drop column certificate_origin;
