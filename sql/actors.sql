-- Who acts for the user (RFC 8693, 4.1): what is told, who may, and how it ends.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
CREATE FUNCTION actor_try(given jsonb) RETURNS TABLE (act jsonb, login text, actor text, is_delegated boolean, subject text) LANGUAGE plpgsql AS $$
BEGIN
	act := given;
	login := mint.outcome(format('SELECT authz.set_token(%L)', mint.person('tG', jsonb_build_object('act', given))));
	actor := authz.actor();
	is_delegated := authz.is_delegated();
	subject := authz.subject();
	RETURN NEXT;
END $$;

-- accept: the outermost one; of another issuer by both names
SELECT r.* FROM unnest(ARRAY['{"sub": "bot"}', '{"sub": "bot", "act": {"sub": "other"}}', '{"sub": "bot", "iss": "https://people.example"}', '{"sub": "bot", "iss": "https://agents.example"}',
	'{"sub": "my bot", "act": 7}']::jsonb[]) a, actor_try(a) r;
-- accept: nobody acts
CALL mint.login('tG');
SELECT authz.actor(), authz.is_delegated(), authz.has_actor('bot'), authz.has_any_actor('bot'), authz.subject();
CALL mint.logout();
SELECT authz.actor(), authz.is_delegated(), authz.has_actor('bot'), authz.has_any_actor('bot'), authz.subject();
-- refuse: what names nobody
SELECT r.* FROM unnest(ARRAY['null', '"bot"', '[]', '[{"sub": "bot"}]', '{}', '{"sub": ""}', '{"sub": 7}', '{"act": {"sub": "bot"}}', '{"sub": "bot", "iss": null}', '{"sub": "bot", "iss": ["x"]}',
	'{"sub": "bot", "iss": ""}', '{"sub": "ot", "iss": "https://agents.example b"}']::jsonb[]) a, actor_try(a) r;

-- checks
CALL mint.login('tG', '{"act": {"sub": "bot", "act": {"sub": "inner"}}}');
-- accept
SELECT authz.has_actor('bot'), authz.has_any_actor('x', 'bot'), authz.has_any_actor(VARIADIC '{NULL,bot}'), authz.claim('act', 'act', 'sub') AS inner;
-- refuse
SELECT authz.has_actor('inner'), authz.has_actor('Bot'), authz.has_actor(''), authz.has_actor(NULL), authz.has_any_actor('inner', 'bo', NULL), authz.has_any_actor(VARIADIC NULL);
SELECT mint.outcome('SELECT authz.has_any_actor(VARIADIC ''{}'')');
CALL mint.logout();
SELECT mint.outcome('SELECT authz.has_any_actor(VARIADIC ''{}'')');

-- the planner, and a policy that keeps actors out of a table
CREATE TABLE actor_doc (id integer, owner text);
INSERT INTO actor_doc VALUES (1, 'ann'), (2, 'bob');
CREATE ROLE actor_app;
GRANT SELECT ON actor_doc TO actor_app;
ALTER TABLE actor_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON actor_doc USING (authz.is_owner(owner) AND NOT authz.is_delegated());
CREATE POLICY reader ON actor_doc USING (authz.is_owner(owner) AND authz.has_any_actor('reader', 'https://agents.example reader'));
SET ROLE actor_app;
PREPARE actor_docs AS SELECT id FROM actor_doc;
SET plan_cache_mode = force_generic_plan;
CREATE FUNCTION pg_temp.actor_reads(changes jsonb) RETURNS TABLE (as_planned integer[], as_kept integer[]) LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.login('tG', changes);
	EXECUTE 'SELECT array_agg(id) FROM actor_doc' INTO as_planned;
	as_kept := ARRAY(SELECT id FROM actor_doc);
	RETURN NEXT;
END $$;
-- accept
SELECT * FROM pg_temp.actor_reads('{}');
SELECT * FROM pg_temp.actor_reads('{"act": {"sub": "reader"}}');
SELECT * FROM pg_temp.actor_reads('{"act": {"sub": "reader", "iss": "https://agents.example"}}');
EXECUTE actor_docs;
-- refuse
SELECT * FROM pg_temp.actor_reads('{"act": {"sub": "reader", "iss": "https://other.example"}}');
SELECT * FROM pg_temp.actor_reads('{"act": {"sub": "writer"}}');
EXECUTE actor_docs;
RESET plan_cache_mode;
EXPLAIN (COSTS OFF) SELECT * FROM actor_doc;
CALL mint.login('tG');
EXPLAIN (COSTS OFF) SELECT * FROM actor_doc;
RESET ROLE;

-- the option actors
SELECT authz.alter_issuer('https://people.example', '{"actors": ["bot", "https://agents.example bot"]}');
-- accept
SELECT r.login, r.actor FROM unnest(ARRAY['{"sub": "bot"}', '{"sub": "bot", "iss": "https://agents.example"}', '{"sub": "bot", "act": {"sub": "other"}}']::jsonb[]) a, actor_try(a) r;
CALL mint.login('tG');
SELECT authz.token_state();
-- refuse
SELECT r.act, r.login, r.subject FROM unnest(ARRAY['{"sub": "other"}', '{"sub": "other", "act": {"sub": "bot"}}', '{"sub": "bot", "iss": "https://other.example"}']::jsonb[]) a, actor_try(a) r;
SELECT authz.alter_issuer('https://people.example', '{"actors": []}');
SELECT r.login, r.subject FROM actor_try('{"sub": "bot"}') r;
-- accept: no actor, and every actor again
CALL mint.login('tG');
SELECT authz.token_state();
SELECT authz.alter_issuer('https://people.example', '{"actors": null}');
SELECT r.login, r.actor FROM actor_try('{"sub": "other"}') r;
-- the option ceiling_required: without one nobody may act, others may log in
SELECT authz.alter_issuer('https://people.example', '{"ceiling_required": true}');
SELECT r.login, r.subject FROM actor_try('{"sub": "bot"}') r;
CALL mint.login('tG');
SELECT authz.token_state();
SELECT authz.alter_issuer('https://people.example', '{"ceiling_required": null}');
-- refuse: other values
SELECT v, mint.outcome(format('SELECT authz.alter_issuer(%L, %L)', 'https://people.example', v))
  FROM unnest(ARRAY['{"actors": "bot"}', '{"actors": [""]}', '{"actors": ["bot", 7]}', '{"actors": ["bot", "bot"]}', '{"actors": {}}', '{"ceiling_required": "yes"}']) v;

-- revoke_actor: ends what somebody acts in, and no login of others
CREATE FUNCTION actor_state(changes jsonb) RETURNS text LANGUAGE sql
	RETURN CASE WHEN authz.try_set_token(mint.person('tG', changes)) THEN authz.token_state() ELSE authz.last_error() ->> 'error_description' END;
-- accept
SELECT authz.revoke_actor('https://people.example', 'inner'), authz.revoke_actor('https://people.axioms.example', 'bot'), authz.revoke_actor('https://people.example', 'ann');
SELECT actor_state('{"act": {"sub": "bot", "act": {"sub": "inner"}}}');
-- refuse: from the next query on, and at the next login
SELECT authz.revoke_actor('https://people.example', 'bot');
SELECT authz.token_state(), mint.outcome('SELECT authz.actor()');
SELECT actor_state('{"act": {"sub": "bot"}}') AS bot, actor_state('{"act": {"sub": "bot", "iss": "https://people.example"}}') AS by_issuer, actor_state('{"sub": "bob", "act": {"sub": "bot"}}') AS for_another;
-- accept
SELECT actor_state('{"sub": "bot"}') AS bot_itself, actor_state('{"act": {"sub": "Bot"}}') AS another, actor_state('{"act": {"sub": "bot", "iss": "https://agents.example"}}') AS foreign, actor_state('{}') AS person;
-- refuse: the one of another issuer, by both names
SELECT authz.revoke_actor('https://people.example', 'https://agents.example bot');
SELECT actor_state('{"act": {"sub": "bot", "iss": "https://agents.example"}}');
-- repeated, it changes nothing; removed, it does not hold any more
SELECT authz.revoke_actor('https://people.example', 'bot');
SELECT kind, value, issued_before, until FROM authz.revocation WHERE issuer = 'https://people.example' AND kind = 'actor' ORDER BY value;
DELETE FROM authz.revocation WHERE (kind, value) = ('actor', 'bot');
SELECT actor_state('{"act": {"sub": "bot"}}');
-- refuse: mistakes
SELECT c, mint.outcome('SELECT authz.' || c) FROM unnest(ARRAY['revoke_actor(NULL, ''bot'')', 'revoke_actor(''https://people.example'', NULL)', 'revoke_actor(''https://people.example'', '''')', 'revoke_actor(''https://nobody.example'', ''bot'')']) c;
SELECT split_part(mint.outcome('INSERT INTO authz.revocation (issuer, kind, value) VALUES (''https://people.example'', ''actors'', ''bot'')'), ' Failing', 1);
SET ROLE actor_app;
SELECT mint.outcome('SELECT authz.revoke_actor(''https://people.example'', ''bot'')');
RESET ROLE;

DELETE FROM authz.revocation WHERE kind = 'actor' AND issuer LIKE 'https://people.%';
CALL mint.go_home();
DROP OWNED BY actor_app;
DROP ROLE actor_app;
DROP TABLE actor_doc;
DROP FUNCTION actor_try, actor_state;
