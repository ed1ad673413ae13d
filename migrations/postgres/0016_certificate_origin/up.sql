-- Whose certificate `certificate_until` is about: a webhook's address may change.
alter table lanes add column certificate_origin text collate "C";
