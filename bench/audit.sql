-- Two tables, of which one is audited, and one has the customary trigger.
-- Variable: rows.
CREATE TABLE bench.change_log (
	id bigserial PRIMARY KEY,
	at timestamptz NOT NULL DEFAULT now(),
	role text NOT NULL DEFAULT current_user,
	relation text NOT NULL,
	command text NOT NULL,
	old_values jsonb,
	new_values jsonb);
CREATE FUNCTION bench.log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO bench.change_log (relation, command, new_values) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW));
	ELSIF TG_OP = 'UPDATE' THEN
		INSERT INTO bench.change_log (relation, command, old_values, new_values)
		VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
	ELSE
		INSERT INTO bench.change_log (relation, command, old_values) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD));
	END IF;
	RETURN NULL;
END $$;
CREATE TABLE bench.audit_source AS
	SELECT n AS id, 'user' || n % 100 AS owner, 'Title of ' || n AS title, repeat('body ', 10) AS body,
		   n * 1.5 AS amount, n % 3 = 0 AS done, timestamptz '2026-01-01' + n * interval '1 min' AS due
	  FROM generate_series(1, :rows) n;
ALTER TABLE bench.audit_source ADD PRIMARY KEY (id);
VACUUM ANALYZE bench.audit_source;
CREATE TABLE bench.audited (LIKE bench.audit_source INCLUDING ALL);
CREATE TABLE bench.logged (LIKE bench.audit_source INCLUDING ALL);
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON bench.logged
	FOR EACH ROW EXECUTE FUNCTION bench.log_change();
SELECT authz.audit('bench.audited');
