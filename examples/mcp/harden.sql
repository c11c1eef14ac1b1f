-- What only a superuser can take from the role that runs the assistant's SQL.  It runs it
-- for all users, and PostgreSQL lets a role see and end what it does in other sessions.
\set ON_ERROR_STOP on
ALTER ROLE mail_assistant SET session_preload_libraries = 'dbmi_authz';
ALTER ROLE mail_assistant SET dbmi_authz.log_denials = 'log';
-- pg_stat_activity: nobody sees the queries of another user's assistant
ALTER ROLE mail_assistant SET track_activities = off;
-- nobody stops them, nor keeps them waiting
REVOKE EXECUTE ON FUNCTION pg_cancel_backend(integer), pg_terminate_backend(integer, bigint),
	pg_advisory_lock(bigint), pg_advisory_lock(integer, integer),
	pg_advisory_lock_shared(bigint), pg_advisory_lock_shared(integer, integer) FROM PUBLIC;
DO $$ BEGIN
	EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
