-- lint() names settings by which tokens reach the log, of all sessions and of single roles.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\set ECHO all
CREATE SCHEMA lint_settings;
CREATE FUNCTION mint.found(what text, OUT code text, OUT level text, OUT object text) RETURNS SETOF record LANGUAGE sql AS
$$ SELECT code, level, object FROM authz.lint(ARRAY['lint_settings']) WHERE object LIKE 'setting ' || what OR code = 'not_checked' ORDER BY object, code $$;
CREATE PROCEDURE mint.alter_database(what text) LANGUAGE plpgsql AS
$$ BEGIN EXECUTE format('ALTER DATABASE %I %s', current_database(), what); END $$;
CREATE ROLE "lint settings" LOGIN;
CREATE ROLE lint_settings_nologin;

-- Q10: parameters are logged where statements are
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_parameter_max_length = -1;
SELECT * FROM mint.found('log_%');
SET log_statement = 'all';
SELECT * FROM mint.found('log_%');
SET log_statement = 'ddl';
SELECT * FROM mint.found('log_%');
SET log_statement = 'none';
SET log_min_duration_statement = 0;
SELECT * FROM mint.found('log_%');
SET log_min_duration_statement = -1;
SET log_min_duration_sample = 100;
SELECT * FROM mint.found('log_%');
SET log_statement_sample_rate = 0;
SELECT * FROM mint.found('log_%');
SET log_transaction_sample_rate = 0.1;
SELECT * FROM mint.found('log_%');
SET log_parameter_max_length = 0;
SELECT * FROM mint.found('log_%');
RESET log_transaction_sample_rate;
SELECT * FROM mint.found('log_%');
SET log_parameter_max_length_on_error = 10;
SELECT code, level, object, detail, replace(hint, quote_ident(current_database()), 'here') FROM authz.lint(ARRAY['lint_settings']) WHERE object ~ '^setting log_';
SET log_parameter_max_length_on_error = 0;

-- plans, and what else holds statements
SELECT * FROM mint.found('debug_%');
SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_print_plan = on;
SELECT * FROM mint.found('debug_%');
RESET debug_print_parse; RESET debug_print_rewritten; RESET debug_print_plan;
SET auto_explain.log_min_duration = 0;
SELECT * FROM mint.found('auto_explain.log_min%');
LOAD 'auto_explain';
SELECT * FROM mint.found('auto_explain.log_min%');
SET auto_explain.log_min_duration = -1;
SELECT * FROM mint.found('auto_explain.%');

-- settings of roles and databases: the nearest one counts
ALTER ROLE "lint settings" SET log_statement = 'all';
ALTER ROLE "lint settings" SET log_parameter_max_length = 100;
ALTER ROLE lint_settings_nologin SET debug_print_plan = on;
SELECT * FROM mint.found('% of role %');
DO $$ BEGIN EXECUTE format('ALTER ROLE "lint settings" IN DATABASE %I SET log_statement = ''none''', current_database()); END $$;
SELECT code, level, object, detail, replace(hint, quote_ident(current_database()), 'here') FROM authz.lint(ARRAY['lint_settings']) WHERE object ~ 'of role';
ALTER ROLE "lint settings" RESET ALL;
SELECT * FROM mint.found('% of role %');
-- what all have is told once
ALTER ROLE "lint settings" SET dbmi_authz.plan_folding = off;
SELECT * FROM mint.found('dbmi_authz.plan_folding%');
CALL mint.alter_database('SET dbmi_authz.plan_folding = off');
SELECT * FROM mint.found('dbmi_authz.plan_folding%');
ALTER ROLE "lint settings" SET dbmi_authz.plan_folding = on;
SELECT * FROM mint.found('dbmi_authz.plan_folding%');
CALL mint.alter_database('RESET dbmi_authz.plan_folding');
SELECT * FROM mint.found('dbmi_authz.plan_folding%');
SET dbmi_authz.plan_folding = off;
SELECT * FROM mint.found('dbmi_authz.plan_folding%');
RESET dbmi_authz.plan_folding;
-- a value in other words, and a unit
ALTER ROLE "lint settings" SET debug_print_plan = 'yes';
ALTER ROLE "lint settings" SET log_min_duration_statement = '1s';
ALTER ROLE "lint settings" SET row_security = 'off';
ALTER ROLE "lint settings" SET session_replication_role = replica;
ALTER ROLE "lint settings" SET log_min_messages = debug5;
SELECT * FROM mint.found('% of role %');
ALTER ROLE "lint settings" RESET ALL;

SET client_min_messages = warning;
DROP FUNCTION mint.found;
DROP PROCEDURE mint.alter_database;
DROP SCHEMA lint_settings CASCADE;
DROP ROLE "lint settings", lint_settings_nologin;
CALL mint.go_home();
