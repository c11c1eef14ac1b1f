"""Who there is, what is theirs, and their tokens."""
import base64
import hashlib
import hmac
import json
import os
import time

SECRET = open(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           "../fixtures/hs32.bin"), "rb").read()
PEOPLE = 200            # as many have rows
# Who am I, and which rows are there?
ASK = ("SELECT coalesce(authz.subject(), '-'), authz.token_state(),"
       " (SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM doc),"
       " (SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM memo)")


def is_admin(n):
    return n % 40 == 7


def rows_of(n):
    return [n * 10 + k for k in range(1 + n % 5)]


EVERYTHING = " ".join(str(i) for n in range(PEOPLE) for i in rows_of(n))


def expected(n):
    return EVERYTHING if is_admin(n) else " ".join(map(str, rows_of(n)))


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(n, jti, secret=SECRET, expires=3600):
    claims = {"iss": "pool", "aud": "clinic", "sub": "u%d" % n, "jti": jti,
              "exp": int(time.time()) + expires}
    if is_admin(n):
        claims["scope"] = "admin"
    text = (b64url(b'{"alg":"HS256","kid":"pool"}') + b"."
            + b64url(json.dumps(claims).encode()))
    return (text + b"." + b64url(hmac.new(secret, text, hashlib.sha256).digest())).decode()
