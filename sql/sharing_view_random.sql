-- What sharing_view() writes is what a walk by hand finds, whatever is shared, denied and ends; and every option counts.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
SET client_min_messages = warning;
-- Of tables without statistics the planner expects so much that compiling would take seconds.
SET jit = off;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA sharing;
SET search_path = sharing, public;
CREATE DOMAIN number AS integer;
CREATE DOMAIN word AS varchar(20) CHECK (value <> '');
CREATE TYPE degree AS ENUM ('view', 'comment', 'edit', 'own');

--
-- Random rows: first in numbers, then in tables of the types to be tried
--
CREATE TABLE n_folder (id integer, parent integer, breaks boolean);
CREATE TABLE n_share (folder integer, person integer, team integer, level text, denied boolean, until timestamptz);
CREATE TABLE n_member (team integer, person integer, until timestamptz);
CREATE TABLE n_team (member integer, team integer, until timestamptz);
-- One of 1 to n, sometimes none.
CREATE FUNCTION any_of(n integer, missing float) RETURNS integer LANGUAGE sql RETURN CASE WHEN random() >= missing THEN 1 + floor(random() * n)::integer END;
-- One of four ends, sometimes none.
CREATE FUNCTION any_end() RETURNS timestamptz LANGUAGE sql RETURN '2100-01-01'::timestamptz + any_of(4, 0.5) * interval '1 day';
-- Another spelling of a case-insensitive key is the same key.
CREATE FUNCTION spell(type text, i integer) RETURNS text LANGUAGE sql RETURN CASE
	WHEN type = 'uuid' THEN '00000000-0000-4000-8000-' || lpad(i::text, 12, '0')
	WHEN type IN ('text', 'varchar', 'varchar(9)', 'word') THEN 'Key ' || i
	WHEN type = 'citext' THEN (ARRAY['key ', 'KEY '])[any_of(2, 0)] || i
	ELSE i::text END;
-- Folders and teams lie in each other as it comes, in circles too.
CREATE PROCEDURE shuffle() LANGUAGE sql AS $$
	TRUNCATE n_folder, n_share, n_member, n_team;
	INSERT INTO n_folder SELECT i, any_of(10, 0.3), (ARRAY[true, false, false, NULL])[any_of(4, 0)] FROM generate_series(1, 10) i;
	INSERT INTO n_share SELECT any_of(10, 0.1), any_of(3, 0.5), any_of(5, 0.5), (ARRAY['view', 'comment', 'edit', 'own', NULL])[any_of(5, 0)],
		(ARRAY[true, false, false, false, NULL])[any_of(5, 0)], any_end() FROM generate_series(1, 10);
	INSERT INTO n_member SELECT any_of(5, 0.1), any_of(3, 0.1), any_end() FROM generate_series(1, 4);
	INSERT INTO n_team SELECT any_of(5, 0.1), any_of(5, 0.1), any_end() FROM generate_series(1, 7);
$$;
CREATE PROCEDURE make_tables(types jsonb) LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS folder, share, member, team CASCADE;
	EXECUTE format('CREATE TABLE folder (id %s, parent %s, breaks boolean)', types ->> 'folder', types ->> 'parent');
	EXECUTE format('CREATE TABLE share (folder %s, person %s, team %s, level %s, denied boolean, until timestamptz)',
		types ->> 'shared', types ->> 'person', types ->> 'team', types ->> 'level');
	EXECUTE format('CREATE TABLE member (team %s, person %s, until timestamptz(0))', types ->> 'team', types ->> 'person');
	EXECUTE format('CREATE TABLE team (member %s, team %s, until timestamptz)', types ->> 'team', types ->> 'subteam');
END $$;
CREATE PROCEDURE fill_tables(types jsonb) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE folder, share, member, team;
	EXECUTE format('INSERT INTO folder SELECT spell(%1$L, id)::%1$s, spell(%2$L, parent)::%2$s, breaks FROM n_folder', types ->> 'folder', types ->> 'parent');
	EXECUTE format('INSERT INTO share SELECT spell(%1$L, folder)::%1$s, spell(%2$L, person)::%2$s, spell(%3$L, team)::%3$s, level::%4$s, denied, until FROM n_share',
		types ->> 'shared', types ->> 'person', types ->> 'team', types ->> 'level');
	EXECUTE format('INSERT INTO member SELECT spell(%1$L, team)::%1$s, spell(%2$L, person)::%2$s, until FROM n_member', types ->> 'team', types ->> 'person');
	EXECUTE format('INSERT INTO team SELECT spell(%1$L, member)::%1$s, spell(%2$L, team)::%2$s, until FROM n_team', types ->> 'team', types ->> 'subteam');
END $$;

--
-- The two ways
--
-- The call, with those of the options that stand in the list.
CREATE FUNCTION call_of(shape text, o text[]) RETURNS text LANGUAGE sql AS $$
SELECT concat_ws(', ', format('SELECT authz.sharing_view(''mine'', %L, view_schema => ''sharing'', dry_run => false', shape),
	CASE WHEN o @> '{members}' THEN 'members => ''member'', member_team => ''team'', member_subject => ''person''' END,
	CASE WHEN o @> '{members,member_valid_until}' THEN 'member_valid_until => ''until''' END,
	CASE WHEN o @> '{members,subteams}' THEN 'subteams => ''team'', subteam => ''member'', subteam_of => ''team''' END,
	CASE WHEN o @> '{members,subteams,subteam_valid_until}' THEN 'subteam_valid_until => ''until''' END,
	CASE WHEN shape <> 'teams' THEN 'shares => ''share'', share_key => ''folder''' END,
	CASE WHEN shape <> 'teams' AND o @> '{members}' THEN 'share_team => ''team''' END,
	CASE WHEN shape <> 'teams' AND o @> '{share_subject}' THEN 'share_subject => ''person''' END,
	CASE WHEN shape <> 'teams' AND o @> '{share_level}' THEN 'share_level => ''level'', levels => ''{view,comment,edit,own}'', min_level => ''comment''' END,
	CASE WHEN shape <> 'teams' AND o @> '{share_deny}' THEN 'share_deny => ''denied''' END,
	CASE WHEN shape <> 'teams' AND o @> '{share_valid_until}' THEN 'share_valid_until => ''until''' END,
	CASE WHEN shape = 'folders' THEN 'folders => ''folder'', folder_key => ''id'', folder_parent => ''parent''' END,
	CASE WHEN shape = 'folders' AND o @> '{folder_breaks}' THEN 'folder_breaks => ''breaks''' END) || ')' $$;
-- By hand, step by step: the teams of a person at an instant; NULL is before every end.
CREATE FUNCTION teams_of(o text[], who integer, instant timestamptz) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	teams integer[] := ARRAY(SELECT team FROM n_member WHERE person = who AND (NOT o @> '{member_valid_until}' OR (until <= instant) IS NOT TRUE));
	next integer;
BEGIN
	WHILE o @> '{subteams}' LOOP
		SELECT team INTO next FROM n_team
		 WHERE member = ANY (teams) AND team <> ALL (array_remove(teams, NULL)) AND (NOT o @> '{subteam_valid_until}' OR (until <= instant) IS NOT TRUE) LIMIT 1;
		EXIT WHEN next IS NULL;
		teams := teams || next;
	END LOOP;
	RETURN CASE WHEN o @> '{members}' THEN teams END;
END $$;
-- What is shared, or denied, and what lies in it.
CREATE FUNCTION reach(shape text, o text[], who integer, instant timestamptz, denying boolean) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	teams integer[] := teams_of(o, who, instant);
	reached integer[] := '{}';
	next integer;
	s n_share;
BEGIN
	FOR s IN SELECT * FROM n_share WHERE (person = who AND o @> '{share_subject}') OR team = ANY (teams) LOOP
		CONTINUE WHEN o @> '{share_valid_until}' AND s.until <= instant;
		IF denying THEN
			CONTINUE WHEN NOT o @> '{share_deny}' OR s.denied IS NOT TRUE;
			CONTINUE WHEN o @> '{share_level}' AND s.level IN ('edit', 'own');
		ELSE
			CONTINUE WHEN o @> '{share_deny}' AND s.denied IS NOT FALSE;
			CONTINUE WHEN o @> '{share_level}' AND (s.level IS NULL OR s.level = 'view');
		END IF;
		reached := reached || s.folder;
	END LOOP;
	WHILE shape = 'folders' LOOP
		SELECT id INTO next FROM n_folder
		 WHERE parent = ANY (reached) AND id <> ALL (array_remove(reached, NULL)) AND (NOT o @> '{folder_breaks}' OR NOT coalesce(breaks, NOT denying)) LIMIT 1;
		EXIT WHEN next IS NULL;
		reached := reached || next;
	END LOOP;
	RETURN reached;
END $$;
-- Keys, sorted; denials do not end.
CREATE FUNCTION by_hand(shape text, o text[], who integer, instant timestamptz) RETURNS integer[] LANGUAGE sql AS $$
SELECT ARRAY(SELECT DISTINCT k FROM unnest(CASE shape WHEN 'teams' THEN teams_of(o, who, instant) ELSE reach(shape, o, who, instant, false) END) k
	WHERE k IS NOT NULL AND (shape = 'teams' OR k <> ALL (array_remove(reach(shape, o, who, NULL, true), NULL))) ORDER BY k) $$;
-- By the view; its second column is there when something ends.
CREATE FUNCTION by_view(o text[], instant timestamptz) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	keys integer[];
BEGIN
	EXECUTE format('SELECT ARRAY(SELECT DISTINCT substring(v::text from ''([0-9]+)["),]'')::integer FROM mine v %s ORDER BY 1)',
		CASE WHEN o::text ~ 'valid_until' THEN 'WHERE v.valid_until IS NULL OR v.valid_until > $1' END) USING instant INTO keys;
	RETURN keys;
END $$;

--
-- Equal, whatever the types and the options
--
CREATE TABLE compared (options text[], shape text, types text, equal boolean, found boolean);
CREATE PROCEDURE compare(shape text, types jsonb, o text[], rounds integer) LANGUAGE plpgsql AS $$
DECLARE
	who integer;
	day integer;
	hand integer[];
	view integer[];
BEGIN
	CALL make_tables(types);
	EXECUTE call_of(shape, o);
	FOR round IN 1..rounds LOOP
		CALL shuffle();
		CALL fill_tables(types);
		FOR who IN 0..3 LOOP
			CALL mint.login('tG', jsonb_build_object('sub', spell(types ->> 'person', who)));
			FOR day IN 0..4 LOOP
				hand := by_hand(shape, o, who, '2100-01-01'::timestamptz + day * interval '1 day');
				view := by_view(o, '2100-01-01'::timestamptz + day * interval '1 day');
				INSERT INTO compared VALUES (o, shape, types::text, hand = view, hand <> '{}');
				IF hand <> view THEN
					RAISE WARNING '% of % for % on day %: % by hand, % by the view', shape, o, who, day, hand, view;
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
	-- nobody
	CALL mint.logout();
	INSERT INTO compared VALUES (o, shape, types::text, by_view(o, '-infinity') = '{}', false);
END $$;
CREATE PROCEDURE compare_any(n integer) LANGUAGE plpgsql AS $$
DECLARE
	all_options text[] := '{members,member_valid_until,subteams,subteam_valid_until,share_subject,share_level,share_deny,share_valid_until,folder_breaks}';
	shapes text[] := '{teams,shares,folders,folders}';
	keys text[] := '{smallint,integer,bigint,uuid,text,varchar(9),citext,number,word}';
	o text[];
	shape text;
	folder text;
	team text;
BEGIN
	FOR i IN 1..n LOOP
		shape := shapes[any_of(4, 0)];
		o := ARRAY(SELECT option FROM unnest(all_options) option WHERE random() < 0.6);
		IF shape = 'teams' OR NOT o @> '{share_subject}' THEN o := o || '{members}'; END IF;
		IF NOT o @> '{members}' THEN o := ARRAY(SELECT option FROM unnest(o) option WHERE option !~ 'member|team'); END IF;
		IF NOT o @> '{subteams}' THEN o := array_remove(o, 'subteam_valid_until'); END IF;
		IF shape = 'teams' THEN o := array_remove(o, 'share_valid_until'); END IF;
		folder := keys[any_of(9, 0)];
		team := keys[any_of(9, 0)];
		-- types that can be compared: a domain and what it is over, varchar and text
		CALL compare(shape, jsonb_build_object('folder', folder, 'team', team,
			'shared', CASE folder WHEN 'number' THEN 'integer' WHEN 'text' THEN 'varchar(9)' WHEN 'varchar(9)' THEN 'word' ELSE folder END,
			'parent', CASE folder WHEN 'integer' THEN 'number' WHEN 'word' THEN 'text' ELSE folder END,
			'subteam', CASE team WHEN 'integer' THEN 'number' WHEN 'varchar(9)' THEN 'varchar' WHEN 'word' THEN 'text' ELSE team END,
			'person', keys[any_of(9, 0)], 'level', (ARRAY['text', 'citext', 'varchar(9)', 'degree'])[any_of(4, 0)]), o, 3);
	END LOOP;
END $$;
SELECT setseed(0.14);
CALL compare_any(9);
SELECT count(*) FILTER (WHERE NOT equal) AS unequal, count(*) > 500 AS many, count(*) FILTER (WHERE found) > 100 AS "not empty" FROM compared;

--
-- Every option counts: without it the view says something else
--
CREATE FUNCTION differences(shape text, o text[], option text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	types jsonb := '{"folder": "integer", "parent": "integer", "shared": "integer", "team": "text", "subteam": "text", "person": "text", "level": "text"}';
	without text[] := array_remove(o, option);
	with_it text;
	n integer := 0;
BEGIN
	CALL make_tables(types);
	EXECUTE call_of(shape, o);
	ALTER VIEW mine RENAME TO with_all;
	EXECUTE call_of(shape, without);
	ALTER VIEW mine RENAME TO without_it;
	FOR round IN 1..12 LOOP
		CALL shuffle();
		CALL fill_tables(types);
		CALL mint.login('tG', '{"sub": "Key 1"}');
		n := n + (SELECT count(*) FROM ((TABLE with_all EXCEPT TABLE without_it) UNION ALL (TABLE without_it EXCEPT TABLE with_all)) d);
	END LOOP;
	CALL mint.logout();
	RETURN n;
END $$;
SELECT option, differences('folders', '{members,member_valid_until,subteams,subteam_valid_until,share_subject,share_level,share_deny,share_valid_until,folder_breaks}', option) > 0 AS counts
  FROM unnest('{member_valid_until,subteams,subteam_valid_until,share_subject,share_level,share_deny,share_valid_until,folder_breaks,members}'::text[]) option;

CALL mint.go_home();
\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA sharing CASCADE;
