-- djem has no token: Django's user is the principal.  Here the login service
-- puts it into one: who it is, the groups, and the model-level permissions.
SELECT authz.add_issuer('https://login.example.com/polls', '{polls}', options => '{"admin_groups": ["superusers"]}');
SELECT authz.set_jwks('https://login.example.com/polls', :'jwks');
