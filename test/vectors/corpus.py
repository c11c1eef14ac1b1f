#!/usr/bin/python3
"""The attack corpus for a server: test/vectors/corpus.py FOLDER keys|cases

keys: one line each, the name of a set and its keys.  cases: set, id, verdict
and the token in hexadecimal, since some tokens are no text; tab-separated.

set_token() removes "Bearer " and blanks at both ends, which jose_verify does
not do; so three verdicts are other ones here.
"""
import base64
import json
import os
import sys

import run

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
    folder, what = sys.argv[1:]
    with open(os.path.join(folder, "derived/attack_corpus.json"), encoding="utf-8") as f:
        corpus = json.load(f)
    if what == "keys":
        for name, keys in corpus["jwks"].items():
            print(name, json.dumps(keys), sep="\t")
        return
    for row in corpus["cases"]:
        token, verdict = row["token"], row["expected"]
        if token.startswith("@"):
            token, verdict = run.huge_token(token), "reject"
        if verdict == "policy":
            good = row["id"] in run.ACCEPTED and has_claims(token, corpus["require"])
            verdict = "accept" if good else "reject"
        if row["id"] in TOLERATED:
            verdict = "accept"
        print(row["keys"], row["id"], verdict, token.encode().hex(), sep="\t")


if __name__ == "__main__":
    main()
