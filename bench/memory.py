"""Memory: does a backend grow, and how large is an identity?"""
import statistics

from compare import Row

CALLS = 100000
STEP = CALLS // 5
WARM_UP = 2 * STEP
LOOK = "SELECT 'look', bench.resident(), bench.allocated();\n"

TABLES = """
CREATE UNLOGGED TABLE bench.many (id integer, token text);
INSERT INTO bench.many
	SELECT id, token FROM generate_series(1, %d) id, bench.mint('EdDSA', bench.claims(id, 10));
ALTER TABLE bench.many ADD PRIMARY KEY (id);

-- Tokens that are refused, each for a reason of its own.
CREATE TABLE bench.bad (id integer GENERATED ALWAYS AS IDENTITY, why text, token text);
INSERT INTO bench.bad (why, token)
WITH good AS MATERIALIZED (
	SELECT c AS claims, (bench.mint('ES256', c)).token FROM bench.claims(1, 10) c)
SELECT 'missing', NULL FROM good
UNION ALL SELECT 'empty', '' FROM good
UNION ALL SELECT 'too large', repeat('A', 70000) FROM good
UNION ALL SELECT 'segments', 'a.b' FROM good
UNION ALL SELECT 'alphabet', token || '=' FROM good
UNION ALL SELECT 'header', 'e30' || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'unsigned', bench.b64url('{"alg":"none"}') || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'algorithm', bench.b64url('{"alg":"RS256","kid":"ES256"}') || substr(token, strpos(token, '.')) FROM good
UNION ALL SELECT 'forged', regexp_replace(token, '[^.]+$', '') || split_part((bench.mint('ES256', '{}')).token, '.', 3) FROM good
UNION ALL SELECT why, (bench.mint('ES256', claims)).token FROM (
	SELECT 'not JSON' AS why, claims || '}' AS claims FROM good
	UNION ALL SELECT 'duplicate', replace(claims, '{"iss"', '{"sub":"x","iss"') FROM good
	UNION ALL SELECT 'too deep', replace(claims, '"api"', repeat('[', 100) || repeat(']', 100)) FROM good
	UNION ALL SELECT 'issuer', replace(claims, 'id.example', 'no.example') FROM good
	UNION ALL SELECT 'audience', replace(claims, '"api"', '["other"]') FROM good
	UNION ALL SELECT 'expired', replace(claims, '4102444800', '1000000000') FROM good
	UNION ALL SELECT 'future', replace(claims, '1700000000', '4102444700') FROM good
	UNION ALL SELECT 'claim missing', replace(claims, '"sub"', '"subject"') FROM good
	UNION ALL SELECT 'claim type', regexp_replace(claims, '"jti":"[^"]*"', '"jti":1') FROM good) wrong;
"""

# An error ends its transaction, so that a login that fails is caught; in a
# thousand subtransactions at a time.
FAIL = """
CREATE PROCEDURE bench.fail(calls integer) LANGUAGE plpgsql AS $$
DECLARE
	tokens text[] := (SELECT array_agg(token ORDER BY id) FROM bench.bad);
	refused integer := 0;
BEGIN
	FOR i IN 1 .. calls LOOP
		BEGIN
			PERFORM authz.set_token(tokens[i %% %d + 1]);
		EXCEPTION WHEN invalid_authorization_specification THEN
			refused := refused + 1;
		END;
		IF i %% 1000 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
	IF refused <> calls THEN
		RAISE EXCEPTION 'accepted a bad token';
	END IF;
END $$;

CREATE PROCEDURE bench.log_in(calls integer) LANGUAGE plpgsql AS $$
DECLARE
	one text := (SELECT token FROM bench.many WHERE id = 1);
	two text := (SELECT token FROM bench.many WHERE id = 2);
BEGIN
	FOR i IN 1 .. calls LOOP
		PERFORM authz.set_token(CASE i %% 2 WHEN 0 THEN one ELSE two END, i %% 3 = 0);
		COMMIT;
	END LOOP;
END $$;

-- Every change of the trust has the keys loaded anew.
CREATE PROCEDURE bench.change_trust(first integer, last integer) LANGUAGE plpgsql AS $$
DECLARE
	one text := (SELECT token FROM bench.many WHERE id = 1);
	public_key text := (SELECT k.public_key FROM bench.key k WHERE alg = 'RS256');
BEGIN
	FOR i IN first .. last LOOP
		IF i %% 2 = 0 THEN
			PERFORM authz.drop_key('https://id.example', 'extra');
		ELSE
			PERFORM authz.add_pem('https://id.example', public_key, 'extra', 'PS256');
			PERFORM authz.revoke_token('https://id.example', 'nobody-' || i %% 100);
		END IF;
		COMMIT;
		PERFORM authz.set_token(one);
		COMMIT;
	END LOOP;
END $$;
"""


def setup(server):
    server.psql(TABLES % (WARM_UP + CALLS))
    kinds = int(server.value("SELECT count(*) FROM bench.bad"))
    server.psql(FAIL.replace("%d", str(kinds)).replace("%%", "%"))
    accepted = server.value("SELECT string_agg(why, ', ') FROM bench.bad"
                            " WHERE authz.try_set_token(token)")
    if accepted:
        raise RuntimeError("accepted bad tokens: " + accepted)


def kilobytes(size):
    return "{:,} kB".format(size // 1024)


def distinct(first, last):
    return ("SELECT count(authz.set_token(token)) FROM bench.many"
            " WHERE id BETWEEN %d AND %d;\n" % (first, last))


def same(first, last):
    return ("SELECT count(authz.set_token(token)) FROM bench.many, generate_series(%d, %d)"
            " WHERE id = 1;\n" % (first, last))


def refused(first, last):
    return ("SELECT count(authz.try_set_token(token)) FROM bench.bad,"
            " generate_series(1, %d / (SELECT count(*) FROM bench.bad)::integer + 1);\n"
            % (last - first + 1))


def raising(first, last):
    return "CALL bench.fail(%d);\n" % (last - first + 1)


def one_by_one(first, last):
    return "CALL bench.log_in(%d);\n" % (last - first + 1)


def changed_trust(first, last):
    return "CALL bench.change_trust(%d, %d);\n" % (first, last)


def growth(server, what, calls, total=CALLS):
    """Memory before and after, in one backend that is warm: that has done the
    same, looking at its memory included, twice a fifth of the calls."""
    step = total // 5
    script = ""
    for first in range(1, 7 * step, step):
        script += calls(first, first + step - 1) + LOOK
    looks = [[int(n) for n in line.split("|")[1:]]
             for line in server.psql(script) if line.startswith("look|")][1:]
    resident, allocated = ([look[i] for look in looks] for i in (0, 1))
    grown = max(series[-1] - series[0] for series in (resident, allocated))
    return Row("growth over %s: %s" % ("{:,}".format(total), what),
               kilobytes(resident[-1]), kilobytes(resident[0]),
               "%+.1f kB" % (grown / 1024), "< 1 byte each", grown < total,
               {"resident": resident, "allocated": allocated})


def identity_size(server, what, issue):
    """What malloc has given out with and without the identity in force, and
    what the backend's cache holds for each token."""
    count = 50
    server.psql("DROP TABLE IF EXISTS bench.sized;\n"
                "CREATE TABLE bench.sized AS SELECT id, c AS claims, (bench.mint('ES256', c)).token"
                " FROM generate_series(1, %d) id, LATERAL (SELECT %s AS c) x;\n" % (count, issue))
    held = ("SELECT 'held', sum(used_bytes) FROM pg_backend_memory_contexts"
            " WHERE name LIKE 'dbmi_authz tokens%';\n")
    script = ("SELECT authz.set_token(token) FROM bench.many WHERE id = 1;\n" + held +
              "SELECT count(authz.set_token(token)) FROM bench.sized;\n" + held)
    for i in range(1, count + 1):
        script += ("SELECT authz.clear_token();\nSELECT 'out', bench.allocated();\n"
                   "SELECT authz.set_token(token) FROM bench.sized WHERE id = %d;\n"
                   "SELECT 'in', bench.allocated();\n" % i)
    lines = [line.split("|") for line in server.psql(script) if "|" in line]
    figures = {name: [int(line[1]) for line in lines if line[0] == name]
               for name in ("held", "out", "in")}
    in_force = statistics.median(b - a for a, b in zip(figures["out"], figures["in"]))
    cached = (figures["held"][1] - figures["held"][0]) / count
    payload = float(server.value("SELECT avg(octet_length(claims)) FROM bench.sized"))
    return [Row("memory of an identity, %s: %s" % (what, where), "%d bytes" % size,
                "payload of %d bytes" % payload, "%.2f ×" % (size / payload),
                "≤ 4 ×", size <= 4 * payload,
                {"bytes": size, "payload": payload})
            for where, size in (("in force", in_force), ("in the cache", cached))]


def run(server):
    rows = [growth(server, what, calls) for what, calls in (
        ("new tokens", distinct),
        ("the same token", same),
        ("bad tokens, try_set_token", refused),
        ("bad tokens, errors caught", raising),
        ("two users in turn, a transaction each", one_by_one))]
    rows.append(growth(server, "new keys, revocations", changed_trust, 5000))
    rows += identity_size(server, "1 kB token", "bench.claims(id, 10)")
    rows += identity_size(server, "20 organisations",
                          "bench.org_claims(id, 20)")
    return rows
