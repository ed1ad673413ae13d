drop trigger audit_keep on audit;
drop function audit_keep();
drop table audit_head;
drop table audit;
