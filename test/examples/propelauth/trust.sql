-- init_auth(auth_url, ..., token_verification_metadata): the verifier key and
-- the issuer, as the dashboard of PropelAuth shows them under "Backend
-- Integration".  No slash at the end; tokens have no audience.
SELECT authz.add_issuer('https://auth.example.com', NULL, 'propelauth');
SELECT authz.add_pem('https://auth.example.com', :'verifier_key');
