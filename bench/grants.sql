-- Grants to a hundred thousand addresses: twenty to who reads (readers.sql); to
-- every twentieth who logs in (logins.sql) one that lets him edit a ward.
CREATE TABLE bench.item_grant (email text, item text, permission text, PRIMARY KEY (email, item, permission));
INSERT INTO bench.item_grant
SELECT 'user.' || n || '@clinic.example', 'wards.' || i, 'view'
  FROM generate_series(0, 99999) n, generate_series(1, CASE n WHEN 0 THEN 20 ELSE 1 END) i
UNION ALL
SELECT 'user.' || n || '@clinic.example', 'wards.7', 'edit'
  FROM generate_series(20, 10000, 20) n;
INSERT INTO authz.item_permission (email, client, item, permission)
	SELECT email, 'bench', item, permission FROM bench.item_grant
	ON CONFLICT DO NOTHING;
VACUUM ANALYZE bench.item_grant, authz.item_permission;
GRANT SELECT ON bench.item_grant TO PUBLIC;
