-- AUTH_CLIENTS = {'clientA': {'JWKS_URL': ...}, 'clientB': {'CLIENT_SECRET': ...}}
-- and CLIENT = 'hypatio'.  A token finds its client by "aud"; the names of the
-- issuers are free.  AUTHZ_ADMIN_GROUP and AUTHZ_ADMIN_PERMISSION are those of
-- the profile: dbmi-admin and MANAGE.
SELECT authz.add_issuer('DBMI portal', '{clientA}', 'dbmi', '{"client": "hypatio"}');
SELECT authz.set_jwks('DBMI portal', :'jwks');
SELECT authz.add_issuer('DBMI upload', '{clientB}', 'dbmi', '{"client": "hypatio"}');
SELECT authz.add_secret('DBMI upload', sha256('the secret of clientB'));

-- What SciAuthZ held, dumped with the database.  MANAGE is given by hand.
INSERT INTO authz.item_permission (email, client, item, permission) VALUES
	('mia@example.com', 'hypatio', 'hypatio.n2c2', 'MANAGE'),
	('vera@example.com', 'hypatio', 'profile', 'view'),
	('Ira@Example.com', 'hypatio', 'Profile.Image', 'View');
-- In this application whoever manages an item may also view it.
INSERT INTO authz.permission_implies (client, permission, implies) VALUES
	('hypatio', 'MANAGE', 'VIEW');
