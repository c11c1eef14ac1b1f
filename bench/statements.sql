-- Fifty tables, and procedures that prepare statements over them by the
-- hundred, as an application has them that has run for a while.
DO $$
BEGIN
	FOR t IN 1 .. 50 LOOP
		EXECUTE format('CREATE UNLOGGED TABLE bench.paper_%s (id integer PRIMARY KEY, owner uuid NOT NULL, body text NOT NULL)', t);
		EXECUTE format('INSERT INTO bench.paper_%s SELECT n, bench.uuid(''sub'', n)::uuid, ''A paper.'''
			' FROM generate_series(1, 1000) n', t);
		EXECUTE format('CREATE INDEX ON bench.paper_%s (owner)', t);
		EXECUTE format('ALTER TABLE bench.paper_%s ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('GRANT SELECT ON bench.paper_%s TO PUBLIC', t);
		EXECUTE format('ANALYZE bench.paper_%s', t);
	END LOOP;
END $$;

-- Of so many of the tables the role's policy asks, the others show all.
CREATE PROCEDURE bench.protect_papers(role name, condition text, tables integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR t IN 1 .. 50 LOOP
		EXECUTE format('CREATE POLICY %1$s ON bench.paper_%2$s TO %1$s USING (%3$s)',
			role, t, CASE WHEN t <= tables THEN condition ELSE 'true' END);
	END LOOP;
END $$;

-- Four forms of a statement; the n-th is over the table n % 50 + 1.
CREATE PROCEDURE bench.prepare_statements(first integer, last integer) LANGUAGE plpgsql AS $$
DECLARE
	forms text[] := ARRAY[
		'(integer) AS SELECT owner, body FROM bench.paper_%2$s WHERE id = $1',
		' AS SELECT count(*) FROM bench.paper_%2$s WHERE id < %1$s',
		'(integer) AS SELECT id, body FROM bench.paper_%2$s WHERE id < $1 ORDER BY id DESC LIMIT 10',
		' AS SELECT p.id FROM bench.paper_%2$s p JOIN bench.paper_%3$s q USING (owner) WHERE q.id = %1$s'];
BEGIN
	FOR n IN first .. last LOOP
		EXECUTE format('PREPARE statement_%1$s' || forms[n / 50 % 4 + 1], n, n % 50 + 1, (n + 1) % 50 + 1);
	END LOOP;
END $$;

CREATE PROCEDURE bench.execute_statements(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN first .. last LOOP
		EXECUTE format('EXECUTE statement_%s', n) || CASE n / 50 % 2 WHEN 0 THEN '(' || n || ')' ELSE '' END;
	END LOOP;
END $$;

CREATE PROCEDURE bench.make_temporary(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		CREATE TEMPORARY TABLE scratch (id integer, body text);
		COMMIT;
		DROP TABLE scratch;
		COMMIT;
	END LOOP;
END $$;
