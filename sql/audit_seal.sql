-- seal_audit(), verify_audit(), prune_audit(): what was sealed and is changed, removed or added is found.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
RESET client_min_messages;
DELETE FROM authz.audit_event;
DELETE FROM authz.audit_seal;
\set VERBOSITY terse
\pset format unaligned
\pset footer off
\pset null NULL
-- Transactions by their order among those that were recorded.
CREATE TABLE seal_transaction (n serial, xid xid8);
CREATE FUNCTION seal_faults(last_seal bigint DEFAULT NULL, last_sum bytea DEFAULT NULL)
RETURNS TABLE (fault text, seal bigint, transaction int, number bigint) LANGUAGE sql AS $$
	SELECT v.fault, v.seal, (SELECT min(t.n) FROM seal_transaction t WHERE t.xid = v.xid), v.number
	  FROM authz.verify_audit(last_seal, last_sum) v $$;
\set ECHO all
CREATE SCHEMA audit_seal;
SET search_path = audit_seal, public;
CREATE TABLE note (id int PRIMARY KEY, owner text, body jsonb);
SELECT authz.audit('note');
-- nothing yet
SELECT * FROM authz.seal_audit();
SELECT * FROM seal_faults();
INSERT INTO note VALUES (1, 'ann', '{"a": 1}'), (2, 'bob', NULL);
CALL mint.login('tG1', '{"jti": "T1", "act": {"sub": "bot"}}');
UPDATE note SET owner = 'cid', body = '[1.0, "ä"]' WHERE id = 1;
SELECT seal, events, length(sum) FROM authz.seal_audit();
SELECT * FROM authz.seal_audit();
-- own events are not sealed before their transaction has ended
BEGIN;
DELETE FROM note WHERE id = 2;
SELECT * FROM authz.seal_audit();
COMMIT;
CALL mint.logout();
TRUNCATE note;
SELECT seal, events FROM authz.seal_audit();
-- under an old snapshot what is sealed is as of now
INSERT INTO note VALUES (3, '', '{}');
SELECT seal, events, sum FROM authz.seal_audit() \gset
SELECT :seal, :events;
INSERT INTO seal_transaction (xid) SELECT DISTINCT xid FROM authz.audit_event ORDER BY 1;
SELECT * FROM seal_faults();
SELECT * FROM seal_faults(:seal, :'sum');
-- not sealed yet: nobody can tell
INSERT INTO note VALUES (4, '', '{}');
UPDATE authz.audit_event SET role = 'forged' WHERE xid = (SELECT max(xid) FROM authz.audit_event);
SELECT * FROM seal_faults();
DELETE FROM authz.audit_event WHERE role = 'forged';

--
-- Each column of each event and of each seal
--
-- NULL and another value; another value still
CREATE FUNCTION another(type text, name text) RETURNS text[] LANGUAGE sql AS $$
	SELECT CASE WHEN type = 'text' THEN ARRAY[format('%1$I || ''x''', name), format('coalesce(%1$I, '''')', name), format('nullif(%1$I, %1$I)', name),
											  format('overlay(%1$I PLACING ''~'' FROM length(%1$I))', name)]
				WHEN type = 'bigint' THEN ARRAY[format('%I + 1', name), format('%I - 1', name), format('%I # (1::bigint << 40)', name)]
				WHEN type = 'xid8' THEN ARRAY[format('(%I::text::bigint + 1)::text::xid8', name), '''1''::xid8', '''999999999''::xid8']
				WHEN type LIKE 'timestamp%' THEN ARRAY[format('%I + ''1 microsecond''', name), '''infinity''']
				WHEN type = 'inet' THEN ARRAY['''10.0.0.1''']
				WHEN type = 'jsonb' THEN ARRAY[format('%1$I || ''{"x": 1}''', name), format('nullif(%1$I, %1$I)', name), format('coalesce(%1$I, ''{}'')', name),
											   format('jsonb_set(%1$I, ''{id}'', ''1.0'')', name)]
				WHEN type = 'text[]' THEN ARRAY[format('coalesce(%1$I, ''{}'') || ''x''::text', name), format('nullif(%1$I, %1$I)', name), format('coalesce(%1$I, ''{}'')', name),
												format('''[0:0]={%s}''::text[]', 'owner')]
				WHEN type = 'bytea' THEN ARRAY[format('set_byte(%1$I, 0, get_byte(%1$I, 0) # 1)', name), format('%I || ''\x00''', name),
											   format('set_byte(%1$I, length(%1$I) - 1, get_byte(%1$I, length(%1$I) - 1) # 128)', name), '''''']
				WHEN type = 'boolean' THEN ARRAY[format('NOT %I', name)] END $$;
-- How many ways there were to change each, in how many there was no fault, and in how many the first one names the row.
CREATE FUNCTION tamper() RETURNS TABLE (what text, ways bigint, missed bigint, named bigint) LANGUAGE plpgsql AS $$
DECLARE
	target record;
	value text;
	touched bigint;
	first record;
BEGIN
	CREATE TEMP TABLE outcome (what text, missed boolean, named boolean);
	FOR target IN
		SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, c.oid::regclass AS rel, row.ctid AS tid, row.xid, row.number, row.seal
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
			   LATERAL (SELECT e.ctid, e.xid, e.number, NULL::bigint AS seal FROM authz.audit_event e WHERE c.relname = 'audit_event'
						UNION ALL SELECT s.ctid, NULL, NULL, s.seal FROM authz.audit_seal s WHERE c.relname = 'audit_seal') row
		 WHERE c.oid IN ('authz.audit_event'::regclass, 'authz.audit_seal'::regclass)
	LOOP
		FOREACH value IN ARRAY another(target.type, target.name) LOOP
			BEGIN
				EXECUTE format('UPDATE %s SET %I = %s WHERE ctid = %L AND %3$s IS DISTINCT FROM %2$I', target.rel, target.name, value, target.tid);
				GET DIAGNOSTICS touched = ROW_COUNT;
				SELECT v.* INTO first FROM authz.verify_audit() v LIMIT 1;
				RAISE 'undo' USING ERRCODE = 'ZZZZZ';
			EXCEPTION WHEN not_null_violation OR unique_violation OR numeric_value_out_of_range OR array_subscript_error THEN touched := 0;
				WHEN SQLSTATE 'ZZZZZ' THEN NULL;
			END;
			IF touched = 1 THEN
				INSERT INTO outcome VALUES (concat_ws('.', target.rel, target.name), first.fault IS NULL,
					CASE WHEN target.seal IS NULL THEN coalesce(first.xid = target.xid AND first.number = target.number
															  OR first.fault = 'event added' AND target.name IN ('origin', 'xid', 'number'), false)
						 ELSE first.seal <= target.seal AND first.seal >= target.seal - 1 END);
			END IF;
		END LOOP;
	END LOOP;
	RETURN QUERY SELECT o.what, count(*), count(*) FILTER (WHERE o.missed), count(*) FILTER (WHERE o.named) FROM outcome o GROUP BY o.what ORDER BY o.what COLLATE "C";
	DROP TABLE outcome;
END $$;
SELECT what, ways > 0 AS some, missed, ways - named AS unnamed FROM tamper();
-- a row that is gone, one that is there twice, two that changed places
BEGIN;
DELETE FROM authz.audit_event WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 1) AND number = 2;
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
DELETE FROM authz.audit_event WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 3);
DELETE FROM authz.audit_event WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 2);
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
INSERT INTO authz.audit_event SELECT (jsonb_populate_record(e, '{"number": 3}')).* FROM authz.audit_event e WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 1) AND number = 1;
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
UPDATE authz.audit_event SET number = 99 WHERE number = 1;
UPDATE authz.audit_event SET number = 1 WHERE number = 2;
UPDATE authz.audit_event SET number = 2 WHERE number = 99 AND xid = (SELECT xid FROM seal_transaction WHERE n = 1);
UPDATE authz.audit_event SET number = 1 WHERE number = 99;
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
ALTER TABLE authz.audit_event DROP CONSTRAINT audit_event_pkey;
INSERT INTO authz.audit_event SELECT * FROM authz.audit_event WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 2);
SELECT * FROM seal_faults();
ALTER TABLE authz.audit_event ALTER origin DROP NOT NULL;
UPDATE authz.audit_event SET origin = NULL WHERE xid = (SELECT xid FROM seal_transaction WHERE n = 2);
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
INSERT INTO authz.audit_event SELECT (jsonb_populate_record(e, '{"xid": "999999999999"}')).* FROM authz.audit_event e LIMIT 1;
SELECT fault, seal, number FROM seal_faults();
ROLLBACK;
BEGIN;
TRUNCATE authz.audit_event;
SELECT * FROM seal_faults();
ROLLBACK;
-- seals that are gone: of the last one only who kept its sum knows
BEGIN;
DELETE FROM authz.audit_seal WHERE seal = 1;
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
DELETE FROM authz.audit_seal WHERE seal = 2;
SELECT * FROM seal_faults();
ROLLBACK;
BEGIN;
DELETE FROM authz.audit_event WHERE xid = (SELECT max(xid) FROM seal_transaction);
DELETE FROM authz.audit_seal WHERE seal = :seal;
SELECT * FROM seal_faults();
SELECT * FROM seal_faults(:seal, :'sum');
-- and a chain that was made anew after the fact
UPDATE authz.audit_event SET subject = 'somebody else' WHERE subject = 'ann';
DELETE FROM authz.audit_seal;
COMMIT;
SELECT seal FROM authz.seal_audit();
INSERT INTO note VALUES (5, '', '{}');
INSERT INTO seal_transaction (xid) SELECT max(xid) FROM authz.audit_event;
SELECT seal FROM authz.seal_audit();
SELECT * FROM seal_faults();
SELECT * FROM seal_faults(2, :'sum');
-- what is kept has the wrong length, the seal is none, or only half is given
SELECT * FROM seal_faults(1, '');
SELECT * FROM seal_faults(77, :'sum');
SELECT * FROM seal_faults(1, NULL);
SELECT * FROM seal_faults(NULL, '\x00');

--
-- Pruning: whole seals, from the oldest on
--
SELECT authz.prune_audit(NULL);
SELECT authz.prune_audit('-infinity');
INSERT INTO note VALUES (6, '', '{}');
SELECT seal, sum FROM authz.seal_audit() \gset
SELECT max(at) AS between FROM authz.audit_event WHERE xid < (SELECT max(xid) FROM authz.audit_event) \gset
SELECT authz.prune_audit(:'between');
SELECT authz.prune_audit(:'between'::timestamptz + interval '1 microsecond');
SELECT seal, events, pruned, marks IS NULL AS unmarked FROM authz.audit_seal ORDER BY 1;
SELECT count(*) FROM authz.audit_event;
SELECT * FROM seal_faults(:seal, :'sum');
-- the chain goes on
INSERT INTO note VALUES (7, '', '{}');
SELECT seal, events FROM authz.seal_audit();
SELECT * FROM seal_faults(:seal, :'sum');
SELECT what, ways > 0 AS some, missed, ways - named AS unnamed FROM tamper() WHERE missed > 0 OR ways > named;
-- one that was pruned out of turn
BEGIN;
UPDATE authz.audit_seal SET pruned = true, marks = NULL WHERE seal = 4;
DELETE FROM authz.audit_event WHERE xid = (SELECT max(xid) FROM authz.audit_event);
SELECT * FROM seal_faults();
ROLLBACK;
SELECT authz.prune_audit('infinity');
SELECT count(*) FROM authz.audit_event;
SELECT * FROM seal_faults(:seal, :'sum');
INSERT INTO note VALUES (8, '', '{}');
SELECT seal, events FROM authz.seal_audit();
SELECT * FROM seal_faults();

--
-- What was restored counts transactions of its own
--
DELETE FROM authz.audit_seal;
UPDATE authz.audit_event SET origin = 7, xid = '99999999999';
INSERT INTO note VALUES (9, '', '{}');
SELECT count(*), sum(events) FROM authz.seal_audit();
SELECT * FROM seal_faults();
INSERT INTO note VALUES (10, '', '{}');
SELECT count(*), sum(events) FROM authz.seal_audit();
SELECT count(*) FROM seal_faults();
DELETE FROM authz.audit_event WHERE origin = 7;
SELECT fault, number FROM seal_faults();

-- tables that were altered beyond use are an error, no crash
BEGIN;
ALTER TABLE authz.audit_seal ALTER sum TYPE float8 USING 1;
SELECT * FROM authz.verify_audit();
ROLLBACK;
BEGIN;
ALTER TABLE authz.audit_event ALTER role TYPE name;
SELECT count(*) > 0 FROM authz.verify_audit();
INSERT INTO note VALUES (11, '', '{}');
ROLLBACK;
BEGIN;
ALTER TABLE authz.audit_event DROP client;
SELECT * FROM authz.verify_audit();
ROLLBACK;

\set ECHO none
DROP SCHEMA audit_seal CASCADE;
DROP FUNCTION seal_faults;
DROP TABLE seal_transaction;
DELETE FROM authz.audit_event;
DELETE FROM authz.audit_seal;
CALL mint.go_home();
