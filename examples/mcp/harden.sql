-- What only a superuser can take from the role that runs the assistant's SQL.  It runs it
-- for all users, and PostgreSQL lets a role see and end what it does in other sessions.
\set ON_ERROR_STOP on
ALTER ROLE mail_assistant SET session_preload_libraries = 'dbmi_authz';
ALTER ROLE mail_assistant SET dbmi_authz.log_denials = 'log';
-- pg_stat_activity and pg_stat_statements: nobody sees the queries of another user's assistant
ALTER ROLE mail_assistant SET track_activities = off;
ALTER ROLE mail_assistant SET pg_stat_statements.track = 'none';
-- nobody fills the disk, be it for seconds
ALTER ROLE mail_assistant SET temp_file_limit = '100MB';
-- Nobody stops the others, keeps them waiting, or fills the table of locks that all share
-- (pg_try_advisory_lock).  Nobody writes what READ ONLY and ROLLBACK do not take back: a
-- message in the WAL, and before PostgreSQL 16 the pages of large objects.
DO $$
DECLARE
	f regprocedure;
BEGIN
	FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
			AND proname ~ ('^(pg_(cancel|terminate)_backend|pg_(try_)?advisory_(xact_)?lock.*'
				'|pg_logical_emit_message|lo_(create?|from_bytea|put|truncate.*|unlink)|lowrite)$')
	LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
	END LOOP;
	EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
