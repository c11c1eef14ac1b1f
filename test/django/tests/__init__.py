"""What the tests share: tokens, people, their rows."""
import importlib.util
import json
import os
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from unittest import mock

TEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
KEY = os.path.join(TEST, "fixtures", "rsa_a.pem")
OTHER_KEY = os.path.join(TEST, "fixtures", "rsa_b.pem")

loader = SourceFileLoader("mint", os.path.join(TEST, "mint"))
minting = importlib.util.module_from_spec(importlib.util.spec_from_loader("mint", loader))
loader.exec_module(minting)

ORG1 = "11111111-1111-4111-8111-111111111111"
ORG2 = "22222222-2222-4222-8222-222222222222"


def org(id, *permissions):
    return {id: {"org_id": id, "org_name": "Ward " + id[0], "user_role": "Member",
                 "inherited_user_roles_plus_current_role": ["Member"],
                 "user_permissions": list(permissions)}}


PEOPLE = {
    "ann": {"scope": "read comments", "roles": ["editor"], "email": "ann@example.com",
            "org_id_to_org_member_info": org(ORG1, "records:write")},
    "bob": {"scope": "read", "roles": ["guest"], "email": "bob@example.com",
            "org_id_to_org_member_info": {**org(ORG1), **org(ORG2)}},
    "cleo": {"email": "cleo@example.com"},
    "root": {"groups": ["staff"], "scope": "read"},
}


def mint(sub, key=KEY, **claims):
    claims = {"iss": "https://id.example", "aud": "clinic", "exp": "+3600", "sub": sub,
              **PEOPLE.get(sub, {}), **claims}
    return minting.mint(claims, key, "RS256", "k1")


@lru_cache(None)
def token(sub):
    return mint(sub)


def forged(sub):
    return mint(sub, OTHER_KEY)


def jwks():
    return json.dumps({"keys": [{**minting.public_jwk(KEY, "RS256"), "kid": "k1",
                                 "alg": "RS256"}]})


def trust():
    from django.db import connections
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT authz.set_jwks('https://id.example', %s::json)", [jwks()])


def rows():
    """Everybody's, as they are at the beginning of a test."""
    from django.db import connections
    with connections["root"].cursor() as cursor:
        cursor.execute("TRUNCATE clinic_note, clinic_comment, clinic_record RESTART IDENTITY")
        cursor.execute("INSERT INTO clinic_note (owner, title, words) VALUES"
                       " ('ann', 'Ann 1', 10), ('bob', 'Bob 1', 20), ('ann', 'Ann 2', 30),"
                       " ('cleo', 'Cleo 1', 40)")
        cursor.execute("INSERT INTO clinic_comment (note_id, written_by, text) VALUES"
                       " (1, 'bob', 'by bob'), (2, 'bob', 'by bob'), (1, 'ann', 'by ann')")
        cursor.execute("INSERT INTO clinic_record (org_id, text) VALUES (%s, 'r1'), (%s, 'r2')",
                       [ORG1, ORG2])


def atomic_requests(value=True):
    from django.db import connections
    return mock.patch.dict(connections["default"].settings_dict, ATOMIC_REQUESTS=value)


def left_behind(alias="default"):
    """Who the connection has now, asked past everything of ours."""
    from django.db import connections
    raw = connections[alias].connection
    if raw is None or raw.closed:
        return None
    with raw.cursor() as cursor:
        cursor.execute("SELECT authz.subject()")
        return cursor.fetchone()[0]
