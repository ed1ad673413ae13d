-- Text is compared byte by byte here as it is.
select 1;
