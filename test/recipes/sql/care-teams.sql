-- Care teams: ann coordinates, bob is a clinician, pia reviews the record.
INSERT INTO patients SELECT i, 'Patient ' || i FROM generate_series(1, 2000) i;
INSERT INTO notes (id, patient_id, author) SELECT i, 1 + i % 2000, 'system' FROM generate_series(1, 6000) i;
INSERT INTO care_team SELECT 'clinician' || i, 10 + i % 1000 FROM generate_series(1, 2000) i;
SELECT setval('notes_id_seq', 50000) \g /dev/null
ANALYZE patients, notes, care_team;
TRUNCATE access_record;
SET ROLE app;

-- who grants: a coordinator, but not to herself
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO care_team VALUES ('bob', 1);
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO care_team VALUES ('ann', 1);
INSERT INTO care_team VALUES ('bob', 1), ('bob', 2) RETURNING patient_id;
SELECT authz.set_token(:'bob') \g /dev/null
UPDATE care_team SET patient_id = 3;
DELETE FROM care_team RETURNING clinician;

-- who sees what
SELECT array_agg(id ORDER BY id) AS patients, (SELECT count(*) FROM notes) AS notes FROM patients;
SELECT authz.set_token(:'ann') \g /dev/null
SELECT array_agg(id ORDER BY id) AS patients, (SELECT count(*) FROM notes) AS notes FROM patients;
SELECT authz.clear_token() \g /dev/null
SELECT count(*) FROM patients;

-- a child table goes by the patient
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO notes (patient_id, body) VALUES (1, 'Well') RETURNING author;
INSERT INTO notes (patient_id, body) VALUES (3, 'Well');
INSERT INTO notes (patient_id, author) VALUES (1, 'ann');
UPDATE notes SET body = '';

-- the time limit of a care team, within one transaction
\! psql -Xqc "INSERT INTO care_team VALUES ('bob', 3, clock_timestamp() + interval '3 seconds')"
BEGIN;
SELECT array_agg(id ORDER BY id) FROM patients;
SELECT pg_sleep(4) \g /dev/null
SELECT array_agg(id ORDER BY id) FROM patients;
COMMIT;

-- an emergency: by a clinician, for himself, with a reason and an end
SELECT authz.set_token(:'ann') \g /dev/null
INSERT INTO emergency (patient_id, reason) VALUES (4, 'I would like to know');
SELECT authz.set_token(:'bob') \g /dev/null
INSERT INTO emergency (patient_id, reason) VALUES (4, '         -         ');
INSERT INTO emergency (patient_id, reason, valid_until) VALUES (4, 'unconscious, allergies unknown', now() + interval '5 hours');
INSERT INTO emergency (patient_id, reason, valid_until) VALUES (4, 'unconscious, allergies unknown', NULL);
INSERT INTO emergency (patient_id, reason, since) VALUES (4, 'unconscious, allergies unknown', 'infinity');
INSERT INTO emergency (patient_id, reason, clinician) VALUES (4, 'unconscious, allergies unknown', 'ann');
INSERT INTO emergency (patient_id, reason) VALUES (4, 'unconscious, allergies unknown') RETURNING clinician, valid_until - since AS lasts;
SELECT array_agg(id ORDER BY id) AS patients, (SELECT count(*) FROM notes WHERE patient_id = 4) AS notes FROM patients;
UPDATE emergency SET valid_until = 'infinity';
DELETE FROM emergency;

-- its time limit
INSERT INTO emergency (patient_id, reason, valid_until) VALUES (5, 'unconscious, allergies unknown', clock_timestamp() + interval '3 seconds');
BEGIN;
SELECT array_agg(id ORDER BY id) FROM patients;
SELECT pg_sleep(4) \g /dev/null
SELECT array_agg(id ORDER BY id) FROM patients;
COMMIT;

-- nothing is read by a grant that is rolled back
BEGIN;
SAVEPOINT s;
INSERT INTO emergency (patient_id, reason) VALUES (6, 'I would like to know');
SELECT count(*) AS patients, (SELECT count(*) FROM notes WHERE patient_id = 6) AS notes FROM patients WHERE id = 6;
ROLLBACK TO s;
INSERT INTO emergency (patient_id, reason) VALUES (6, 'I would like to know');
SELECT count(*) FROM patients WHERE id = 6;
ROLLBACK;
SELECT count(*) FROM patients WHERE id = 6;

-- the record: the clinician neither reads nor writes it
SELECT count(*) FROM access_record;
INSERT INTO access_record (role, what) VALUES ('app', 'nothing');
UPDATE access_record SET who = 'ann';
DELETE FROM access_record;
TRUNCATE access_record;
TRUNCATE emergency;
ALTER TABLE emergency DISABLE TRIGGER record;
SELECT record_access();

-- the record has each change, who, when and why
SELECT authz.set_token(:'ann') \g /dev/null
DELETE FROM care_team WHERE clinician = 'bob' AND patient_id = 2;
SELECT authz.set_token(:'pia') \g /dev/null
SELECT who, what, coalesce(new_row, old_row) ->> 'patient_id' AS patient, new_row ->> 'reason' AS reason, new_row ->> 'valid_until' IS NOT NULL AS ends
  FROM access_record ORDER BY at;
SELECT count(*) FROM patients;

-- whoever writes, be it the owner or a replica's session
RESET ROLE;
SELECT tgenabled, count(*) FROM pg_trigger WHERE tgname = 'record' GROUP BY 1;
DELETE FROM emergency WHERE patient_id = 4;
SELECT who, what FROM access_record ORDER BY at DESC LIMIT 1;
SET ROLE app;

-- the next statement sees a change in another session
SELECT authz.set_token(:'bob') \g /dev/null
SELECT array_agg(id ORDER BY id) FROM patients;
\! psql -Xqc "DELETE FROM care_team WHERE clinician = 'bob'" -c "INSERT INTO emergency (clinician, patient_id, reason) VALUES ('bob', 7, 'as told by telephone')"
SELECT array_agg(id ORDER BY id) FROM patients;

-- the plans
SELECT scans('SELECT * FROM notes');
RESET ROLE;
SELECT scans('SELECT * FROM my_patients');
SELECT scans('SELECT * FROM my_emergencies');

\set table notes
\set another :ann
