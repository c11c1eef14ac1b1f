"""What the two programs here share: the server, people for whom somebody acts,
and ceilings, all drawn from a seed.

Tokens, people and tables are those of test/equivalence.
"""
import argparse
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "equivalence"))

import libpq                                                    # noqa: E402
from expr import ANY, HELD, quote                               # noqa: E402
from person import CEILINGS, ISSUERS, KINDS, Person, ascii_lower  # noqa: E402
from world import World, make_database, store_grants            # noqa: E402

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
        self.admin = make_database(self.name)
        self.app = libpq.Connection("dbname=%s user=eq_app" % self.name)
        self.app.do("SET client_min_messages = error; SET jit = off; SET search_path = w, public")

    def login(self, person):
        self.app.do("SELECT authz.set_token('%s')" % person.token)

    def store(self, world):
        """Grants on items, for the people of the world."""
        script = store_grants(*world.draw_grants())
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


class Fault(Exception):
    """It is reported; the next seed may find another."""


def main(description, parts, number, make_run, tests):
    """So many parts ("rounds", "worlds"), each from a seed of its own, by one(seed)
    of a run; what tests(run) has to say of it; the status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(
        os.environ.get("DBMI_SEED") or random.SystemRandom().randrange(10 ** 9)))
    parser.add_argument("--" + parts, dest="number", type=int, default=number)
    options = parser.parse_args()
    print("# seed %d (DBMI_SEED=%d repeats it)" % (options.seed, options.seed), flush=True)
    start = time.time()
    run = make_run()
    faults = 0
    for n in range(options.number):
        try:
            run.one(options.seed + STEP * n)
        except Fault:
            faults += 1
            if faults == 3:
                break
    lines = list(tests(run, faults, options.number >= number))
    run.server.clean_up()
    report("%9d %s" % (count, name) for name, count in run.counts.items())
    report(["%.0f s" % (time.time() - start)])
    for passed, what in lines:
        print("%sok - %s" % ("" if passed else "not ", what))
    return 0 if all(passed for passed, _ in lines) else 1
