#!/usr/bin/python3
"""Makes data/*.jsonl.xz from the public sources: test/vectors/make.py FOLDER

FOLDER holds clones of the repositories of REPOSITORIES by their full names:

  git clone --bare https://github.com/C2SP/wycheproof FOLDER/C2SP/wycheproof

They are read at the commits that stand here.  A file is only written when its
rows have changed.  rfc.jsonl.xz, attacks.jsonl.xz and sets.jsonl.xz are this
project's own and not made here.

What the verdicts are, and why some differ from the sources' own labels, is
said beside each of them; policy.md has the decisions that were open.
"""
import base64
import hashlib
import hmac
import json
import lzma
import os
import subprocess
import sys

import vectors
from vectors import b64

REPOSITORIES = {
    "C2SP/wycheproof": "dac1dd4729fd1f8dd9e1e9f3dce51d783da6c166",
    "C2SP/CCTV": "1e3d2860d46e94e777e1b17c7a6f2436387e3ecc",
    "novifinancial/ed25519-speccheck": "65519336fda78a3d016e947df6d82848aca0c9da",
    "nst/JSONTestSuite": "1ef36fa01286573e846ac449e8683f8833c5b26a",
    "akheron/jansson": "a8b3c5999e752d895030360c553ba66fa6630ed0",
    "benmcollins/libjwt": "94e3cdf35d120c4d869851714a2cf9f582e9b61e",
    "jpadilla/pyjwt": "dcc27a9d3182a2349c30b160758785c6ce7a6508",
    "auth0/node-jsonwebtoken": "bc28861f1fa981ed9c009e29c044a19760a0b128",
    "golang-jwt/jwt": "1a11d3724e63105d751decf9adbdc90165137b45",
    "latchset/jose": "b58fdb1ac61cf1b7bd8034f07d76ad7f56c0e02a",
}

# A key of this project's, for tokens that are made here.
SECRET = hashlib.sha256(b"vectors of dbmi_authz").digest()
SECRET_JWK = {"kty": "oct", "alg": "HS256", "k": b64(SECRET)}
NOW = 1700000000


def make_token(header, payload):
    """An HS256 token around any bytes."""
    text = b64(header) + "." + b64(payload)
    mac = hmac.new(SECRET, text.encode(), hashlib.sha256).digest()
    return text + "." + b64(mac)


class Repository:
    """A clone, at its commit."""

    def __init__(self, folder, name):
        self.path = os.path.join(folder, name)
        self.commit = REPOSITORIES[name]

    def git(self, *arguments):
        return subprocess.run(["git", "-C", self.path, *arguments],
                              stdout=subprocess.PIPE, check=True).stdout

    def bytes(self, path):
        return self.git("show", self.commit + ":" + path)

    def json(self, path):
        return json.loads(self.bytes(path).decode())

    def files(self, folder):
        """The paths of all files below a folder, sorted."""
        listed = self.git("ls-tree", "-r", "-z", "--name-only", self.commit, folder + "/")
        return sorted(listed.decode().rstrip("\0").split("\0"))


# ------------------------------------------------------------ Wycheproof --

JOSE = ["json_web_crypto_test.json", "json_web_key_test.json", "json_web_signature_test.json"]

PRIMITIVE = """
    ecdsa_secp256k1_sha256_p1363 ecdsa_secp256r1_sha256_p1363
    ecdsa_secp384r1_sha384_p1363 ecdsa_secp521r1_sha512_p1363 ed25519 ed448
    hmac_sha256 hmac_sha384 hmac_sha512
    rsa_pss_2048_sha256_mgf1_32 rsa_pss_2048_sha384_mgf1_48 rsa_pss_3072_sha256_mgf1_32
    rsa_pss_4096_sha256_mgf1_32 rsa_pss_4096_sha384_mgf1_48 rsa_pss_4096_sha512_mgf1_64
    rsa_signature_2048_sha256 rsa_signature_2048_sha384 rsa_signature_2048_sha512
    rsa_signature_3072_sha256 rsa_signature_3072_sha384 rsa_signature_3072_sha512
    rsa_signature_4096_sha256 rsa_signature_4096_sha384 rsa_signature_4096_sha512
    rsa_signature_8192_sha256""".split()

# Where a strict verifier does not agree with the label of
# json_web_signature_test.json.
STRICT = {
    346: ("reject", "the key's alg is PS256, the header says PS384"),
    350: ("reject", "the key's alg is PS256, the header says PS384"),
    347: ("reject", "the key's alg ES521 is none"),
    351: ("reject", "the key's alg ES521 is none"),
    372: ("reject", "a character outside of base64url in the header"),
    373: ("reject", "a character outside of base64url in the payload"),
    # C2SP/wycheproof issue 236: the padding was lost, they are tc357
    367: ("accept", "no padding is there"),
    370: ("accept", "no padding is there"),
}


def label(test):
    return {"valid": "accept", "invalid": "reject"}[test["result"]]


def wycheproof_jose(files):
    for name in JOSE:
        for group in files.json("testvectors_v1/" + name)["testGroups"]:
            # the public key, or the symmetric one, which has no public half
            key = group.get("public") or group["private"]
            for test in group["tests"]:
                verdict, why = label(test), test["comment"]
                if "jwe" in test:
                    verdict = "reject"          # no JWS
                elif name == JOSE[2] and test["tcId"] in STRICT:
                    verdict, why = STRICT[test["tcId"]]
                token = test["jwe"] if "jwe" in test else test["jws"]
                yield {"origin": "wycheproof/jose/" + name, "id": "tc%d" % test["tcId"],
                       "verdict": verdict, "why": why, "jwks" if "keys" in key else "jwk": key,
                       "token": token if isinstance(token, str) else json.dumps(token)}


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
    return label(test)


def wycheproof_primitive(files):
    for name in PRIMITIVE:
        name += "_test.json"
        document = files.json("testvectors_v1/" + name)
        for group in document["testGroups"]:
            alg = primitive_alg(document, group)
            for test in group["tests"]:
                if alg.startswith("HS"):
                    jwk = {"kty": "oct", "k": b64(bytes.fromhex(test["key"]))}
                    sig = test["tag"]
                else:
                    jwk = public_key(group)
                    sig = test["sig"]
                yield {"origin": "wycheproof/primitive/" + name,
                       "id": "tc%d %s" % (test["tcId"], alg),
                       "verdict": primitive_verdict(alg, group, test), "why": test["comment"],
                       "jwk": jwk, "alg": alg, "msg": test["msg"], "sig": sig}


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


def ed25519(origin, name, good, why, key, message, signature):
    return {"origin": "ed25519-edge/" + origin, "id": name, "verdict": "accept" if good else "reject",
            "why": why, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(key)},
            "alg": "Ed25519", "msg": message, "sig": signature}


def cctv(files):
    for row in files.json("ed25519/ed25519vectors.json"):
        key = bytes.fromhex(row["key"])
        flags = set(row["flags"] or [])
        # without the cofactor (RFC 8032, 5.1.7 allows it), R recomputed and
        # compared as bytes
        refused = (is_weak_point(key)
                   or flags & {"low_order_A", "non_canonical_A",
                               "non_canonical_R", "low_order_residue"})
        yield ed25519("cctv/ed25519/ed25519vectors.json", "vector %d" % row["number"], not refused,
                      " ".join(sorted(flags)), key, row["msg"].encode().hex(), row["sig"])


def speccheck(files):
    # what its README reports of OpenSSL, and no weak key
    for number, (row, openssl) in enumerate(zip(files.json("cases.json"), "VVVVXXXXXXXV")):
        key = bytes.fromhex(row["pub_key"])
        yield ed25519("speccheck/cases.json", "case %d" % number,
                      openssl == "V" and not is_weak_point(key), "", key,
                      row["message"], row["signature"])


# ------------------------------------------------------------------ keys --

def bad_keys(files):
    """Each must be refused as a key, before the token is looked at."""
    token = make_token(b'{"alg":"HS256"}', b"{}")
    for jwk in files.json("tests/keys/bad_keys.json")["keys"]:
        yield {"origin": "libs/libjwt/tests/keys/bad_keys.json",
               "id": jwk.get("kid", "without kid"), "verdict": "reject",
               "jwk": jwk, "token": token}


def other_keys(name, files, folder):
    """Keys of other libraries, whatever they are worth: PEM or JSON."""
    for path in files.files(folder):
        data = files.bytes(path)
        row = {"origin": name, "id": path}
        if b"-----BEGIN" in data:
            yield dict(row, pem=data.decode("latin-1"))
        elif path.endswith((".json", ".jwk")):
            yield dict(row, json=data.decode("latin-1"))


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


def as_header(document):
    """Whatever it is, it names no algorithm."""
    return {"jwk": SECRET_JWK, "token": make_token(document, b"{}")}


def json_cases(title, documents):
    """documents: (id, bytes, verdict as a member's value, was it open)"""
    for where, build in (("in the header", in_header), ("in the payload", in_payload),
                         ("as the header", as_header)):
        for name, document, verdict, was_open in documents:
            row = {"origin": title + " " + where, "id": name, "verdict": verdict}
            if where == "as the header":
                row["verdict"] = "reject"
            elif was_open:
                row["open"] = True
            yield dict(row, **build(document))


# What RFC 8259 lets pass and a JWT must not hold, or a server cannot store.
STRICTER = {
    "y_object_duplicated_key.json": "member twice",
    "y_object_duplicated_key_and_value.json": "member twice",
    "y_object_escaped_null_in_key.json": "U+0000",
    "y_string_null_escape.json": "U+0000",
}

# What we accept of the documents that RFC 8259 leaves open.
ACCEPTED = {
    "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json",
    "number_-9223372036854775808.json", "number_9223372036854775807.json",
    "number_1.0.json", "number_1.000000000000000005.json", "number_1000000000000000.json",
    "number_1e-999.json", "number_1e6.json",
    "object_key_nfc_nfd.json", "object_key_nfd_nfc.json",
}


def json_test_suite(files):
    for folder in ("test_parsing", "test_transform"):
        documents = []
        for path in files.files(folder):
            name = os.path.basename(path)
            # y_ must parse, n_ must not, i_ and what test_transform has may
            was_open = folder == "test_transform" or name[0] == "i"
            good = name in ACCEPTED if was_open else name[0] == "y" and name not in STRICTER
            documents.append((name, files.bytes(path), "accept" if good else "reject", was_open))
        yield from json_cases("jsontestsuite/" + folder, documents)


# Invalid only as a whole text: as a member's value it is JSON.
VALUES = {"invalid/null"}


def jansson_suites(files):
    for suite, verdict in (("valid", "accept"), ("invalid", "reject"),
                           ("invalid-unicode", "reject")):
        folder = "test/suites/" + suite
        documents = []
        for path in files.files(folder):
            if os.path.basename(path) == "input":
                name = suite + "/" + os.path.basename(os.path.dirname(path))
                documents.append((name, files.bytes(path),
                                  "accept" if name in VALUES else verdict, False))
        yield from json_cases("jansson/" + folder, documents)


# ----------------------------------------------------------------- files --

def write(name, rows):
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()
    path = vectors.path_of(name)
    count = text.count(b"\n")
    if os.path.exists(path) and lzma.decompress(read_bytes(path)) == text:
        print("%s: %d rows, as before" % (path, count))
        return
    with open(path, "wb") as f:
        f.write(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    print("%s: %d rows, %d bytes" % (path, count, os.path.getsize(path)))


def read_bytes(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    repository = {name: Repository(sys.argv[1], name) for name in REPOSITORIES}
    wycheproof = repository["C2SP/wycheproof"]
    write("wycheproof", [*wycheproof_jose(wycheproof), *wycheproof_primitive(wycheproof)])
    write("ed25519-edge", [*cctv(repository["C2SP/CCTV"]),
                           *speccheck(repository["novifinancial/ed25519-speccheck"])])
    write("libjwt", bad_keys(repository["benmcollins/libjwt"]))
    write("json", [*json_test_suite(repository["nst/JSONTestSuite"]),
                   *jansson_suites(repository["akheron/jansson"])])
    write("keys", [row for name, folder in (("benmcollins/libjwt", "tests/keys"),
                                            ("benmcollins/libjwt", "tests/cli"),
                                            ("jpadilla/pyjwt", "tests/keys"),
                                            ("auth0/node-jsonwebtoken", "test"),
                                            ("golang-jwt/jwt", "test"),
                                            ("latchset/jose", "tests/issue-75"),
                                            ("latchset/jose", "tests/cve-2023-50967"))
                   for row in other_keys(name, repository[name], folder)])


if __name__ == "__main__":
    main()
