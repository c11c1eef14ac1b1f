#!/usr/bin/python3
"""Makes data/assertions.jsonl.xz: what one server of a cluster may tell another.

  test/vectors/make_assertions.py           write the file
  test/vectors/make_assertions.py --print   its lines

Beside each assertion that is refused stands one that is taken.  The cluster's
key is test/fixtures/ed25519_a.pem; the issuer has ed25519_b.pem and the secret of
RFC 7515, A.1.  Ed25519 gives one signature for one text, so the lines are always
the same.
"""
import hashlib
import hmac
import importlib.machinery
import importlib.util
import json
import lzma
import os
import sys

import vectors

FIXTURES = os.path.join(vectors.HERE, "../fixtures/")
MINT = os.path.join(vectors.HERE, "../mint")

loader = importlib.machinery.SourceFileLoader("mint", MINT)
mint = importlib.util.module_from_spec(importlib.util.spec_from_loader("mint", loader))
sys.dont_write_bytecode = True
loader.exec_module(mint)

K = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
NOW = 1700000000
CLUSTER = FIXTURES + "ed25519_a.pem"
ISSUER = FIXTURES + "ed25519_b.pem"
OTHER = FIXTURES + "p256_a.pem"

HEADER = {"alg": "EdDSA", "typ": "authz-assertion+jwt", "kid": "c1", "destination": "7/db",
          "nonce": "n1", "iat": NOW, "exp": NOW + 60}
CLAIMS = {"iss": "https://id.example", "aud": "api", "exp": NOW + 3600, "sub": "ann"}
LISTED = {"token_types": ["authz-assertion+jwt"]}
MALFORMED = "reject assertion-malformed"
NOT_HERE = "reject assertion-not-here"


def without(name):
    return {name: None}


# id, members of the header beside those above (None: taken out; text: the whole
# header), claims beside those above, verdict
ROWS = [
    ("ok", {}, {}, "accept"),
    ("ok-Ed25519", {"alg": "Ed25519"}, {}, "accept"),
    ("ok-stored", {"stored": "digest"}, {}, "accept"),
    ("ok-unknown-members", {"x": [1], "jku": "https://evil.example/"}, {}, "accept"),
    ("ok-typ-prefix", {"typ": "application/authz-assertion+jwt"}, {}, "accept"),
    ("ok-typ-case", {"typ": "Authz-Assertion+JWT"}, {}, "accept"),
    ("typ-absent", without("typ"), {}, "reject assertion-expected"),
    ("typ-JWT", {"typ": "JWT"}, {}, "reject assertion-expected"),
    ("typ-blank", {"typ": " authz-assertion+jwt"}, {}, "reject assertion-expected"),
    ("typ-two-prefixes", {"typ": "application/application/authz-assertion+jwt"}, {}, "reject assertion-expected"),
    ("alg-none", {"alg": "none"}, {}, MALFORMED),
    ("alg-absent", without("alg"), {}, MALFORMED),
    ("alg-HS256", {"alg": "HS256"}, {}, MALFORMED),
    ("alg-Ed448", {"alg": "Ed448"}, {}, MALFORMED),
    ("alg-case", {"alg": "EDDSA"}, {}, MALFORMED),
    ("kid-absent", without("kid"), {}, MALFORMED),
    ("kid-empty", {"kid": ""}, {}, MALFORMED),
    ("kid-number", {"kid": 1}, {}, "reject header-type"),
    ("kid-unknown", {"kid": "c2"}, {}, "reject assertion-key"),
    ("kid-of-issuer", {"kid": "i1"}, {}, "reject assertion-key"),
    ("crit", {"crit": ["nonce"]}, {}, "reject header-critical"),
    ("b64", {"b64": False}, {}, "reject header-critical"),
    ("cty", {"cty": "JWT"}, {}, "reject header-critical"),
    ("member-twice", '{"alg":"EdDSA","typ":"authz-assertion+jwt","kid":"c1","destination":"7/db",'
     '"destination":"8/db","nonce":"n1","iat":1700000000,"exp":1700000060}', {}, "reject header-json"),
    ("member-twice-escaped", '{"alg":"EdDSA","typ":"authz-assertion+jwt","t\\u0079p":"JWT","kid":"c1",'
     '"destination":"7/db","nonce":"n1","iat":1700000000,"exp":1700000060}', {}, "reject header-json"),
    ("destination-absent", without("destination"), {}, MALFORMED),
    ("destination-other", {"destination": "7/other"}, {}, "reject assertion-destination"),
    ("destination-prefix", {"destination": "7/d"}, {}, "reject assertion-destination"),
    ("destination-array", {"destination": ["7/db", "8/db"]}, {}, MALFORMED),
    ("nonce-absent", without("nonce"), {}, MALFORMED),
    ("nonce-number", {"nonce": 1}, {}, MALFORMED),
    ("nonce-long", {"nonce": "n" * 1001}, {}, MALFORMED),
    ("chain-short", {"chain": mint.b64url(bytes(31))}, {}, MALFORMED),
    ("chain-long", {"chain": mint.b64url(bytes(33))}, {}, MALFORMED),
    ("chain-padded", {"chain": mint.b64url(bytes(32)) + "="}, {}, MALFORMED),
    ("chain-unused-bits", {"chain": "A" * 42 + "B"}, {}, MALFORMED),
    ("chain-empty", {"chain": ""}, {}, MALFORMED),
    ("chain-number", {"chain": 1}, {}, MALFORMED),
    ("chain-array", {"chain": [mint.b64url(bytes(32))]}, {}, MALFORMED),
    ("stored-number", {"stored": 1}, {}, MALFORMED),
    ("iat-absent", without("iat"), {}, MALFORMED),
    ("exp-absent", without("exp"), {}, MALFORMED),
    ("exp-string", {"exp": str(NOW + 60)}, {}, MALFORMED),
    ("exp-real", {"exp": NOW + 60.0}, {}, MALFORMED),
    ("exp-exponent", '{"alg":"EdDSA","typ":"authz-assertion+jwt","kid":"c1","destination":"7/db","nonce":"n1",'
     '"iat":1700000000,"exp":17000000e2}', {}, MALFORMED),
    ("exp-beyond-int64", {"exp": 2 ** 64}, {}, "reject header-json"),
    ("exp-greatest", {"exp": 2 ** 63 - 1}, {}, MALFORMED),
    ("exp-negative", {"iat": -61, "exp": -1}, {}, MALFORMED),
    ("iat-least-exp-greatest", {"iat": -2 ** 63, "exp": 2 ** 63 - 1}, {}, MALFORMED),
    ("ok-60-seconds", {"iat": NOW - 59, "exp": NOW + 1}, {}, "accept"),
    ("61-seconds", {"iat": NOW, "exp": NOW + 61}, {}, MALFORMED),
    ("exp-now", {"iat": NOW - 60, "exp": NOW}, {}, "reject assertion-expired"),
    ("exp-past", {"iat": 0, "exp": 60}, {}, "reject assertion-expired"),
    ("exp-before-iat", {"iat": NOW + 5, "exp": NOW + 4}, {}, MALFORMED),
    ("ok-iat-ahead", {"iat": NOW + 10}, {}, "accept"),
    ("iat-far-ahead", {"iat": NOW + 11}, {}, "reject assertion-ahead"),
    ("payload-issuer", {}, {"iss": "https://evil.example"}, "reject issuer-untrusted"),
    ("payload-no-issuer", {}, without("iss"), "reject issuer-untrusted"),
    ("payload-expired", {}, {"exp": NOW}, "reject expired"),
    ("payload-exp-string", {}, {"exp": "1800000000"}, "reject exp-invalid"),
    ("payload-exp-absent", {}, without("exp"), "reject exp-missing"),
    ("payload-nbf-string", {}, {"nbf": "1"}, "reject nbf-invalid"),
    ("payload-iat-object", {}, {"iat": {}}, "reject iat-invalid"),
    ("payload-sub-number", {}, {"sub": 5}, "reject claim-type"),
    ("payload-act", {}, {"act": "bot"}, "reject actor-claim"),
    ("payload-overage", {}, {"hasgroups": True}, "reject groups-unlisted"),
    ("ok-payload-audience", {}, {"aud": "other"}, "accept"),
    ("ok-payload-nbf", {}, {"nbf": NOW + 5}, "accept"),
    ("ok-payload-cnf", {}, {"cnf": {"jkt": "x"}}, "accept"),
]


def jwk(path, kid):
    return {**mint.public_jwk(path, None), "kid": kid}


def changed(base, members):
    return {name: value for name, value in {**base, **members}.items() if value is not None}


def text_of(header, claims):
    if not isinstance(header, str):
        header = mint.encode(changed(HEADER, header))
    return mint.b64url(header.encode()) + "." + mint.b64url(mint.encode(changed(CLAIMS, claims)).encode())


def signed(text, alg="EdDSA", key=CLUSTER):
    return text + "." + mint.b64url(mint.sign(alg, key, text.encode()))


def hmac_of(text, secret):
    return text + "." + mint.b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def chain(seed):
    """Values of later uses, the anchor first."""
    values = [seed]
    for _ in range(64):
        values.insert(0, hashlib.sha256(values[0]).digest())
    return values


def use(token, number, value):
    return "%s.%s.%s" % (token, number, value if isinstance(value, str) else mint.b64url(value))


def uses(cluster):
    """An assertion with an anchor, and what stands behind it."""
    values, others = chain(bytes(range(32))), chain(bytes(range(1, 33)))
    token = signed(text_of({"chain": mint.b64url(values[0])}, {}))
    forged = signed(text_of({"chain": mint.b64url(values[0])}, {}), key=ISSUER)
    v5 = mint.b64url(values[5])
    yield row("ok-chain", "accept", token, **cluster)
    for number in (1, 2, 5, 63, 64):
        yield row("ok-use-%d" % number, "accept", use(token, number, values[number]), **cluster)
    for name, number, value in (("of-anchor", 1, values[0]), ("before", 5, values[4]), ("behind", 5, values[6]),
                                ("of-another", 5, others[5]), ("zero", 5, bytes(32)), ("last-as-first", 1, values[64])):
        yield row("use-value-" + name, "reject assertion-signature", use(token, number, value), **cluster)
    for name, number, value in (("number-0", 0, values[0]), ("number-65", 65, values[64]), ("number-zero-in-front", "05", v5),
                                ("number-sign", "+5", v5), ("number-absent", "", v5), ("number-letter", "5a", v5),
                                ("number-large", 2 ** 32 + 5, v5), ("value-absent", 5, ""), ("value-short", 5, v5[:42]),
                                ("value-long", 5, v5 + "A"), ("value-padded", 5, v5 + "="), ("value-unused-bits", 5, v5[:42] + "B"),
                                ("more-behind", 5, use(v5, 6, values[6]))):
        yield row("use-" + name, MALFORMED, use(token, number, value), **cluster)
    yield row("use-without-anchor", "reject assertion-signature", use(signed(text_of({}, {})), 5, values[5]), **cluster)
    yield row("use-forged", "reject assertion-signature", use(forged, 5, values[5]), **cluster)
    yield row("use-as-token", "reject encrypted", use(token, 5, values[5]))


def row(name, verdict, token, **more):
    return {"origin": "assertions", "id": name, "verdict": verdict, "token": token, "now": NOW,
            "iss": CLAIMS["iss"], "aud": "api", "destination": "7/db",
            "jwks": {"keys": [jwk(ISSUER, "i1")]}, **more}


def rows():
    cluster = {"cluster": {"keys": [jwk(CLUSTER, "c1")]}}
    mixed = {"cluster": {"keys": [jwk(CLUSTER, "c1"), jwk(OTHER, "c3"), jwk(FIXTURES + "ed448.pem", "c4")]}}
    good = text_of({}, {})
    public = vectors.unb64(jwk(CLUSTER, "c1")["x"])
    for name, header, claims, verdict in ROWS:
        yield row(name, verdict, signed(text_of(header, claims)), **cluster)

    yield from uses(cluster)

    # who has not the key
    yield row("by-issuer-key", "reject assertion-signature", signed(good, key=ISSUER), **cluster)
    yield row("hmac-public-key", MALFORMED, hmac_of(text_of({"alg": "HS256"}, {}), public), **cluster)
    yield row("hmac-public-key-as-EdDSA", "reject assertion-signature", hmac_of(good, public), **cluster)
    yield row("signature-zero", "reject assertion-signature", good + "." + mint.b64url(bytes(64)), **cluster)
    yield row("signature-absent", "reject segment-count", good + ".", **cluster)
    yield row("signature-of-another", "reject assertion-signature",
              good + "." + signed(text_of({"nonce": "n2"}, {})).rpartition(".")[2], **cluster)
    yield row("signature-padded", "reject alphabet", signed(good) + "==", **cluster)
    yield row("payload-exchanged", "reject assertion-signature",
              good.partition(".")[0] + "." + text_of({}, {"sub": "eve"}).partition(".")[2] + "."
              + signed(good).rpartition(".")[2], **cluster)
    yield row("token-of-issuer", "reject assertion-expected",
              signed(text_of('{"alg":"EdDSA","typ":"JWT","kid":"i1"}', {}), key=ISSUER), **cluster)
    yield row("ES256-header", MALFORMED, signed(text_of({"alg": "ES256", "kid": "c3"}, {})), **mixed)
    yield row("ES256-key-as-EdDSA", "reject key-mismatch", signed(text_of({"kid": "c3"}, {})), **mixed)
    yield row("Ed448-key-as-EdDSA", "reject key-mismatch",
              signed(text_of({"kid": "c4"}, {}), "Ed448", FIXTURES + "ed448.pem"), **mixed)
    yield row("no-cluster-key", "reject assertion-key", signed(good), cluster={"keys": [jwk(ISSUER, "c9")]})
    yield row("options-values", "reject claim-value", signed(good), **cluster,
              options={"claim_values": [{"claim": "sub", "values": ["eve"]}]})
    yield row("options-required", "reject claim-missing", signed(good), **cluster,
              options={"required_claims": ["email"]})
    yield row("options-age", "reject too-old", signed(text_of({}, {"iat": NOW - 600})), **cluster,
              options={"max_age_seconds": 600})

    # and as a token it is worth nothing, whoever has signed it
    for name, options in (("", {}), ("-listed", LISTED)):
        yield row("as-token" + name, NOT_HERE, signed(good), options=options)
        yield row("as-token-of-issuer" + name, NOT_HERE, signed(text_of({"kid": "i1"}, {}), key=ISSUER), options=options)
        for spelling in ("AUTHZ-ASSERTION+JWT", "application/authz-assertion+jwt"):
            yield row("as-token-hmac-" + spelling.partition("/")[0].lower()[:5] + name, NOT_HERE,
                      hmac_of(text_of({"alg": "HS256", "kid": "h1", "typ": spelling}, {}), vectors.unb64(K)),
                      options=options, jwks={"keys": [{"kty": "oct", "alg": "HS256", "kid": "h1", "k": K}]})
    yield row("ok-token", "accept", signed(text_of('{"alg":"EdDSA","typ":"JWT","kid":"i1"}', {}), key=ISSUER))


def lines():
    for made in rows():
        yield json.dumps(made) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.writelines(lines())
    else:
        with lzma.open(vectors.path_of("assertions"), "wt", preset=9 | lzma.PRESET_EXTREME) as f:
            f.writelines(lines())
