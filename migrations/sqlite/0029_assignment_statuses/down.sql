drop table assignment_statuses;
