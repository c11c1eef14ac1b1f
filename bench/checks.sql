-- What the checks are asked for, in no order, and who they ask.
CREATE TABLE bench.asked (id integer, scope text, role text, member_of text, scopes text[], email text,
	owner text, owner_uuid uuid, org text, org_uuid uuid, permission text, item text);
INSERT INTO bench.asked
SELECT id,
	   CASE id % 2 WHEN 0 THEN 'records:read' ELSE 'records:' || id END,
	   CASE id % 2 WHEN 0 THEN 'reviewer' ELSE 'role-' || id END,
	   'clinic-department-' || id % 28 + 1,
	   ARRAY['records:admin', CASE id % 2 WHEN 0 THEN 'records:read' ELSE 'records:' || id END],
	   CASE id % 2 WHEN 0 THEN 'user.0@clinic.example' ELSE 'user.1@clinic.example' END,
	   bench.uuid('sub', id % 2), bench.uuid('sub', id % 2)::uuid,
	   bench.uuid('org', id % 40), bench.uuid('org', id % 40)::uuid,
	   'records:export',
	   'wards.' || id % 40
  FROM generate_series(1, :count) id
 ORDER BY md5(id::text);
VACUUM ANALYZE bench.asked;

INSERT INTO authz.item_permission (email, client, item, permission)
	SELECT 'user.0@clinic.example', 'bench', 'wards.' || i, 'view' FROM generate_series(1, 20) i
	ON CONFLICT DO NOTHING;

CREATE TABLE bench.person (name text PRIMARY KEY, token text);
INSERT INTO bench.person
	SELECT 'one', token FROM bench.mint('ES256', bench.claims(0, 14));
INSERT INTO bench.person
	SELECT 'member', token FROM bench.mint('ES256', bench.org_claims(0, 20));
