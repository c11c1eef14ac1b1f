-- Notes, ten of each owner and ten of each organisation, far from each other.
-- Variable: rows.
CREATE UNLOGGED TABLE bench.note (
	id integer PRIMARY KEY,
	owner uuid NOT NULL,
	owner_text text NOT NULL,
	org uuid NOT NULL,
	body text NOT NULL
);
INSERT INTO bench.note
SELECT row_number() OVER (), sub::uuid, sub, org::uuid, 'A note.'
  FROM generate_series(0, 9) round,
	   LATERAL (SELECT bench.uuid('sub', n) AS sub, bench.uuid('org', n) AS org
				  FROM generate_series(0, :rows / 10 - 1) n OFFSET 0) person;
CREATE INDEX ON bench.note (owner);
CREATE INDEX ON bench.note (owner_text);
CREATE INDEX ON bench.note (org);
VACUUM ANALYZE bench.note;
ALTER TABLE bench.note ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON bench.note TO PUBLIC;

-- Reads without a policy.
CREATE ROLE bench_none LOGIN BYPASSRLS;
