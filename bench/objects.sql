-- Rules: bench.rule() costs next to nothing, another is as people write them.
CREATE TABLE bench.thing (id integer PRIMARY KEY, owner integer);
INSERT INTO bench.thing SELECT i, i % 1000 FROM generate_series(1, :rows) i;
VACUUM ANALYZE bench.thing;
CREATE FUNCTION bench.rule_plpgsql(integer) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 > 0; END $$;
SELECT authz.register_access('bench.c', 'bench.thing', 'user', 'bench.rule(integer)'),
	   authz.register_access('bench.plpgsql', 'bench.thing', 'user', 'bench.rule_plpgsql(integer)');
CREATE TABLE bench.holder (token text);
INSERT INTO bench.holder
	SELECT token FROM bench.mint('ES256', replace(bench.claims(0, 0), '"roles"',
		'"permissions":["bench.c","bench.plpgsql","bench.open"],"roles"'));
