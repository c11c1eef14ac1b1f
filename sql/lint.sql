-- lint() finds what is wrong, and says how to mend it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\set ECHO all
CREATE SCHEMA lint;
SET search_path = lint;
CREATE TABLE notes (id integer, owner text);
CREATE POLICY own ON notes USING (authz.is_owner(owner));
SELECT code, level, object, detail, hint FROM authz.lint(ARRAY['lint']) WHERE code = 'row_security_off';
SELECT count(DISTINCT fingerprint) FROM authz.lint(ARRAY['lint']) WHERE code = 'row_security_off';
SELECT count(*) FROM authz.lint(ARRAY['lint'], ARRAY['row_security_off']) WHERE code = 'row_security_off';
SELECT authz.lint(ARRAY['nowhere']);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
SELECT count(*) FROM authz.lint(ARRAY['lint']) WHERE code = 'row_security_off';
RESET search_path;
DROP SCHEMA lint CASCADE;
CALL mint.go_home();
