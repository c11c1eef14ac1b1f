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
