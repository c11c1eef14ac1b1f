-- What the scripts of sql/ ask with, made before each of them.

-- How the rows of a query are found: tables that are read whole, indexes and
-- their conditions.  All versions of the server print the same.
CREATE FUNCTION scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		CONTINUE WHEN line !~ 'Seq Scan|Index';
		line := regexp_replace(line, '^[ >-]+', '');
		line := regexp_replace(line, '^Index (?:Only )?Scan(?: Backward)? using (\w+) on .*', 'index \1');
		line := regexp_replace(line, '^Bitmap Index Scan on ', 'index ');
		RETURN NEXT line;
	END LOOP;
END $$;
