-- AUTH0_DOMAIN and AUTH0_AUDIENCE.  The issuer of Auth0 ends in a slash.  The
-- keys are those of https://my-domain.us.auth0.com/.well-known/jwks.json,
-- fetched by curl and cron.
SELECT authz.add_issuer('https://my-domain.us.auth0.com/', '{https://api.example.com}', 'auth0');
SELECT authz.set_jwks('https://my-domain.us.auth0.com/', :'jwks');
