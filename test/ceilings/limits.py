"""What the two programs here share: the server, people for whom somebody acts,
and ceilings, all drawn from a seed.

Tokens, people and tables are those of test/equivalence.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "equivalence"))

import libpq                                                    # noqa: E402
from expr import ANY, HELD, WORDS, quote                        # noqa: E402
from person import CEILINGS, ISSUERS, KINDS, SECRET, Person, ascii_lower  # noqa: E402
from world import SETUP, World                                  # noqa: E402

ACTOR = "bot"
STEP = 7919             # from one world's seed to the next
VALUES = HELD + ["MANAGE", "admins", "Read"]


class Ceiling:
    """None for a list: no limit.  For a Person it is a row of CEILINGS."""

    def __init__(self, lists, keep, admin):
        self.lists, self.keep, self.admin = lists, keep, admin

    def leaves(self, kind, value):
        """Is that value left, of that kind?"""
        if kind == "admin":
            return self.admin and self.leaves("item_permissions", "MANAGE")
        if self.lists[kind] is None:
            return True
        if value is ANY or value is None:
            return False
        if kind == "item_permissions":
            return ascii_lower(value) in map(ascii_lower, self.lists[kind] + self.keep)
        return value in self.lists[kind] + self.keep

    @property
    def open(self):
        return self.admin and all(values is None for values in self.lists.values())

    def install(self, issuer):
        CEILINGS[issuer, ACTOR] = dict(self.lists, keep=self.keep, admin=self.admin)

    def sql(self, issuer):
        lists = ["NULL" if values is None else "ARRAY[%s]::text[]" % ", ".join(map(quote, values))
                 for values in [self.lists[kind] for kind in KINDS] + [self.keep]]
        return "SELECT authz.set_actor_ceiling(%s, %s, %s, %s, false)" % (
            quote(issuer), quote(ACTOR), ", ".join(lists), self.admin)


def draw_ceiling(rng):
    if rng.random() < 0.1:
        return Ceiling(dict.fromkeys(KINDS), [], True)
    share = rng.choice([0.2, 0.5, 0.8])
    lists = {kind: None if rng.random() < 0.25 else [v for v in VALUES if rng.random() < share]
             for kind in KINDS}
    return Ceiling(lists, [v for v in VALUES if rng.random() < 0.15], rng.random() < 0.4)


def closed_to(person, path):
    """Is that location closed under any ceiling at all?"""
    how = ISSUERS[person.payload["iss"]]
    closed = how["scopes"] + how["roles"] + how["permissions"] + how["groups"] + [
        ["org_member_info"], ["org_id_to_org_member_info"]]
    return any(path[:len(c)] == c for c in closed)


def claims_of(person):
    return {name: value for name, value in person.payload.items()
            if name not in ("iss", "aud", "iat", "exp")}


def draw_person(world):
    """Somebody for whom the actor acts, as if there were no ceiling."""
    CEILINGS.clear()
    person = world._person()
    claims = dict(claims_of(person), act={"sub": ACTOR})
    return Person(person.payload["iss"], claims)


def without_actor(person):
    claims = claims_of(person)
    del claims["act"]
    return Person(person.payload["iss"], claims)


class Server:
    """A database of its own, its owner, and somebody who logs in."""

    def __init__(self, name):
        self.name = "%s_%d" % (name, os.getpid())
        admin = libpq.Connection("dbname=postgres")
        for role in ("eq_app", "eq_view", "eq_may"):
            admin.answer("CREATE ROLE %s LOGIN NOINHERIT" % role)
        admin.do("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
                 % self.name)
        admin.close()
        self.admin = libpq.Connection("dbname=" + self.name)
        self.admin.do("SET client_min_messages = error")
        self.admin.do(SETUP)
        for issuer, how in ISSUERS.items():
            options = dict(how["options"], algorithms=["HS256"], key_id_required=False)
            audience = "ARRAY[%s]" % quote(how["audience"]) if how["audience"] else "NULL"
            self.admin.do("SELECT authz.add_issuer(%s, %s, %s, %s); SELECT authz.add_secret(%s, decode('%s', 'hex'))"
                          % (quote(issuer), audience, quote(how["profile"]), quote(json.dumps(options)),
                             quote(issuer), SECRET.hex()))
        self.app = libpq.Connection("dbname=%s user=eq_app" % self.name)
        self.app.do("SET client_min_messages = error; SET jit = off; SET search_path = w, public")

    def login(self, person):
        self.app.do("SELECT authz.set_token('%s')" % person.token)

    def store(self, world):
        """Grants on items, for the people of the world."""
        rows, implied = world.draw_grants()
        script = ["DELETE FROM authz.item_permission", "DELETE FROM authz.permission_implies"]
        script += ["INSERT INTO authz.item_permission (client, email, item, permission) VALUES (%s)"
                   % ", ".join(map(quote, row)) for row in rows.values()]
        script += ["INSERT INTO authz.permission_implies VALUES (%s)" % ", ".join(map(quote, row))
                   for row in implied.values()]
        self.admin.do("; ".join(script))
        return script

    def no_ceilings(self):
        CEILINGS.clear()
        self.admin.do("DELETE FROM authz.actor_ceiling")

    def limit(self, person, ceiling):
        """Felt by the next query of the other session."""
        ceiling.install(person.payload["iss"])
        self.admin.do(ceiling.sql(person.payload["iss"]))

    def clean_up(self):
        self.app.close()
        self.admin.close()
        admin = libpq.Connection("dbname=postgres")
        admin.do("DROP DATABASE " + self.name)
        admin.close()


def report(lines):
    print("\n".join("# " + line for part in lines for line in str(part).split("\n")), flush=True)
