#!/usr/bin/python3
"""The attack corpus for a server: test/vectors/corpus.py keys|cases

keys: one line each, the name of a set and its keys.  cases: set, id, verdict
and the token in hexadecimal, since some tokens are no text; tab-separated.

set_token() removes "Bearer " and blanks at both ends, which jose_verify does
not do; so three verdicts are other ones here.
"""
import base64
import json
import sys

import vectors

TOLERATED = {"struct-bearer", "struct-leading-space", "struct-trailing-space"}


def has_claims(token, required):
    """Would the payload do, once the signature is found good?"""
    try:
        part = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return all(name in payload for name in required)
    except (IndexError, ValueError, TypeError):
        return False


def main():
    rows = list(vectors.read("attacks"))
    if sys.argv[1:] == ["keys"]:
        for name, keys in {row["set"]: row["jwks"] for row in rows}.items():
            print(name, json.dumps(keys), sep="\t")
        return
    changes = vectors.Changes()
    required = next(row["require"] for row in rows if "require" in row)
    for row in rows:
        verdict = changes.verdict(row).partition(" ")[0]
        # some were made for the signature alone
        if row.get("open") and not has_claims(row["token"], required):
            verdict = "reject"
        if row["id"] in TOLERATED:
            verdict = "accept"
        print(row["set"], row["id"], verdict, row["token"].encode().hex(), sep="\t")


if __name__ == "__main__":
    main()
