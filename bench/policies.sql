-- Helpers as applications have them.  The claims are set for the session,
-- unsigned.
CREATE FUNCTION bench.owns(owner uuid) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN owner = (current_setting('app.claims')::jsonb ->> 'sub')::uuid;
END $$;

CREATE FUNCTION bench.owns(owner text) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN owner = current_setting('app.claims')::jsonb ->> 'sub';
END $$;

CREATE FUNCTION bench.may(scope text) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN scope = ANY (string_to_array(current_setting('app.claims')::jsonb ->> 'scope', ' '));
END $$;

-- Grants to a hundred thousand addresses, twenty of them to who reads.
CREATE TABLE bench.item_grant (email text, item text, permission text, PRIMARY KEY (email, item, permission));
INSERT INTO bench.item_grant
SELECT 'user.' || n || '@clinic.example', 'wards.' || i, 'view'
  FROM generate_series(0, 99999) n, generate_series(1, CASE n WHEN 0 THEN 20 ELSE 1 END) i;
INSERT INTO authz.item_permission (email, client, item, permission)
	SELECT email, 'bench', item, permission FROM bench.item_grant
	ON CONFLICT DO NOTHING;
VACUUM ANALYZE bench.item_grant, authz.item_permission;
GRANT SELECT ON bench.item_grant TO PUBLIC;

CREATE FUNCTION bench.holds(item text, permission text) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN EXISTS (SELECT FROM bench.item_grant g
					WHERE g.email = current_setting('app.claims')::jsonb ->> 'email'
					  AND g.item = holds.item AND g.permission = holds.permission);
END $$;

CREATE FUNCTION bench.may_in(org uuid, permission text) RETURNS boolean
	STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN current_setting('app.claims')::jsonb -> 'org_id_to_org_member_info' -> org::text
		-> 'user_permissions' ? permission;
END $$;
