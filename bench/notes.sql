-- Notes, ten of each owner and of each organisation, one after another: those
-- of the n-th begin with 10 * n + 1.
-- Variable: rows.
CREATE UNLOGGED TABLE bench.note (
	id integer PRIMARY KEY,
	owner uuid NOT NULL,
	owner_text text NOT NULL,
	org uuid NOT NULL,
	body text NOT NULL
);
INSERT INTO bench.note
SELECT id, sub::uuid, sub, org::uuid, 'A note.'
  FROM generate_series(1, :rows) id,
	   LATERAL (SELECT bench.uuid('sub', (id - 1) / 10) AS sub, bench.uuid('org', (id - 1) / 10) AS org OFFSET 0) person;
CREATE INDEX ON bench.note (owner);
CREATE INDEX ON bench.note (owner_text);
CREATE INDEX ON bench.note (org);
VACUUM ANALYZE bench.note;
ALTER TABLE bench.note ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON bench.note TO PUBLIC;

-- Reads without a policy.
CREATE ROLE bench_none LOGIN BYPASSRLS;
