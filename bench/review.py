"""A review of many people over a large table, whose policy folds to an index.

What is to be reached is a time on the wall's clock: 10,000 people and a million
rows in a minute.  Beside it, what a session has taken more of memory after another
such review: nothing is left of a line.
"""
from compare import Row, time_text

PEOPLE = 10000
ROWS = 1000000
LIMIT = 60.0        # seconds
TURNS = 5

SETUP = """
CREATE ROLE bench_review LOGIN;
CREATE TABLE bench.reviewed (id integer, owner text, team integer);
INSERT INTO bench.reviewed SELECT i, 'u' || i %% %(people)d, i %% 50 FROM generate_series(1, %(rows)d) i;
CREATE INDEX ON bench.reviewed (owner);
CREATE INDEX ON bench.reviewed (team);
VACUUM ANALYZE bench.reviewed;
ALTER TABLE bench.reviewed ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON bench.reviewed USING (authz.is_owner(owner));
CREATE POLICY all_ ON bench.reviewed USING (authz.has_scope('all'));
CREATE POLICY open ON bench.reviewed AS RESTRICTIVE USING (NOT authz.has_role('barred'));
GRANT USAGE ON SCHEMA bench TO bench_review;
GRANT SELECT ON bench.reviewed TO bench_review;
"""

REVIEW = """
CREATE TEMP TABLE took (seconds float8, rows bigint, memory bigint);
DO $$
DECLARE
	began timestamptz;
	reached bigint;
BEGIN
	FOR turn IN 1 .. %(turns)d LOOP
		began := clock_timestamp();
		SELECT sum(row_count) INTO reached FROM authz.access_review('bench.reviewed',
			(SELECT array_agg(json_build_object('sub', 'u' || i)) FROM generate_series(0, %(people)d - 1) i),
			'bench_review', (SELECT min(issuer) FROM authz.issuer));
		INSERT INTO took SELECT extract(epoch FROM clock_timestamp() - began), reached, sum(total_bytes)
		  FROM pg_backend_memory_contexts;
	END LOOP;
END $$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), min(rows), max(rows), max(memory) - min(memory) FROM took;
"""


def setup(server):
    server.psql(SETUP % {"people": PEOPLE, "rows": ROWS})


def run(server):
    seconds, least, most, grown = server.psql(REVIEW % {"people": PEOPLE, "turns": TURNS})[-1].split("|")
    server.psql("DROP TABLE bench.reviewed; DROP OWNED BY bench_review; DROP ROLE bench_review;\n")
    if (int(least), int(most)) != (ROWS, ROWS):
        raise RuntimeError("reviews of %s to %s rows, not %d" % (least, most, ROWS))
    seconds = float(seconds)
    return [Row("access_review, %s people, %s rows" % (format(PEOPLE, ","), format(ROWS, ",")), time_text(seconds),
                "", "%s a person, %.1f MB more" % (time_text(seconds / PEOPLE), int(grown) / 1e6), "≤ %g s" % LIMIT,
                seconds <= LIMIT, {"seconds": seconds, "bytes": int(grown)})]
