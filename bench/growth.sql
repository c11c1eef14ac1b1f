-- Tables of a given size, and who reads them.
CREATE TABLE bench.grower AS
	SELECT token FROM bench.mint('ES256', bench.claims(0, 14));

CREATE PROCEDURE bench.grow(size integer) LANGUAGE plpgsql AS $$
DECLARE
	name text := 'bench.grown_' || size;
BEGIN
	EXECUTE format('CREATE UNLOGGED TABLE %s (id integer, owner uuid NOT NULL)', name);
	-- all owners, ten times: a reader's rows are far from each other
	FOR round IN 0 .. 9 LOOP
		EXECUTE format('INSERT INTO %s SELECT %s + n, bench.uuid(''sub'', n)::uuid'
			' FROM generate_series(0, %s) n', name, round * (size / 10), size / 10 - 1);
	END LOOP;
	EXECUTE format('CREATE INDEX ON %s (owner)', name);
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
	EXECUTE format('GRANT SELECT ON %s TO PUBLIC', name);
END $$;

