#!/usr/bin/python3
"""Seeds for the fuzz targets: test/fuzz/seeds.py FOLDER

Writes FOLDER/TARGET/*, from the fixtures and the vectors of this project.
"""
import base64
import glob
import hashlib
import itertools
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "test/vectors"))

import vectors                                                  # noqa: E402

LARGEST = 20000			# bytes of a seed
ALGS = 17			# the first byte of fuzz_pem, any number above will do
OPTIONS = (b'{"scope_claims":["scope",["realm_access","roles"]],"role_claims":["roles"],'
           b'"owner_claim":["user","id"],"email_claim":"email","admin_groups":["admins"],'
           b'"admin_permissions":["p"],"client":"app","leeway_seconds":5,"algorithms":["RS256"]}')
MORE_OPTIONS = [
    b'{"merge_claims":true,"role_claims":["roles",{"path":["realm_access"],"keys":true}],"org_shape":"single",'
    b'"org_id_claim":["o","id"],"org_role_claims":[["o","rol"]],"audience_claims":["azp"],"application":"a"}',
    b'{"org_shape":"map","org_claims":["orgs"],"org_id_claim":"id","org_name_claim":"n","session_claim":"session_id",'
    b'"claim_values":[{"claim":"azp","values":["app"]},{"claim":["a","b"],"absent":true}],"groups_overage":"raise"}',
    b'{"org_shape":"list","org_claims":["orgs"],"client_id_claims":["cid"],"audience_claims":["aud","azp"],'
    b'"claim_values":[{"any":[{"claim":"azp","present":true},{"claim":"a","absent":true}]}],"org_id_claim":[["o","id"],"org_id"]}',
    b'{"org_shape":"by_role","org_claims":["roles"],"org_id_claim":"session_id"}',
    b'{"org_shape":"clerk","org_id_claim":[["o","id"],"org_id"],"audience_optional":true}',
    b'{"unnamed":true,"bound_tokens":"ignore","skew_seconds":300,"token_type_required":true,"org_shape":"map",'
    b'"org_claims":["orgs"],"org_permission_claims":[{"path":"p","keys":true}]}',
]
PAYLOADS = [
    b'{"iss":"https://x/","aud":["api","web"],"exp":1700000100,"iat":1699999999.5,"nbf":1,'
    b'"sub":"ann","jti":"1","scope":"a b","roles":["r","q","r"],"groups":["admins"],'
    b'"email":"a@b","realm_access":{"roles":["x"]},"permissions":["p","p"]}',
    b'{"iss":"https://x/","aud":"api","exp":1700000100,"sub":"ann","org_id_to_org_member_info":'
    b'{"o2":{"user_role":"Owner","user_permissions":["p"],"inherited_user_roles_plus_current_role"'
    b':["Owner","Member"],"org_role_structure":"multi_role","additional_roles":["z"]},'
    b'"o1":{"user_role":"Member"}},"user":{"id":7},"org_member_info":{"org_id":"o3"}}',
    b'{"aud":"api","exp":1700000100,"azp":"app","roles":{"r":{},"q":1},"more":["z"],"s":{"id":"S"},'
    b'"orgs":{"acme":{"id":"o1","roles":["x","y"],"n":"Acme","p":{"a":1}},"beta":["z"],"gamma":{"id":"o1"}},'
    b'"o":{"id":"org_1","rol":"admin"},"_claim_names":{"groups":"src1"},"session_id":"s"}',
    b'{"aud":"api","exp":1700000100,"session_id":"o1","roles":{"r":{"o1":"One","o2":"Two"},"q":{"o2":"2"}},'
    b'"o":{"id":"o1","rol":"admin","per":"manage,read","fpm":"3,2"},"fea":"o:a,u:b,uo:c","orgs":["o1","o2"]}',
    b'{"iss":"https://x/","aud":"api","exp":1700000100,"sub":"ann","auth_time":1699999000,'
    b'"acr":"gold","amr":["pwd","otp"],"act":{"sub":"bot","iss":"https://y/","act":{"sub":"b"}}}',
]
ASSERTION = (b'{"alg":"EdDSA","typ":"authz-assertion+jwt","kid":"c","destination":"7/db",'
             b'"nonce":"n","iat":1700000000,"exp":1700000060,"stored":"d"}')
# RFC 8037, A.1
SIGNING = {"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA", "key_ops": ["sign"]}


class Seeds:
    def __init__(self, folder):
        self.folder = folder
        self.counts = {}

    def add(self, target, data):
        if len(data) > LARGEST:
            return
        folder = os.path.join(self.folder, target)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, hashlib.sha256(data).hexdigest()[:20])
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.write(data)
            self.counts[target] = self.counts.get(target, 0) + 1

    def json(self, data):
        self.add("json", data)
        self.add("identity", OPTIONS + b"\n" + data)

    def payload(self, data):
        self.json(data)
        for mode, header in ((1, b'{"alg":"HS256","kid":"h"}'), (3, b'{"alg":"EdDSA","kid":"e"}'),
                             (1, b'{"alg":"HS256","kid":"h","typ":"AT+JWT"}')):
            self.add("verify", bytes([mode]) + header + b"\n" + data)
        self.add("assertion", b"\1" + ASSERTION + b"\n" + data)
        self.add("assertion", b"\2" + data)

    def token(self, token):
        if len(token) > LARGEST:
            return
        data = token.encode(errors="surrogatepass")
        self.add("verify", b"\0" + data)
        self.add("verify", b"\4" + data)
        self.add("assertion", b"\0" + data)
        self.add("assertion", b"\0" + data + b".5.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
        # the last value of the chain that fuzz_assertion.c makes
        self.add("assertion", b"\0" + data + b".64.MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")
        parts = []
        for part in data.split(b"."):
            self.add("b64url", part)
            try:
                parts.append(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
            except ValueError:
                return
        if len(parts) == 3:
            self.add("json", parts[0] + b"\n" + parts[1])
            self.add("verify", b"\1" + parts[0] + b"\n" + parts[1])
            self.add("assertion", b"\1" + parts[0] + b"\n" + parts[1])
            self.add("assertion", b"\1" + ASSERTION + b"\n" + parts[1])
            self.json(parts[1])

    def keys(self, value):
        """Whatever in a JSON value is a key or a set of them."""
        if isinstance(value, dict):
            if "kty" in value or "keys" in value:
                self.add("jwk", json.dumps(value).encode())
            for member in value.values():
                self.keys(member)
        elif isinstance(value, list):
            for member in value:
                self.keys(member)

    def pem(self, data):
        for first in range(ALGS):
            self.add("pem", bytes([first]) + data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    seeds = Seeds(sys.argv[1])
    for payload in PAYLOADS:
        seeds.payload(payload)
        for options in MORE_OPTIONS:
            seeds.add("identity", options + b"\n" + payload)
    for path in glob.glob(ROOT + "/test/fixtures/*.pem"):
        seeds.pem(read(path))
    seeds.keys(json.loads(read(ROOT + "/test/fixtures/jwks.json")))
    seeds.keys(SIGNING)
    fixtures = read(ROOT + "/test/fixtures/tokens.sql").decode()
    for token in re.findall(r"'([\w-]+\.[\w-]+\.[\w-]*)'", fixtures):
        seeds.token(token)
    for token in re.findall(r"^#define (\w+_TOKEN) ((?:\\\n|[^\n])*)",
                            read(ROOT + "/test/unit/examples.h").decode(), re.M):
        seeds.token("".join(re.findall(r'"([^"]*)"', token[1])))

    for row in itertools.chain.from_iterable(map(vectors.read, vectors.FILES)):
        if row["origin"].endswith(" as the header"):
            header = row["token"].partition(".")[0]
            seeds.payload(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
        elif "token" in row and not row["origin"].endswith((" in the header", " in the payload")):
            seeds.keys(row)
            seeds.token(row["token"])
    for row in vectors.read(vectors.KEYS):
        if "pem" in row:
            seeds.pem(row["pem"].encode("latin-1"))
            continue
        data = row["json"].encode("latin-1")
        try:
            seeds.keys(json.loads(data))
        except ValueError:
            seeds.add("jwk", data)
    print("seeds: " + ", ".join("%s %d" % pair for pair in sorted(seeds.counts.items())))


if __name__ == "__main__":
    main()
