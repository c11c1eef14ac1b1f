
-- the sets that are kept while nothing changes
SET ROLE app;
SELECT authz.set_token(:'bob') \g /dev/null
SELECT count(*) FROM :table;
RESET ROLE;
SELECT name, kept, reason FROM authz.sets() AS s(name, owner, tables, kept, reason) ORDER BY name::text;

-- one plan for everybody
SET ROLE app;
SET plan_cache_mode = force_generic_plan;
PREPARE seen AS SELECT count(*) FROM :table;
EXECUTE seen;
SELECT authz.set_token(:'another') \g /dev/null
EXECUTE seen;
SELECT authz.clear_token() \g /dev/null
EXECUTE seen;
RESET plan_cache_mode;
RESET ROLE;

-- lint() finds nothing wrong with it
-- Left out: the test server may be of any minor release (known_hole); the owner of the
-- tables logs in to administer, and sets read them as that one (not_forced); my_denied
-- is read by nobody but the set over it.  Roles are the server's, which others use, too.
SELECT level, code, object, hint FROM authz.lint(ARRAY['public'], ARRAY['known_hole', 'not_forced'])
 WHERE level <> 'info' AND object <> 'view public.my_denied' AND object NOT LIKE 'role %' ORDER BY code, object;
