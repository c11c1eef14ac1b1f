-- Columns of every type and collation: what a check over one becomes, that an
-- index serves it, and that the rows are those of the call (T8, T9, S23, P1).
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
RESET client_min_messages;
\set ECHO all
CREATE COLLATION fold_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION fold_icu (provider = icu, locale = 'und');
CREATE DOMAIN fold_text AS text;
CREATE DOMAIN fold_text_2 AS fold_text CHECK (VALUE <> 'x');
CREATE DOMAIN fold_varchar AS varchar(20);
CREATE DOMAIN fold_uuid AS uuid;
CREATE DOMAIN fold_int AS integer CHECK (VALUE > 0);
CREATE DOMAIN fold_citext AS citext;
CREATE TABLE fold_type (id integer, t text, v varchar, v6 varchar(6), c_c text COLLATE "C", c_icu text COLLATE fold_icu, c_ci text COLLATE fold_ci,
	ci citext, u uuid, i2 smallint, i4 integer, i8 bigint, d_t fold_text, d_t2 fold_text_2, d_v fold_varchar, d_u fold_uuid, d_i fold_int, d_ci fold_citext);
INSERT INTO fold_type SELECT i, x, x, left(x, 6), x, x, x, x, u::uuid, i, i, i, x, x, x, u::uuid, i, x
  FROM generate_series(1, 3000) i, LATERAL (SELECT CASE i WHEN 7 THEN 'ann' WHEN 8 THEN 'ANN' WHEN 9 THEN 'ann ' ELSE 'u' || i END, md5(i::text)) s (x, u);
INSERT INTO fold_type (id) SELECT -i FROM generate_series(1, 30) i;
UPDATE fold_type SET u = '1189c444-8a2d-4c41-8b4b-ae43ce79a492', d_u = '1189c444-8a2d-4c41-8b4b-ae43ce79a492' WHERE id = 5;
DO $$
DECLARE
	col text;
BEGIN
	FOR col IN SELECT attname FROM pg_attribute WHERE attrelid = 'fold_type'::regclass AND attnum > 1 LOOP
		EXECUTE format('CREATE INDEX ON fold_type (%I)', col);
	END LOOP;
END $$;
ANALYZE fold_type;
CREATE FUNCTION fold_shape(who text, col text) RETURNS TABLE (col_ text, becomes text, index_used boolean, ids text) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT id FROM fold_type WHERE authz.is_owner(%I)', col);
BEGIN
	CALL mint.become(who);
	RETURN QUERY SELECT col, mint.output(format('authz.is_owner(%I)', col), 'fold_type'),
		(SELECT bool_or(p ~ ('Index (Only )?Cond: .*' || col)) FROM mint.plan(query) p), mint.both(query);
END $$;
-- accept: every type, and the rows are those of the call; C_CI: "C" decides beside the column's own
SELECT s.* FROM unnest('{t,v,v6,c_c,c_icu,c_ci,ci,d_t,d_t2,d_v,d_ci}'::text[]) col, fold_shape('ann', col) s;
SELECT s.* FROM unnest('{i2,i4,i8,d_i,t}'::text[]) col, fold_shape('num', col) s;
SELECT s.* FROM unnest('{u,d_u}'::text[]) col, fold_shape('key', col) s;
-- refuse: a claim that is no value of the type
SELECT s.* FROM unnest('{i2,i4,i8,d_i,u,d_u}'::text[]) col, fold_shape('ann', col) s;
SELECT mint.both('SELECT count(*) FROM fold_type WHERE NOT authz.is_owner(i4)') AS i4, mint.both('SELECT count(*) FROM fold_type WHERE NOT authz.is_owner(u)') AS u,
	mint.both('SELECT count(*) FROM fold_type WHERE NOT authz.is_owner(c_ci)') AS c_ci, mint.both('SELECT count(*) FROM fold_type WHERE NOT authz.is_owner(ci)') AS ci;
-- and the integers are canonical decimal, in range
DO $$
DECLARE
	sub text;
BEGIN
	FOREACH sub IN ARRAY ARRAY['42', '042', '+42', '42 ', '-0', '4.2e1', '32768', '2147483648', '9223372036854775808', '42x'] LOOP
		PERFORM authz.set_token(mint.person('tG', jsonb_build_object('sub', sub)));
		RAISE NOTICE '"%": % % %, % % %', sub, mint.output('authz.is_owner(i2)', 'fold_type'), mint.output('authz.is_owner(i4)', 'fold_type'), mint.output('authz.is_owner(i8)', 'fold_type'),
			mint.both('SELECT id FROM fold_type WHERE authz.is_owner(i2)'), mint.both('SELECT id FROM fold_type WHERE authz.is_owner(i4)'), mint.both('SELECT id FROM fold_type WHERE authz.is_owner(i8)');
	END LOOP;
END $$;
-- a claim that is a number
SELECT authz.set_token(mint.person('tG', '{"n": 42, "f": 42.0, "e": "", "b": true, "a": ["42"]}')) \g /dev/null
SELECT claim, mint.output(format('authz.is_owner(i4, %L)', claim), 'fold_type'), mint.both(format('SELECT id FROM fold_type WHERE authz.is_owner(i4, %L)', claim)),
	mint.output(format('authz.is_owner(t, %L)', claim), 'fold_type'), mint.both(format('SELECT id FROM fold_type WHERE authz.is_owner(t, %L)', claim))
  FROM unnest('{n,f,e,b,a}'::text[]) claim;

-- P1: the column's own collation, or the index could not serve; one that the query asks for
CALL mint.become('ann');
SELECT p FROM mint.plan('SELECT id FROM fold_type WHERE authz.is_owner(c_c)') p WHERE p ~ 'Index';
SELECT p FROM mint.plan('SELECT id FROM fold_type WHERE authz.is_owner(c_icu)') p WHERE p ~ 'Index';
SELECT p FROM mint.plan('SELECT id FROM fold_type WHERE authz.is_owner(t)') p WHERE p ~ 'Index';
SELECT mint.output('authz.is_owner(c_ci COLLATE "C")', 'fold_type'), mint.both('SELECT id FROM fold_type WHERE authz.is_owner(c_ci COLLATE "C")');
SELECT mint.output('authz.is_owner(t COLLATE fold_ci)', 'fold_type'), mint.both('SELECT id FROM fold_type WHERE authz.is_owner(t COLLATE fold_ci)');
-- T9: a nondeterministic collation does not decide, in whatever case the claim is
SELECT authz.set_token(mint.person('tG', '{"sub": "aNN"}')) \g /dev/null
SELECT mint.both('SELECT id FROM fold_type WHERE authz.is_owner(c_ci)') AS c_ci, mint.both('SELECT id FROM fold_type WHERE authz.is_owner(ci)') AS ci;
SELECT authz.set_token(mint.person('tPM', '{"user_id": "ann", "org_id_to_org_member_info": {"ANN": {"user_role": "x"}, "U9": {"user_role": "x"}, "u10": {"user_role": "x"}}}')) \g /dev/null
SELECT mint.both('SELECT id FROM fold_type WHERE authz.in_org(c_ci)') AS c_ci, mint.both('SELECT id FROM fold_type WHERE authz.in_org(ci)') AS ci,
	mint.both('SELECT id FROM fold_type WHERE authz.in_org(t)') AS t, mint.both('SELECT id FROM fold_type WHERE authz.in_org(i4)') AS i4;
SELECT p FROM mint.plan('SELECT id FROM fold_type WHERE authz.in_org(c_ci)') p WHERE p ~ 'Filter';
-- several spellings of one key
SELECT authz.set_token(mint.person('tPM', '{"org_id_to_org_member_info": {"1189C4448A2D4C418B4BAE43CE79A492": {"user_role": "x"}, "{1189c444-8a2d-4c41-8b4b-ae43ce79a492}": {"user_role": "y"}, "no key": {"user_role": "x"}}}')) \g /dev/null
SELECT mint.both('SELECT id FROM fold_type WHERE authz.in_org(u)') AS in_org, mint.both('SELECT id FROM fold_type WHERE authz.has_org_role(u, ''y'')') AS has_role,
	mint.both('SELECT id FROM fold_type WHERE authz.in_org(d_u)') AS in_org, mint.output('authz.has_org_role(u, ''y'')', 'fold_type');

-- T8, S23: a type whose input trims or truncates is not folded
CREATE TABLE fold_short (id integer, n name, bp char(8), v6 varchar(6), t text);
INSERT INTO fold_short VALUES (1, repeat('a', 63), 'user42', 'user42', 'user42  '), (2, repeat('a', 62), 'user43', 'user43', 'user42');
CREATE FUNCTION fold_try(sub text, VARIADIC calls text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	call text;
BEGIN
	PERFORM authz.set_token(mint.person('tG', jsonb_build_object('sub', sub)));
	FOREACH call IN ARRAY calls LOOP
		RETURN NEXT concat_ws(' | ', call, mint.output(call, 'fold_short'), mint.both('SELECT id FROM fold_short WHERE ' || call));
	END LOOP;
END $$;
SELECT fold_try(repeat('a', 70), 'authz.is_owner(n)', 'authz.is_owner(n::text)');
SELECT fold_try(repeat('a', 63), 'authz.is_owner(n)', 'authz.is_owner(n::text)');
SELECT fold_try('user42  ', 'authz.is_owner(bp)', 'authz.is_owner(bp::text)', 'authz.is_owner(bp::varchar)', 'authz.is_owner(v6)', 'authz.is_owner(t)');
SELECT fold_try('user42', 'authz.is_owner(bp)', 'authz.is_owner(bp::text)', 'authz.is_owner(v6)', 'authz.is_owner(t)');
SELECT fold_try('user42xyz', 'authz.is_owner(bp::text)', 'authz.is_owner(v6)', 'authz.is_owner(v6::varchar(4))', 'authz.is_owner(t::varchar(6))');

-- the other checks use the index too, and so does an OR of them
CREATE TABLE fold_big AS SELECT i AS id, 'u' || i AS owner, md5(i::text)::uuid AS org FROM generate_series(1, 20000) i;
CREATE INDEX ON fold_big (owner);
CREATE INDEX ON fold_big (org);
ANALYZE fold_big;
SELECT authz.set_token(mint.person('tPM', jsonb_build_object('user_id', 'u7', 'org_id_to_org_member_info',
	(SELECT jsonb_object_agg(md5(i::text), '{"user_role": "Member", "user_permissions": ["p"]}'::jsonb) FROM generate_series(1, 20) i)))) \g /dev/null
SELECT condition, (SELECT bool_or(p ~ 'Index') AND NOT bool_or(p ~ 'Seq Scan') FROM mint.plan('SELECT * FROM fold_big WHERE ' || condition) p) AS by_index, mint.both('SELECT count(*) FROM fold_big WHERE ' || condition)
  FROM unnest(ARRAY['authz.is_owner(owner)', 'authz.has_scope(''admin'') OR authz.is_owner(owner)', 'authz.is_owner_or_admin(owner)',
		'authz.in_org(org)', 'authz.has_org_permission(org, ''p'')', 'authz.is_owner(owner) OR authz.has_org_permission(org, ''p'')',
		'authz.is_owner(owner, ''user_id'') AND authz.is_authenticated()', 'owner = authz.user_id()', 'org = ANY (authz.org_ids_with_permission(''p'')::uuid[])']) condition;

CALL mint.become('nobody');
CALL mint.go_home();
DROP FUNCTION fold_try, fold_shape;
DROP TABLE fold_type, fold_short, fold_big;
DROP DOMAIN fold_text_2, fold_text, fold_varchar, fold_uuid, fold_int, fold_citext;
DROP COLLATION fold_ci, fold_icu;
