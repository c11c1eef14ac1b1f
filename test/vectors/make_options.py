#!/usr/bin/python3
"""Makes data/options.jsonl.xz: tokens under options of an issuer.

  test/vectors/make_options.py           write the file
  test/vectors/make_options.py --print   its lines

Beside each token that an option refuses stands one that it accepts.  All are
signed with HS256 and the secret of RFC 7515, A.1.
"""
import hashlib
import hmac
import json
import lzma
import sys

import vectors

K = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
NOW = 1700000000
ISS = {"iss": "https://id.example"}
AUD = {"aud": "api"}
AZP = {"claim_values": [{"claim": "azp", "values": ["my-app"]}]}
NO_NONCE = {"claim_values": [{"claim": "nonce", "absent": True}]}
ROLES = {"claim_values": [{"claim": {"path": ["roles"], "keys": True}, "values": ["admin"]}]}
CLIENT = {"audience_claims": ["client_id"]}
UNNAMED = {"unnamed": True}
AT_JWT = {"token_types": ["at+jwt"], "token_type_required": True}
SKEW = {"skew_seconds": 5}
CLIENT_NAMED = {"claim_values": [{"any": [{"claim": "azp", "present": True}, {"claim": "appid", "present": True}]}]}
EITHER = {"audience_claims": ["aud", "azp"]}
OPTIONAL = {"audience_optional": True}

# id, options, header, claims beside exp, verdict
ROWS = [
    ("azp-ok", AZP, {}, {**ISS, **AUD, "azp": "my-app"}, "accept"),
    ("azp-in-array", AZP, {}, {**ISS, **AUD, "azp": ["x", "my-app"]}, "accept"),
    ("azp-other", AZP, {}, {**ISS, **AUD, "azp": "another-app"}, "reject claim-value"),
    ("azp-absent", AZP, {}, {**ISS, **AUD}, "reject claim-value"),
    ("azp-null", AZP, {}, {**ISS, **AUD, "azp": None}, "reject claim-value"),
    ("azp-word", AZP, {}, {**ISS, **AUD, "azp": "my-app other"}, "reject claim-value"),
    ("azp-nested", AZP, {}, {**ISS, **AUD, "azp": [["my-app"]]}, "reject claim-value"),
    ("nonce-absent", NO_NONCE, {}, {**ISS, **AUD}, "accept"),
    ("nonce-null", NO_NONCE, {}, {**ISS, **AUD, "nonce": None}, "accept"),
    ("nonce-empty", NO_NONCE, {}, {**ISS, **AUD, "nonce": ""}, "reject claim-value"),
    ("nonce", NO_NONCE, {}, {**ISS, **AUD, "nonce": "n-0S6"}, "reject claim-value"),
    ("key-ok", ROLES, {}, {**ISS, **AUD, "roles": {"admin": {}}}, "accept"),
    ("key-other", ROLES, {}, {**ISS, **AUD, "roles": {"user": "admin"}}, "reject claim-value"),
    ("key-array", ROLES, {}, {**ISS, **AUD, "roles": ["admin"]}, "reject claim-value"),
    ("contradiction", {"claim_values": AZP["claim_values"] + [{"claim": ["azp"], "absent": True}]}, {},
     {**ISS, **AUD, "azp": "my-app"}, "reject bad-request"),
    ("client-ok", CLIENT, {}, {**ISS, "client_id": "api"}, "accept"),
    ("client-other", CLIENT, {}, {**ISS, **AUD, "client_id": "other"}, "reject audience"),
    ("client-absent", CLIENT, {}, {**ISS, **AUD}, "reject audience"),
    ("client-number", CLIENT, {}, {**ISS, "client_id": ["api", 1]}, "reject audience"),
    ("any-ok", CLIENT_NAMED, {}, {**ISS, **AUD, "appid": "x"}, "accept"),
    ("any-null", CLIENT_NAMED, {}, {**ISS, **AUD, "azp": None}, "reject claim-value"),
    ("any-none", CLIENT_NAMED, {}, {**ISS, **AUD}, "reject claim-value"),
    ("any-of-one", {"claim_values": [{"any": [{"claim": "azp", "present": True}]}]}, {},
     {**ISS, **AUD, "azp": "x"}, "reject bad-request"),
    ("either-aud", EITHER, {}, {**ISS, **AUD, "azp": "x"}, "accept"),
    ("either-azp", EITHER, {}, {**ISS, "azp": "api"}, "accept"),
    ("either-first", EITHER, {}, {**ISS, "aud": "account", "azp": "api"}, "reject audience"),
    ("either-number", EITHER, {}, {**ISS, "azp": 7}, "reject audience"),
    ("optional-absent", OPTIONAL, {}, ISS, "accept"),
    ("optional-other", OPTIONAL, {}, {**ISS, "aud": "other"}, "reject audience"),
    ("optional-empty", OPTIONAL, {}, {**ISS, "aud": []}, "reject audience"),
    ("unnamed-ok", UNNAMED, {}, AUD, "accept"),
    ("unnamed-named", UNNAMED, {}, {**ISS, **AUD}, "reject issuer-untrusted"),
    ("unnamed-null", UNNAMED, {}, {"iss": None, **AUD}, "reject issuer-untrusted"),
    ("unnamed-empty", UNNAMED, {}, {"iss": "", **AUD}, "reject issuer-untrusted"),
    ("named-absent", {}, {}, AUD, "reject issuer-untrusted"),
    ("unnamed-required", {"unnamed": True, "required_claims": ["iss"]}, {}, AUD, "reject bad-request"),
    ("typ-ok", AT_JWT, {"typ": "at+jwt"}, {**ISS, **AUD}, "accept"),
    ("typ-case", AT_JWT, {"typ": "AT+JWT"}, {**ISS, **AUD}, "accept"),
    ("typ-application", AT_JWT, {"typ": "application/at+jwt"}, {**ISS, **AUD}, "accept"),
    ("typ-other", AT_JWT, {"typ": "JWT"}, {**ISS, **AUD}, "reject token-type"),
    ("typ-slash", AT_JWT, {"typ": "application/x/at+jwt"}, {**ISS, **AUD}, "reject token-type"),
    ("typ-empty", AT_JWT, {"typ": ""}, {**ISS, **AUD}, "reject token-type"),
    ("typ-absent", AT_JWT, {}, {**ISS, **AUD}, "reject token-type"),
    ("iat-ahead", SKEW, {}, {**ISS, **AUD, "iat": NOW + 5}, "accept"),
    ("iat-far-ahead", SKEW, {}, {**ISS, **AUD, "iat": NOW + 5.5}, "reject issued-in-future"),
    ("nbf-ahead", SKEW, {}, {**ISS, **AUD, "nbf": NOW + 4.8}, "accept"),
    ("nbf-far-ahead", SKEW, {}, {**ISS, **AUD, "nbf": NOW + 6}, "reject not-yet-valid"),
    ("exp-now", SKEW, {}, {**ISS, **AUD, "exp": NOW}, "reject expired"),
    ("cnf", {}, {}, {**ISS, **AUD, "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, "reject bound"),
    ("cnf-x5t", {}, {}, {**ISS, **AUD, "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}, "reject bound"),
    ("cnf-ignored", {"bound_tokens": "ignore"}, {}, {**ISS, **AUD, "cnf": {"jkt": "x"}}, "accept"),
    ("overage", {}, {}, {**ISS, **AUD, "_claim_names": {"groups": "src1"}}, "reject groups-unlisted"),
    ("overage-hasgroups", {}, {}, {**ISS, **AUD, "hasgroups": True}, "reject groups-unlisted"),
    ("overage-elsewhere", {"group_claims": ["roles"]}, {}, {**ISS, **AUD, "_claim_names": {"groups": "src1"}}, "accept"),
    ("overage-raised", {"groups_overage": "raise"}, {}, {**ISS, **AUD, "hasgroups": True}, "accept"),
    ("overage-ignored", {"groups_overage": "ignore"}, {}, {**ISS, **AUD, "hasgroups": True}, "accept"),
    ("eight-options", {**AZP, **AT_JWT, **SKEW, "audience_claims": ["client_id"], "bound_tokens": "ignore",
                       "groups_overage": "ignore", "merge_claims": True}, {"typ": "at+jwt"},
     {**ISS, "client_id": "api", "azp": "my-app", "cnf": {}, "hasgroups": True, "iat": NOW + 3}, "accept"),
]


def token(header, claims):
    parts = [{"alg": "HS256", **header}, {"exp": NOW + 100, "sub": "ann", **claims}]
    text = ".".join(vectors.b64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    secret = vectors.unb64(K)
    return text + "." + vectors.b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def lines():
    for name, options, header, claims, verdict in ROWS:
        yield json.dumps({"origin": "options", "id": name, "verdict": verdict,
                          "jwk": {"kty": "oct", "alg": "HS256", "k": K}, "token": token(header, claims),
                          "now": NOW, "iss": ISS["iss"], "aud": "api", "options": options}) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.writelines(lines())
    else:
        with lzma.open(vectors.path_of("options"), "wt", preset=9 | lzma.PRESET_EXTREME) as f:
            f.writelines(lines())
