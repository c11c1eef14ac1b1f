\echo Use "CREATE EXTENSION neighbour" to load this file. \quit

-- Names as ours, in another schema.
CREATE FUNCTION neighbour.subject() RETURNS text STABLE PARALLEL SAFE
	LANGUAGE C AS 'MODULE_PATHNAME', 'neighbour_user';
CREATE FUNCTION neighbour.is_owner(owner text) RETURNS boolean STABLE
	LANGUAGE sql RETURN owner OPERATOR(pg_catalog.=) neighbour.subject();
CREATE FUNCTION neighbour.set_token(token text) RETURNS void VOLATILE
	LANGUAGE sql AS $$ SELECT pg_catalog.set_config('authz.user', token, false) $$;
GRANT USAGE ON SCHEMA neighbour TO PUBLIC;
