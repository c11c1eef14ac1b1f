-- Read at the end of each script of sql/, which has set "schema".  Left out is what
-- is the test server's own: its minor release, which may be any (known_hole), and
-- its roles.
\set ECHO none
\c - :installed_by
SELECT level, code, object, detail, hint FROM authz.lint(ARRAY[:'schema'], ARRAY['known_hole'])
 WHERE level <> 'info' AND object NOT LIKE 'role %' ORDER BY level, code, object;
