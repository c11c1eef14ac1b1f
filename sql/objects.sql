-- Object permissions: who holds the permission as such, and what the rules of its table say.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
\pset format unaligned
\pset footer off

CREATE TABLE polls_question (id bigint PRIMARY KEY, author text NOT NULL, team text);
INSERT INTO polls_question VALUES (1, 'ann', 'blue'), (2, 'bob', 'red'), (3, 'bob', NULL);
CREATE TABLE polls_choice (id bigint PRIMARY KEY);
INSERT INTO polls_choice VALUES (1);
-- rules that say what the last digit of the key says, and that they were asked
CREATE FUNCTION yes(bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'yes(%)', $1; RETURN true; END $$;
CREATE FUNCTION no(bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'no(%)', $1; RETURN false; END $$;
CREATE FUNCTION dunno(bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'dunno(%)', $1; RETURN NULL; END $$;
CREATE FUNCTION refuses(bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'refuses(%)', $1; RAISE insufficient_privilege USING MESSAGE = 'This permission is restricted.'; END $$;
CREATE FUNCTION breaks(bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / ($1 - $1) = 0; END $$;
CREATE FUNCTION is_author(bigint) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM polls_question WHERE id = $1 AND author = authz.subject()) $$;
CREATE FUNCTION in_team(bigint) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT authz.has_group(team) FROM polls_question WHERE id = $1 $$;

-- row 79: the permission as such comes first, and no rule is asked without it
SELECT authz.register_access('polls.vote', 'polls_question', 'user', 'yes(bigint)');
SET client_min_messages = notice;
-- accept
CALL mint.login('tG0', '{"permissions": ["polls.vote"]}');
SELECT authz.has_perm('polls.vote'), authz.has_object_perm('polls.vote', 'polls_question', '1');
-- refuse
CALL mint.login('tG0', '{"permissions": []}');
SELECT authz.has_perm('polls.vote'), authz.has_object_perm('polls.vote', 'polls_question', '1');
CALL mint.login('tG0', '{"permissions": ["polls.votes", "polls", "POLLS.VOTE", "polls.vote "]}');
SELECT authz.has_perm('polls.vote'), authz.has_object_perm('polls.vote', 'polls_question', '1');
CALL mint.login('tG0');
SELECT authz.has_perm('polls.vote'), authz.has_object_perm('polls.vote', 'polls_question', '1');
CALL mint.logout();
SELECT authz.has_perm('polls.vote'), authz.has_object_perm('polls.vote', 'polls_question', '1');

-- row 80: the user rule, or else the group rule; one that is not registered grants nothing beside one that denies
CREATE TABLE case_of (perm text, "user" text, "group" text);
INSERT INTO case_of SELECT format('case.%s_%s', u, g), nullif(u, 'absent'), nullif(g, 'absent')
  FROM unnest(ARRAY['yes', 'no', 'dunno', 'refuses', 'absent']) u, unnest(ARRAY['yes', 'no', 'dunno', 'refuses', 'absent']) g;
SELECT count(authz.register_access(perm, 'polls_question', kind, (rule || '(bigint)')::regprocedure))
  FROM case_of, LATERAL (VALUES ('user', "user"), ('group', "group")) r(kind, rule) WHERE rule IS NOT NULL;
SELECT format('CALL mint.login(''tG0'', ''{"permissions": %s}'')', jsonb_agg(perm)) FROM case_of \gexec
SET client_min_messages = warning;
SELECT coalesce("user", 'absent') AS "user",
	   string_agg(format('%s: %s', coalesce("group", 'absent'), authz.has_object_perm(perm, 'polls_question', '1')), ', ' ORDER BY "group") AS "group"
  FROM case_of GROUP BY "user" ORDER BY "user";
-- who is asked
SET client_min_messages = notice;
SELECT authz.has_object_perm('case.yes_no', 'polls_question', '1');
SELECT authz.has_object_perm('case.no_yes', 'polls_question', '2');
SELECT authz.has_object_perm('case.absent_no', 'polls_question', '3');
SET client_min_messages = warning;

-- row 81: open where no rule is registered
-- accept
CALL mint.login('tG0', '{"permissions": ["polls.open"]}');
SELECT authz.has_object_perm('polls.open', 'polls_question', '1');
-- refuse
SET dbmi_authz.olp_default = closed;
SELECT authz.has_object_perm('polls.open', 'polls_question', '1'), authz.has_perm('polls.open');
RESET dbmi_authz.olp_default;
CALL mint.login('tG0', '{"permissions": ["polls.other"]}');
SELECT authz.has_object_perm('polls.open', 'polls_question', '1');

-- row 82: a rule that raises 42501 does not grant; the other may; another error is an error
SELECT authz.register_access('polls.breaks', 'polls_question', 'user', 'breaks(bigint)'),
	   authz.register_access('polls.breaks', 'polls_question', 'group', 'yes(bigint)');
CALL mint.login('tG0', '{"permissions": ["case.refuses_yes", "case.refuses_refuses", "case.refuses_absent", "case.absent_refuses", "polls.breaks"]}');
-- accept
SELECT authz.has_object_perm('case.refuses_yes', 'polls_question', '1');
-- refuse
SELECT authz.has_object_perm('case.refuses_refuses', 'polls_question', '1'), authz.has_object_perm('case.refuses_absent', 'polls_question', '1'),
	   authz.has_object_perm('case.absent_refuses', 'polls_question', '1');
SELECT mint.outcome($$SELECT authz.has_object_perm('polls.breaks', 'polls_question', '1')$$);

-- row 83: administrators hold everything, and with universal_olp only as such
SELECT authz.register_access('polls.audit', 'polls_question', 'user', 'no(bigint)'),
	   authz.register_access('polls.see', 'polls_question', 'user', 'yes(bigint)');
SET client_min_messages = notice;
CALL mint.login('tD1g');
SELECT authz.has_perm('polls.audit'), authz.has_object_perm('polls.audit', 'polls_question', '1'), authz.has_object_perm('no.such', 'polls_question', 'x');
SET dbmi_authz.universal_olp = on;
SELECT authz.has_perm('polls.audit'), authz.has_object_perm('polls.audit', 'polls_question', '1');
SELECT authz.has_object_perm('polls.see', 'polls_question', '1'), authz.has_object_perm('polls.open', 'polls_question', '1');
-- who is no administrator gains nothing
CALL mint.login('tD0');
SELECT authz.has_perm('polls.audit'), authz.has_object_perm('polls.see', 'polls_question', '1');
RESET dbmi_authz.universal_olp;
SELECT authz.has_perm('polls.audit'), authz.has_object_perm('polls.see', 'polls_question', '1');
-- only a superuser decides that
CREATE ROLE objects_app;
SET ROLE objects_app;
SET dbmi_authz.universal_olp = on;
SET dbmi_authz.olp_default = open;
SET dbmi_authz.hide_forbidden = off;
RESET ROLE;
SET client_min_messages = warning;

-- row 85: all of several
SELECT authz.register_access('polls.combined', 'polls_question', 'user', 'is_author(bigint)'),
	   authz.register_access('polls.combined', 'polls_question', 'group', 'in_team(bigint)'),
	   authz.register_access('polls.user_only', 'polls_question', 'user', 'is_author(bigint)'),
	   authz.register_access('polls.group_only', 'polls_question', 'group', 'in_team(bigint)'),
	   authz.register_access('polls.deny', 'polls_question', 'user', 'no(bigint)');
CALL mint.login('tG0', '{"permissions": ["polls.open", "polls.combined"]}');
-- accept
SELECT authz.has_perms('{polls.open,polls.combined}'), authz.has_object_perms('{polls.open,polls.combined}', 'polls_question', '1');
-- refuse
SELECT authz.has_perms('{polls.open,polls.deny}'), authz.has_object_perms('{polls.open,polls.deny}', 'polls_question', '1'),
	   authz.has_object_perms('{polls.open,polls.combined}', 'polls_question', '2');
SELECT authz.has_perms('{polls.open,NULL}'), authz.has_perms(NULL), authz.has_object_perms('{polls.open,NULL}', 'polls_question', '1'),
	   authz.has_object_perms(NULL, 'polls_question', '1'), authz.has_object_perms('{polls.open}', NULL, '1'), authz.has_object_perms('{polls.open}', 'polls_question', NULL);
SELECT s, mint.outcome(s) FROM unnest(ARRAY['SELECT authz.has_perms(''{}'')', 'SELECT authz.has_object_perms(''{}'', ''polls_question'', ''1'')']) s;
CALL mint.login('tD1g');
SELECT authz.has_perms('{a,b}'), authz.has_perms('{a,NULL}'), authz.has_object_perms('{a,b}', 'polls_question', '1'), authz.has_object_perms('{a,NULL}', 'polls_question', '1');
CALL mint.logout();
SELECT authz.has_perms('{polls.open}'), authz.has_object_perms('{polls.open}', 'polls_question', '1');
SELECT s, mint.outcome(s) FROM unnest(ARRAY['SELECT authz.has_perms(''{}'')', 'SELECT authz.has_object_perms(''{}'', ''polls_question'', ''1'')']) s;

-- row 86: which permissions on a row; the owner of row 1 is ann
\set mine '{"permissions": ["polls.open", "polls.user_only", "polls.group_only", "polls.combined", "polls.deny", "polls.open"], "groups": ["red"]}'
CALL mint.login('tG0', :'mine');
SELECT id, source, string_agg(p, ' ' ORDER BY p) FROM polls_question, unnest(ARRAY['all', 'user', 'group']) WITH ORDINALITY s(source, n), authz.object_permissions('polls_question', id::text, source) p
 GROUP BY id, source, n ORDER BY id, n;
-- others' permissions are no reason to warn, and are not listed
SELECT string_agg(p, ' ' ORDER BY p) FROM authz.object_permissions('polls_choice', '1') p;
SELECT count(*) FROM authz.object_permissions('polls_question', NULL);
SELECT count(*) FROM authz.object_permissions(NULL, '1');
SELECT string_agg(p, ' ' ORDER BY p) FROM authz.object_permissions('polls_question', 'x') p;
SET dbmi_authz.olp_default = closed;
SELECT string_agg(p, ' ' ORDER BY p) FROM authz.object_permissions('polls_question', '1') p;
SELECT string_agg(p, ' ' ORDER BY p) FROM authz.object_permissions('polls_question', '1', 'group') p;
RESET dbmi_authz.olp_default;
-- administrators: those of the token and those that have a rule here
CALL mint.login('tD1g');
SELECT p FROM authz.object_permissions('polls_question', '1') p WHERE p NOT LIKE 'case.%';
SET dbmi_authz.universal_olp = on;
SELECT p FROM authz.object_permissions('polls_question', '1') p WHERE p NOT LIKE 'case.%' AND p <> 'polls.breaks';
RESET dbmi_authz.universal_olp;
\echo :LAST_ERROR_MESSAGE
-- nobody, and another source
CALL mint.logout();
SELECT count(*) FROM authz.object_permissions('polls_question', '1');
SELECT mint.outcome('SELECT authz.object_permissions(''polls_question'', ''1'', ' || s || ')') FROM unnest(ARRAY['''User''', '''''', 'NULL']) s;

-- row 87: a row that is not there, one that is forbidden, nobody
CALL mint.login('tG0', :'mine');
-- accept
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '1')$$);
-- refuse
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '99')$$);
SELECT authz.last_error() ->> 'sqlstate' AS state, authz.last_error() ->> 'error' AS error, authz.www_authenticate();
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '3')$$);
SELECT authz.last_error() ->> 'sqlstate' AS state, authz.last_error() ->> 'error' AS error, authz.www_authenticate();
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.none', 'polls_question', '99')$$);
SELECT mint.outcome('SELECT authz.require_object_perm(' || s || ')')
  FROM unnest(ARRAY[$$'polls.combined', 'polls_question', 'x'$$, $$'polls.combined', 'polls_question', NULL$$, $$'polls.combined', NULL, '1'$$, $$NULL, 'polls_question', '1'$$,
					$$NULL, 'polls_question', '99'$$, $$'polls.none', 'polls_question', '1'$$]) s;
SET dbmi_authz.hide_forbidden = on;
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '1')$$),
	   mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '99')$$) AS missing,
	   mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '3')$$) AS forbidden;
SELECT authz.last_error() ->> 'sqlstate' AS state, authz.last_error() ->> 'error' AS error;
RESET dbmi_authz.hide_forbidden;
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '1')$$) AS nobody,
	   mint.outcome($$SELECT authz.require_object_perm('polls.combined', 'polls_question', '99')$$) AS nobody_and_missing;

-- row 88: a permission that nobody knows
CALL mint.login('tG0', :'mine');
SELECT authz.has_object_perm('fail', 'polls_question', '1'), authz.has_perm('fail'), authz.has_perm(''), authz.has_perm(NULL),
	   authz.has_object_perm('', 'polls_question', '1'), authz.has_object_perm(NULL, 'polls_question', '1'), authz.has_object_perm('polls.open', NULL, '1'),
	   authz.has_object_perm('polls.open', 'polls_question', NULL);

-- row 89: no stale answers, and the same permission and key on two tables
SELECT authz.register_access('polls.combined', 'polls_choice', 'user', 'no(bigint)');
SELECT authz.has_object_perm('polls.combined', 'polls_question', '1'), authz.has_object_perm('polls.combined', 'polls_choice', '1');
UPDATE polls_question SET author = 'bob' WHERE id = 1;
SELECT authz.has_object_perm('polls.combined', 'polls_question', '1'), authz.has_object_perm('polls.combined', 'polls_choice', '1');
UPDATE polls_question SET author = 'ann' WHERE id = 1;
SELECT authz.has_object_perm('polls.combined', 'polls_question', '1'), authz.has_object_perm('polls.combined', 'polls_choice', '1');
SELECT authz.unregister_access('polls.combined', 'polls_choice', 'user');

-- row 90: why
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', '3', 1);
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', '3');
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', '3', 0);
SELECT mint.outcome('SELECT authz.explain_perm(''polls.open'', verbosity => ' || v || ')') FROM unnest(ARRAY['3', '-1', 'NULL']) v;
SELECT * FROM authz.explain_perm('polls.open');
SELECT * FROM authz.explain_perm('polls.none');
SELECT * FROM authz.explain_perm('polls.open', 'polls_question', '1', 1);
SELECT * FROM authz.explain_perm('polls.open', 'polls_question', 'x', 1);
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', 'x', 1);
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', '2', 1);
SELECT * FROM authz.explain_perm('polls.combined', 'polls_choice', '2', 1);
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', NULL);
SELECT * FROM authz.explain_perm(NULL, NULL, NULL);
CALL mint.login('tG0', '{"permissions": ["case.refuses_no"], "username": "Ann Smith"}');
SELECT * FROM authz.explain_perm('case.refuses_no', 'polls_question', '3');
SET dbmi_authz.olp_default = closed;
CALL mint.login('tG0', :'mine');
SELECT * FROM authz.explain_perm('polls.open', 'polls_question', '1', 1);
RESET dbmi_authz.olp_default;
CALL mint.login('tD1g');
SELECT * FROM authz.explain_perm('polls.deny');
SELECT * FROM authz.explain_perm('polls.deny', 'polls_question', '1');
SET dbmi_authz.universal_olp = on;
SELECT * FROM authz.explain_perm('polls.deny', verbosity => 1);
SELECT * FROM authz.explain_perm('polls.deny', 'polls_question', '1', 1);
RESET dbmi_authz.universal_olp;
CALL mint.logout();
SELECT * FROM authz.explain_perm('polls.combined', 'polls_question', '3');
-- it says what the check says, whoever asks and for whatever
CREATE FUNCTION differ() RETURNS bigint STABLE LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT perm FROM case_of UNION VALUES ('polls.open'), ('polls.combined'), ('polls.deny'), ('none')) p(perm),
		unnest(ARRAY['1', '2', '99', 'x', NULL]) pk, (VALUES ('polls_question'::regclass), ('polls_choice')) r(rel)
	 WHERE authz.has_object_perm(perm, rel, pk) <> ((SELECT array_agg(l) FROM authz.explain_perm(perm, rel, pk) l) @> '{RESULT: Permission Granted}')
		OR authz.has_object_perm(perm, rel, pk) AND NOT (perm IN (SELECT authz.object_permissions(rel, pk)) OR authz.is_admin())
		OR NOT authz.has_object_perm(perm, rel, pk) AND perm IN (SELECT authz.object_permissions(rel, pk)) $$;
SET client_min_messages = error;
DELETE FROM authz.object_access WHERE perm = 'polls.breaks';
SELECT differ() AS nobody;
SELECT format('CALL mint.login(''tG0'', ''{"permissions": %s}'')', jsonb_agg(perm) || jsonb '["polls.open", "polls.combined"]') FROM case_of \gexec
SELECT differ() AS somebody;
CALL mint.login('tD1g');
SELECT differ() AS administrator;
SET dbmi_authz.universal_olp = on;
SELECT differ() AS universal;
RESET dbmi_authz.universal_olp;
RESET client_min_messages;

-- a permission that has rules on another table only: denied, and a warning for each place that asks
CALL mint.login('tG0', :'mine');
SELECT id, authz.has_object_perm('polls.user_only', 'polls_choice', id::text) FROM polls_question ORDER BY id;
SELECT authz.has_object_perm('polls.user_only', 'polls_choice', '1'), authz.has_object_perms('{polls.open,polls.user_only}', 'polls_choice', '1');
SELECT mint.outcome($$SELECT authz.require_object_perm('polls.user_only', 'polls_choice', '1')$$);
CALL mint.login('tG0');
SELECT authz.has_object_perm('polls.user_only', 'polls_choice', '1') AS no_permission_no_warning;
CALL mint.login('tD1g');
SELECT authz.has_object_perm('polls.user_only', 'polls_choice', '1') AS administrator;

-- an identity that has ended is an error before any argument is looked at
CALL mint.login('tG0', :'mine');
SELECT authz.revoke_subject('https://people.example', 'ann');
SELECT s, mint.outcome('SELECT authz.' || s) FROM unnest(ARRAY['has_perm(''x'')', 'has_perms(''{}'')', 'has_object_perm(NULL, NULL, NULL)', 'has_object_perms(''{}'', NULL, NULL)',
	'object_permissions(NULL, NULL, ''x'')', 'explain_perm(NULL, verbosity => 7)', 'require_object_perm(NULL, NULL, NULL)']) s;
CALL mint.logout();
DELETE FROM authz.revocation;

-- what is true of the functions
SELECT p.proname, p.provolatile, p.proparallel, p.proleakproof, p.prosupport::regproc
  FROM pg_proc p WHERE p.pronamespace = 'authz'::regnamespace AND p.proname IN ('has_perm', 'has_perms', 'register_access', 'unregister_access', 'has_object_perm',
	   'has_object_perms', 'object_permissions', 'explain_perm', 'require_object_perm') ORDER BY 1;

DELETE FROM authz.object_access;
DROP TABLE polls_question, polls_choice, case_of;
DROP FUNCTION yes, no, dunno, refuses, breaks, is_author, in_team, differ;
DROP ROLE objects_app;
CALL mint.go_home();
