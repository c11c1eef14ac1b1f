-- What \df+ and \d+ tell of an object is one sentence that fits into a line; the reference has the rest.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dbmi_authz;
RESET client_min_messages;
\pset format unaligned
\pset footer off

-- Every member of the extension, with the columns and policies of its tables.
CREATE VIEW comments_said AS
WITH member AS (
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'dbmi_authz'
	   -- since 17 the types that come with tables and views are members, too
	   AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class r ON r.oid = t.typrelid
			WHERE t.oid = d.objid AND (t.typcategory = 'A' OR r.relkind IN ('r', 'v', 'm'))))
), object AS (
	SELECT classid, objid, 0 AS objsubid FROM member
	UNION ALL
	SELECT classid, objid, a.attnum FROM member
	  JOIN pg_attribute a ON classid = 'pg_class'::regclass AND a.attrelid = objid AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'pg_policy'::regclass, p.oid, 0 FROM member JOIN pg_policy p ON classid = 'pg_class'::regclass AND p.polrelid = objid
)
SELECT i.type, i.identity, c.description AS said
  FROM object o CROSS JOIN pg_identify_object(o.classid, o.objid, o.objsubid) i
  LEFT JOIN pg_description c ON (c.classoid, c.objoid, c.objsubid) = (o.classid, o.objid, o.objsubid);

CREATE VIEW comments_faults AS
SELECT concat_ws(' ', type, identity) AS object, fault
  FROM (SELECT *, count(said) OVER (PARTITION BY type = 'table column', said) AS times FROM comments_said) s,
	   LATERAL (VALUES
		(said IS NULL, 'says nothing'),
		(length(said) > 120, 'has more than 120 characters'),
		(said !~ '^[A-Z].*[^.]\.$', 'is no sentence'),
		(said ~ '[.!?]\s|\n', 'has more than one sentence'),
		(type = 'table column' AND times > 1, 'says what another column says')) f (found, fault)
 WHERE found;

SELECT type, count(*) > 0 AS some FROM comments_said GROUP BY type ORDER BY type COLLATE "C";
SELECT * FROM comments_faults ORDER BY object COLLATE "C", fault COLLATE "C";

-- Each fault is seen where it is planted, and what is none is not.
BEGIN;
COMMENT ON FUNCTION authz.claims() IS NULL;
COMMENT ON FUNCTION authz.subject() IS 'The claim sub.  NULL without identity.';
COMMENT ON FUNCTION authz.email() IS 'The e-mail address,
from a claim.';
COMMENT ON FUNCTION authz.username() IS 'the claim username';
COMMENT ON TABLE authz.issuer IS NULL;
COMMENT ON COLUMN authz.issuer.options IS 'As authz.profile.options, more than one dot, and one sentence.';
COMMENT ON COLUMN authz.permission_implies.permission IS 'Who holds this one on an item, in any case of ASCII letters,';
COMMENT ON COLUMN authz.permission_implies.implies IS 'The permission.';
COMMENT ON COLUMN authz.object_access.perm IS 'The permission.';
COMMENT ON POLICY visible ON authz.item_permission IS NULL;
SELECT concat('W', repeat('e', 118), '.') AS fits, concat('W', repeat('e', 119), '.') AS "long" \gset
COMMENT ON FUNCTION authz.orgs() IS :'fits';
COMMENT ON FUNCTION authz.groups() IS :'long';
SELECT * FROM comments_faults ORDER BY object COLLATE "C", fault COLLATE "C";
ROLLBACK;
DROP VIEW comments_faults, comments_said;
