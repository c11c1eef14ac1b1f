"""Verifying a token: one not seen before, and the same again."""
import json

from compare import Variant, difference_row, interleave, ratio_row

ALGORITHMS = ("RS256", "ES256", "EdDSA")
TURNS = 25
BATCH = 200         # new tokens a turn
REPEATS = 20000     # of the same token a turn

# What an issuer may demand and say besides: eight options, which these tokens meet.
OPTIONS = """{"claim_values": [{"claim": "azp", "values": ["clinic-app", "clinic-web"]}, {"claim": "nonce", "absent": true}],
	"audience_claims": ["resource", "aud"], "token_types": ["at+jwt", "application/jwt"], "token_type_required": true,
	"skew_seconds": 5, "session_claim": "session_id", "merge_claims": true, "groups_overage": "raise"}"""
NONE = json.dumps(dict.fromkeys(json.loads(OPTIONS)))

def setup(server):
    server.file("tokens.sql", count=BATCH * (TURNS + 1))


def set_options(server, options):
    server.value("SELECT authz.alter_issuer('https://id.example', '%s')" % options)


def new_tokens(server, alg, what=""):
    """A turn takes tokens that no turn before has had."""
    def over(table, call):
        return lambda turn: (
            "SELECT count(%s) FROM bench.%s WHERE alg = '%s' AND id BETWEEN %d AND %d"
            % (call, table, alg, turn * BATCH + 1, (turn + 1) * BATCH))

    arguments = "(alg, public_key, msg, sig)"
    times = interleave(server, [
        Variant("ours", over("token", "authz.set_token(token)"), BATCH),
        Variant("bare", over("signature", "bench.verify" + arguments), BATCH),
        Variant("no login", over("token", "bench.set_token(token)"), BATCH),
        Variant("no verify", over("signature", "bench.empty_verify" + arguments), BATCH),
    ], TURNS)
    return ratio_row("new token, %s%s, against OpenSSL alone" % (alg, what),
                     times["ours"].minus(times["no login"]),
                     times["bare"].minus(times["no verify"]), 1.25, 10e-6)


def seen_tokens(server, alg, users):
    """Tokens that this backend knows, those of so many users in turn."""
    size = server.value("SELECT length(token) FROM bench.token WHERE alg = '%s' AND id = 1" % alg)

    def repeated(function):
        # the series is the outer side, so that the users alternate
        return ("SELECT count(%s(token)) FROM generate_series(1, %d),"
                " LATERAL (SELECT token FROM bench.token WHERE alg = '%s' AND id <= %d OFFSET 0) t"
                % (function, REPEATS // users, alg, users))

    times = interleave(server, [
        Variant("ours", repeated("authz.set_token"), REPEATS),
        Variant("empty", repeated("bench.set_token"), REPEATS),
    ], TURNS)
    what = "the same token again" if users == 1 else "%d users in turn" % users
    return difference_row("%s, %s, %s bytes" % (what, alg, size),
                          times["ours"], times["empty"], 4e-6)


def run(server):
    rows = [new_tokens(server, alg) for alg in ALGORITHMS]
    # an altered issuer: the tokens of before are new again
    set_options(server, OPTIONS)
    rows += [new_tokens(server, alg, ", eight options") for alg in ALGORITHMS]
    set_options(server, NONE)
    rows += [seen_tokens(server, alg, 1) for alg in ALGORITHMS]
    return rows + [seen_tokens(server, "RS256", 10)]
