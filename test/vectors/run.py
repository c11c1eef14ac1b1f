#!/usr/bin/python3
"""Feeds the public test vectors to test/unit/jose_verify.

test/vectors/run.py [FOLDER]

FOLDER, else $VECTORS, else ../shared/vectors beside the project, holds the
vectors.  One line a file says how many verdicts were as expected; each that
was not is named.  Where a standard leaves the verdict open, ours is printed;
policy.md gives the reasons.  The last line adds up.
"""
import base64
import glob
import hashlib
import hmac
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
PROGRAM = os.environ.get("JOSE_VERIFY") or os.path.join(ROOT, "test", "unit", "jose_verify")

# No vector may find the library at a loss: these are no verdicts.
NO_VERDICTS = {"crypto-failure", "no-memory"}

# A key of this project's, for tokens that are made here.
SECRET = hashlib.sha256(b"vectors of dbmi_authz").digest()
NOW = 1700000000


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


SECRET_JWK = {"kty": "oct", "alg": "HS256", "k": b64(SECRET)}


def make_token(header, payload):
    """An HS256 token around any bytes."""
    text = b64(header) + "." + b64(payload)
    mac = hmac.new(SECRET, text.encode(), hashlib.sha256).digest()
    return text + "." + b64(mac)


def is_private(jwk):
    return jwk.get("kty") != "oct" and "d" in jwk


class Files:
    """The vectors, read by the names that README.md gives them."""

    def __init__(self, folder):
        self.folder = folder

    def json(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as f:
            return json.load(f)

    def names(self, pattern):
        found = glob.glob(os.path.join(self.folder, pattern))
        return sorted(os.path.relpath(path, self.folder) for path in found)

    def bytes(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()


class Cases:
    """Requests with the verdicts that they must get."""

    def __init__(self, name):
        self.name = name
        self.rows = []          # (id, request, expected)
        self.left_open = set()  # ids

    def add(self, case, request, expected, left_open=False):
        """expected: accept, reject, reject with its reason, or either"""
        self.rows.append((case, request, expected))
        if left_open or expected == "either":
            self.left_open.add(case)

    def run(self):
        lines = "".join(json.dumps(request) + "\n" for _, request, _ in self.rows)
        done = subprocess.run([PROGRAM], input=lines, text=True,
                              stdout=subprocess.PIPE, check=True)
        answers = done.stdout.splitlines()
        if len(answers) != len(self.rows):
            sys.exit("%s: %d lines in, %d out"
                     % (self.name, len(self.rows), len(answers)))

        good, bad = 0, []
        decided = {"accept": [], "reject": []}
        for (case, _, expected), answer in zip(self.rows, answers):
            verdict, _, reason = answer.partition(" ")
            if (verdict not in decided or reason in NO_VERDICTS
                    or expected not in ("either", verdict, answer)):
                bad.append((case, expected, answer))
                continue
            good += 1
            if case in self.left_open:
                decided[verdict].append(case)
        print("%s: %d as expected, %d not" % (self.name, good, len(bad)))
        for case, expected, answer in bad:
            print("    %s: expected %s, got %s" % (case, expected, answer))
        for verdict, names in decided.items():
            if names:
                print("    left open, we %s: %s" % (verdict, " ".join(names)))
        return good, len(bad)


# ------------------------------------------------------------ Wycheproof --

def key_member(group):
    """The public key, or the symmetric one, which has no public half."""
    key = group.get("public") or group["private"]
    return {"jwks" if "keys" in key else "jwk": key}


def wycheproof_jose(files):
    rows = files.json("derived/wycheproof_jose_strict_expected.json")
    strict = {(row["file"], row["tcId"]): row["strict"] for row in rows}
    used = 0
    for path in files.names("wycheproof/jose/*.json"):
        name = os.path.basename(path)
        cases = Cases(path)
        for group in files.json(path)["testGroups"]:
            for test in group["tests"]:
                case = "tc%d" % test["tcId"]
                if "jwe" in test:
                    token, expected = test["jwe"], "reject"
                else:
                    token = test["jws"]
                    expected = strict[name, test["tcId"]]
                    used += 1
                if not isinstance(token, str):
                    token = json.dumps(token)
                key = key_member(group)
                cases.add(case, dict(key, token=token), expected)
        yield cases
    if used != len(rows):
        sys.exit("wycheproof: %d verdicts for %d tests" % (len(rows), used))


EC_ALGS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512",
           "secp256k1": "ES256K"}
EC_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521",
             "secp256k1": "secp256k1"}


def public_key(group):
    """The group's own JWK; not all of the EC groups have one."""
    for name in ("publicKeyJwk", "keyJwk"):
        if name in group:
            return group[name]
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    half = len(point) // 2
    return {"kty": "EC", "crv": EC_CURVES[group["publicKey"]["curve"]],
            "x": b64(point[1:1 + half]), "y": b64(point[1 + half:])}


def primitive_alg(document, group):
    kind = document["algorithm"]
    if kind == "EDDSA":
        return group["publicKeyJwk"]["crv"]
    if kind == "ECDSA":
        return EC_ALGS[group["publicKey"]["curve"]]
    if kind.startswith("HMACSHA"):
        return "HS" + kind[len("HMACSHA"):]
    prefix = {"RSASSA-PKCS1-v1_5": "RS", "RSASSA-PSS": "PS"}[kind]
    return prefix + group["sha"][len("SHA-"):]


def primitive_verdict(alg, group, test):
    """JWA is stricter than the primitive in two places."""
    if test["result"] == "acceptable":
        # a DigestInfo without the NULL that RFC 8017, 9.2 demands
        assert "MissingNull" in test["flags"]
        return "reject"
    if alg.startswith("HS"):
        # RFC 7518, 3.2: the whole MAC, a key no shorter than the hash
        bits = int(alg[2:])
        if group["tagSize"] != bits or group["keySize"] < bits:
            return "reject"
    return "accept" if test["result"] == "valid" else "reject"


def wycheproof_primitive(files):
    for path in files.names("wycheproof/primitive/*.json"):
        document = files.json(path)
        cases = Cases(path)
        for group in document["testGroups"]:
            alg = primitive_alg(document, group)
            for test in group["tests"]:
                if alg.startswith("HS"):
                    jwk = {"kty": "oct", "k": b64(bytes.fromhex(test["key"]))}
                    sig = test["tag"]
                else:
                    jwk = public_key(group)
                    sig = test["sig"]
                cases.add("tc%d %s" % (test["tcId"], alg),
                          {"jwk": jwk, "alg": alg, "msg": test["msg"], "sig": sig},
                          primitive_verdict(alg, group, test))
        yield cases


# --------------------------------------------------------------- Ed25519 --

P25519 = 2 ** 255 - 19


def is_weak_point(encoded):
    """A key that is not canonical, or of an order that divides 8."""
    y = int.from_bytes(encoded, "little") & (2 ** 255 - 1)
    if y >= P25519:
        return True
    # order 1, 2: y = 1, -1; order 4: y = 0; order 8: x^2 = -y^2 on the curve
    # -x^2 + y^2 = 1 + d x^2 y^2
    d = -121665 * pow(121666, -1, P25519)
    return (y in (0, 1, P25519 - 1)
            or (d * pow(y, 4, P25519) + 2 * y * y - 1) % P25519 == 0)


def ed25519_request(key, message, signature):
    return {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(key)},
            "alg": "Ed25519", "msg": message.hex(), "sig": signature.hex()}


def ed25519_edge(files):
    name = "ed25519-edge/cctv/ed25519/ed25519vectors.json"
    cases = Cases(name)
    for row in files.json(name):
        key = bytes.fromhex(row["key"])
        flags = set(row["flags"] or [])
        # without the cofactor (RFC 8032, 5.1.7 allows it), R recomputed and
        # compared as bytes
        refused = (is_weak_point(key)
                   or flags & {"low_order_A", "non_canonical_A",
                               "non_canonical_R", "low_order_residue"})
        cases.add("vector %d" % row["number"],
                  ed25519_request(key, row["msg"].encode(),
                                  bytes.fromhex(row["sig"])),
                  "reject" if refused else "accept")
    yield cases

    name = "ed25519-edge/speccheck/cases.json"
    cases = Cases(name)
    # what its README reports of OpenSSL, and no weak key
    for number, (row, openssl) in enumerate(zip(files.json(name), "VVVVXXXXXXXV")):
        key = bytes.fromhex(row["pub_key"])
        good = openssl == "V" and not is_weak_point(key)
        cases.add("case %d" % number,
                  ed25519_request(key, bytes.fromhex(row["message"]),
                                  bytes.fromhex(row["signature"])),
                  "accept" if good else "reject")
    yield cases


# ------------------------------------------------------- RFCs and attacks --

def rfc_examples(files):
    name = "derived/rfc_examples_strict.json"
    cases = Cases(name)
    for row in files.json(name):
        cases.add(row["id"], {"jwk": row["jwk"], "token": row["token"]},
                  row["expected"])
    yield cases

    cases = Cases(name + ", private keys in a set")
    for row in files.json(name):
        if is_private(row["jwk"]):
            cases.add(row["id"], {"jwks": {"keys": [row["jwk"]]}, "token": row["token"]},
                      "reject key-refused")
    yield cases


def huge_token(recipe):
    if recipe == "@generate: 64 MiB of A with two dots":
        third = "A" * (64 * 2 ** 20 // 3)
        return third + "." + third + "." + third
    assert recipe == "@generate: RS256 token whose header x has 1048576 A"
    header = {"alg": "RS256", "kid": "rs", "x": "A" * 1048576}
    return b64(json.dumps(header).encode()) + ".e30." + b64(bytes(256))


# What we accept of the cases that the corpus leaves open; policy.md says why.
ACCEPTED = {
    "conf-EdDSA-on-Ed25519", "conf-Ed25519-on-EdDSA", "kid-absent",
    "inj-benign-jwk", "inj-benign-jku", "inj-benign-x5u", "inj-benign-x5c",
    "typ-at+jwt", "typ-application/at+jwt", "typ-AT+JWT", "typ-id_token",
    "typ-dpop+jwt", "typ-logout+jwt",
}


def attack_corpus(files):
    name = "derived/attack_corpus.json"
    corpus = files.json(name)
    cases = Cases(name)
    for row in corpus["cases"]:
        token, expected = row["token"], row["expected"]
        if token.startswith("@"):
            # nobody can sign these here; the size must be what is refused
            token, expected = huge_token(token), "reject token-too-large"
        request = {"jwks": corpus["jwks"][row["keys"]], "token": token}
        if row["layer"] == "jwt":
            request.update(now=corpus["now"], leeway=corpus["leeway"],
                           iss=corpus["expect_iss"], aud=corpus["expect_aud"],
                           require=corpus["require"])
        left_open = expected == "policy"
        if left_open:
            expected = "accept" if row["id"] in ACCEPTED else "reject"
        cases.add(row["id"], request, expected, left_open)
    yield cases


def bad_keys(files):
    """Each must be refused as a key, before the token is looked at."""
    name = "libs/libjwt/tests/keys/bad_keys.json"
    cases = Cases(name)
    token = make_token(b'{"alg":"HS256"}', b"{}")
    for jwk in files.json(name)["keys"]:
        cases.add(jwk.get("kid", "without kid"), {"jwk": jwk, "token": token},
                  "reject")
    yield cases


# ------------------------------------------------------------------ JSON --

def in_header(document):
    return {"jwk": SECRET_JWK,
            "token": make_token(b'{"alg":"HS256","x":' + document + b"}", b"{}")}


def in_payload(document):
    claims = (b'{"iss":"https://issuer.example","aud":"dbmi","sub":"x","exp":%d,"x":'
              % (NOW + 60))
    return {"jwk": SECRET_JWK, "now": NOW, "leeway": 0, "aud": "dbmi",
            "iss": "https://issuer.example", "require": ["iss", "sub", "aud", "exp"],
            "token": make_token(b'{"alg":"HS256"}', claims + document + b"}")}


def alone(document):
    """As the whole header: whatever it is, it names no algorithm."""
    return {"jwk": SECRET_JWK, "token": make_token(document, b"{}")}


def json_cases(title, documents):
    """documents: (id, bytes, verdict on the document as a member's value)"""
    for where, build in (("header", in_header), ("payload", in_payload)):
        cases = Cases("%s in the %s" % (title, where))
        for case, document, expected in documents:
            cases.add(case, build(document), expected)
        yield cases
    cases = Cases(title + " as the header")
    for case, document, _ in documents:
        cases.add(case, alone(document), "reject")
    yield cases


# What RFC 8259 lets pass and a JWT must not hold, or a server cannot store.
STRICTER = {
    "y_object_duplicated_key.json": "member twice",
    "y_object_duplicated_key_and_value.json": "member twice",
    "y_object_escaped_null_in_key.json": "U+0000",
    "y_string_null_escape.json": "U+0000",
}


def json_test_suite(files):
    documents = []
    stricter = 0
    for path in files.names("jsontestsuite/test_parsing/*.json"):
        name = os.path.basename(path)
        expected = {"y": "accept", "n": "reject", "i": "either"}[name[0]]
        if name in STRICTER:
            expected = "reject"
            stricter += 1
        documents.append((name, files.bytes(path), expected))
    if stricter != len(STRICTER):
        sys.exit("jsontestsuite: a file is not there")
    yield from json_cases("jsontestsuite/test_parsing", documents)

    documents = [(os.path.basename(path), files.bytes(path), "either")
                 for path in files.names("jsontestsuite/test_transform/*.json")]
    yield from json_cases("jsontestsuite/test_transform", documents)


# Invalid only as a whole text: as a member's value it is JSON.
VALUES = {"invalid/null"}


def jansson_suites(files):
    for suite, verdict in (("valid", "accept"), ("invalid", "reject"),
                           ("invalid-unicode", "reject")):
        folder = "jansson/test/suites/" + suite
        documents = []
        for path in files.names(folder + "/*/input"):
            case = suite + "/" + os.path.basename(os.path.dirname(path))
            expected = "accept" if case in VALUES else verdict
            documents.append((case, files.bytes(path), expected))
        yield from json_cases(folder, documents)


SUITES = (wycheproof_jose, wycheproof_primitive, ed25519_edge, rfc_examples,
          attack_corpus, bad_keys, json_test_suite, jansson_suites)


def main():
    folder = (sys.argv[1] if len(sys.argv) > 1 else
              os.environ.get("VECTORS") or os.path.join(ROOT, "../shared/vectors"))
    if not os.path.isdir(folder):
        print("skipped: the vectors are not there (%s)" % folder)
        return 0
    if not os.path.exists(PROGRAM):
        sys.exit("%s is not built: run make test/unit/jose_verify" % PROGRAM)
    files = Files(folder)
    passed = failed = 0
    for suite in SUITES:
        for cases in suite(files):
            good, bad = cases.run()
            passed += good
            failed += bad
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
