-- Whom the database believes.  Run by the owner of the database, who needs
-- no superuser: the extension is trusted.
--
-- The variables hold public keys (and one shared secret) that a real
-- deployment gets from its identity providers.

CREATE EXTENSION dbmi_authz;

-- Patients log in with Auth0.  Its tokens are signed with RS256.
SELECT authz.add_issuer('https://clinic.example.auth0.com/',
						'{https://api.clinic.example}', 'auth0');
SELECT authz.add_pem('https://clinic.example.auth0.com/',
					 :'patients_pem', 'patients-1', 'RS256');

-- Staff log in with the clinic's own provider, ES256; its keys arrive as a
-- JWK set.
SELECT authz.add_issuer('https://id.clinic.example', '{clinic-api}', 'axioms');
SELECT authz.set_jwks('https://id.clinic.example', :'staff_jwks');

-- Partner organisations have a provider that signs with EdDSA.
SELECT authz.add_issuer('https://partners.example', '{clinic-api}', 'generic');
SELECT authz.add_key('https://partners.example', :'partners_jwk');

-- An older application shares a secret with us, HS256.  Its tokens are told
-- by their audience, and its users by their e-mail address.
SELECT authz.add_issuer('clinic-desk', '{clinicDesk}', 'dbmi');
SELECT authz.add_secret('clinic-desk', :'desk_secret');
