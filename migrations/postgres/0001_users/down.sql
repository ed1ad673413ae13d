drop table sign_in_failures;
drop table sign_in_links;
drop table users;
