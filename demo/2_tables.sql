-- The clinic's tables.  They know nothing of tokens yet.

-- Documents belong to people: to a subject of the patients' provider, or to
-- an e-mail address of the desk's.
CREATE TABLE documents (
	id integer PRIMARY KEY,
	owner text NOT NULL,
	title text NOT NULL
);
CREATE INDEX ON documents (owner);
INSERT INTO documents VALUES
	(1, 'auth0|ann', 'Ann''s allergy test'),
	(2, 'auth0|ann', 'Ann''s X-ray'),
	(3, 'auth0|amy', 'Amy''s blood count'),
	(4, 'dan@clinic.example', 'Dan''s rota');

-- Records belong to organisations.
CREATE TABLE records (
	id integer PRIMARY KEY,
	org_id uuid NOT NULL,
	note text NOT NULL
);
CREATE INDEX ON records (org_id);
INSERT INTO records VALUES
	(1, '11111111-1111-4111-8111-111111111111', 'Hillside: ward round'),
	(2, '11111111-1111-4111-8111-111111111111', 'Hillside: discharge'),
	(3, '22222222-2222-4222-8222-222222222222', 'Lakeside: referral'),
	(4, '33333333-3333-4333-8333-333333333333', 'Seaside: inventory');

-- Messages are for whoever holds the permission read:admin-messages.
CREATE TABLE messages (
	id integer PRIMARY KEY,
	body text NOT NULL
);
INSERT INTO messages VALUES (1, 'Maintenance on Sunday');

-- Public knowledge, large enough for a parallel scan.
CREATE TABLE codes (
	code integer PRIMARY KEY,
	label text NOT NULL
);
INSERT INTO codes SELECT i, 'code ' || i FROM generate_series(1, 50000) i;
ANALYZE documents, records, messages, codes;

-- The application connects as this role, on behalf of everybody.
GRANT SELECT, INSERT, UPDATE, DELETE ON documents, records, messages TO clinic_app;
GRANT SELECT ON codes TO clinic_app;
