-- AXIOMS_ISS_URL and AXIOMS_AUDIENCE, and the keys of AXIOMS_JWKS_URL.
-- AXIOMS_SCOPE_CLAIMS = ['scope', 'scp'] is what the profile does; the roles
-- of this provider are under a name of its own:
-- AXIOMS_ROLES_CLAIMS = ['https://example.com/claims/roles', 'roles']
SELECT authz.add_issuer('https://login.example.com', '{articles-api}', 'axioms',
	'{"role_claims": ["https://example.com/claims/roles", "roles"]}');
SELECT authz.set_jwks('https://login.example.com', :'jwks');
