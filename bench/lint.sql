-- :tables tables in a database of their own, each with an owner's and an
-- administrator's policy, an index, and grants to two roles.
CREATE EXTENSION dbmi_authz;
CREATE ROLE lint_reader LOGIN;
CREATE ROLE lint_writer LOGIN;
-- BYPASSRLS without a privilege: all tables are looked at for one
CREATE ROLE lint_backup LOGIN BYPASSRLS;
CREATE SCHEMA many;
CREATE PROCEDURE many.make(tables integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. tables LOOP
		EXECUTE pg_catalog.format('CREATE TABLE many.t%s (id integer PRIMARY KEY, owner text, body text)', n);
		EXECUTE pg_catalog.format('CREATE INDEX ON many.t%s (owner)', n);
		EXECUTE pg_catalog.format('ALTER TABLE many.t%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', n);
		EXECUTE pg_catalog.format('CREATE POLICY own ON many.t%s USING (authz.is_owner(owner))', n);
		EXECUTE pg_catalog.format('CREATE POLICY admin ON many.t%s USING (authz.has_scope(''admin''))', n);
		EXECUTE pg_catalog.format('GRANT SELECT ON many.t%s TO lint_reader', n);
		EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON many.t%s TO lint_writer', n);
		IF n % 100 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END $$;
CALL many.make(:tables);
VACUUM ANALYZE;
