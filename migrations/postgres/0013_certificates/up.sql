-- Until when the receiver's certificate is valid, as it was last seen.
alter table lanes add column certificate_until timestamp;
