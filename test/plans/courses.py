"""Kept plans that are opened by one and gone on with as another, go through a
pipeline, wait for a lock, or see changes of their own transaction."""
import asyncio
import collections

import wire
import world
from kept import CHANGED, DENIED, Kept, REFUSED, failed, order
from world import CONDITIONS, PEOPLE, STATEMENTS


class Courses:
    """A part of the walk."""

    # ---- portals and cursors, in pieces ----

    async def step_pieces(self, session):
        """Opened as one, gone on with as another or after other changes."""
        dice = self.dice
        kept = Kept(dice.choice([s for s in STATEMENTS if s.reads]), dice.choice(("portal", "declared", "cursor of a function", "refcursor")),
                    dice.choice((0, None)))
        values = kept.statement.values(dice)
        await self.look(session)
        alone = not session.inside
        if alone:
            await self.step_begin(session)
        session.savepoint("pieces")
        await self.do(session, "SAVEPOINT pieces")
        wanted = await self.expected(session, kept, values)
        self.note(session, "%s %d %s: %s" % (kept.way, kept.statement.number, values, kept.plain(values)))
        got = await kept.open(session, values)
        changed = False
        if not failed(got):
            before = session.epoch, self.epoch
            for _ in range(dice.choice((0, 1, 1, 2))):
                await dice.choice((self.step_identity, self.step_identity, self.step_grants_only, self.step_savepoint, self.step_subject_only))(session)
            changed = before != (session.epoch, self.epoch)
            await self.look(session)
            changed = changed or before != (session.epoch, self.epoch)
            first, rest = got, await kept.go_on(session)
            got = rest if failed(rest) else order(first + rest)
            if got not in [one[0] for one in wanted] and changed and not failed(rest):
                got = await self.in_turn(session, kept, values, (first, wanted), rest) or got
        self.count["pieces"] += 1
        depth = max(n for n, level in enumerate(session.levels) if level[0] == "pieces")
        session.back_to(depth)
        await self.do(session, "ROLLBACK TO pieces")
        del session.levels[depth:], session.saved[depth:]
        await self.do(session, "RELEASE pieces")
        if kept.name:
            await session.client.query("SAVEPOINT here; DEALLOCATE kept0; RELEASE here")
            if session.client.state == "E":
                await self.must(session.client, "ROLLBACK TO here; RELEASE here")
        if alone:
            await self.step_end(session)
        if any(got == one[0] for one in wanted):
            self.count["pieces of one"] += 1
        elif got in CHANGED and changed:
            self.count["pieces refused"] += 1
        elif not await self.excused(session, kept, values, got, wanted):
            self.differs(session, kept.way, got, wanted)

    async def in_turn(self, session, kept, values, before, rest):
        """What PL/pgSQL asks for each row is no part of the query, and is answered for whoever is in force: the
        first piece is of the one, the rest of the other or, where a node has kept it, of the one."""
        after = await self.expected(session, kept, values)
        plan = await self.oracle.query("EXPLAIN (VERBOSE, COSTS OFF) " + kept.plain(values))
        if failed(plan) or not any("asks_plpgsql" in line for line, in plan):
            return None
        first, answers = before
        one, two = [set(sum((rows for rows, _ in some if not failed(rows)), [])) for some in (answers, after)]
        if not set(first) <= one or not set(rest) <= one | two:
            return None
        self.count["pieces of two"] += 1
        return answers[0][0]

    async def step_grants_only(self, session):
        await self.shared_change("INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('u10@x', 'App', 'app', 'MANAGE')"
                                 " ON CONFLICT DO NOTHING" if self.dice.random() < 0.5 else "DELETE FROM authz.item_permission WHERE item = 'app'")

    async def step_subject_only(self, session):
        await self.shared_change("DELETE FROM authz.item_permission WHERE email = 'u1@x'")

    async def shared_change(self, sql):
        """While a transaction is open that must not end."""
        await self.must(self.world, sql)
        self.note(None, sql)
        self.epoch += 1

    # ---- pipelines ----

    async def step_pipeline(self, session):
        """A login and executions of one statement in one go: for each its people."""
        if session.inside:
            return
        dice = self.dice
        statement = dice.choice([s for s in STATEMENTS if s.reads])
        values = statement.values(dice)
        people = [p for p in (self.person() for _ in range(3)) if p is not None]
        wanted, mine = [], await self.expected(session, Kept(statement, "named", 0), values)
        login = session.candidate()
        for who in people:
            session.login(who, False)
            wanted.append(await self.expected(session, Kept(statement, "named", 0), values))
        named = dice.choice(("", "piped"))
        self.note(session, "a pipeline %s over %s of %d %s: %s" % (named, [PEOPLE[p].sub for p in people], statement.number, values, statement.filled(values)))
        messages = [wire.parse(named, statement.sql), wire.bind("", named, *values), wire.execute("")]
        messages.insert(0, wire.parse("login", "SELECT authz.set_token($1)"))
        for who in people:
            messages += [wire.bind("", "login", PEOPLE[who].token), wire.execute(""), wire.bind("", named, *values), wire.execute("")]
        parts = await session.client.exchange(*messages)
        await session.client.query("DEALLOCATE login")
        if named:
            await session.client.query("DEALLOCATE " + named)
        session.epoch += 1
        self.count["pipelines"] += 1
        answers = [how if how != "complete" else order(rows) for rows, how in parts]
        answers = answers[:1] + answers[2::2] if not failed(answers[-1]) else answers
        if failed(answers[-1]):
            # all of it is undone, but what was in force as it began cannot be known from here
            await self.step_reset(session)
            first = answers[:1]
            if answers[-1] in CHANGED or any(answers[-1] == one[0] for one in mine + sum(wanted, [])) or (answers[-1] == DENIED and self.withheld):
                self.count["pipelines stopped"] += 1
            else:
                self.differs(session, "a pipeline", answers, [mine] + wanted)
            return
        for got, one in zip(answers, [mine] + wanted):
            if not any(got == rows for rows, _ in one):
                return self.differs(session, "a pipeline", answers, [mine] + wanted)

    async def step_reset(self, session):
        session.reset()
        session.epoch += 1
        await self.do(session, "SELECT authz.clear_token()")

    # ---- while a lock is waited for ----

    async def step_race(self, session):
        """A change is committed while a kept plan waits for its table."""
        if session.inside or not session.kept:
            return
        kept = self.dice.choice([k for k in session.kept if k.statement.reads and not k.counts_only] or [None])
        if kept is None:
            return
        for other in self.sessions:
            await self.step_end(other)
        await self.ask(session, kept)
        who = session.who()
        values = kept.statement.values(self.dice)
        changes = ["INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('u10@x', 'App', 'app', 'MANAGE') ON CONFLICT DO NOTHING",
                   "DELETE FROM authz.item_permission", "ALTER POLICY p ON s1.doc USING (%s)" % self.dice.choice(CONDITIONS),
                   "DROP INDEX IF EXISTS i_part_owner, s1.i_s1_doc_owner, s1.i_s1_doc_org, i_big_owner", "ALTER POLICY p ON part USING (%s)" % self.dice.choice(CONDITIONS)]
        inactive = None
        if who is not None and "inactive " + PEOPLE[who].sub not in self.undo:
            inactive = "inactive " + PEOPLE[who].sub
            changes += 5 * ["INSERT INTO authz.inactive_subject VALUES ('%s', '%s')" % (PEOPLE[who].issuer, PEOPLE[who].sub)]
        change = self.dice.choice(changes)
        if kept.way == "undone":
            await self.must(session.client, "SELECT set_config('walk.other', '', false)")
        wanted = await self.expected(session, kept, values)
        await self.must(self.world, "BEGIN; LOCK TABLE s1.doc, s2.doc, part, free, big, memo; " + change)
        self.note(session, "%s %d %s waits: %s" % (kept.way, kept.statement.number, values, kept.plain(values)))
        self.note(None, change)
        task = asyncio.create_task(kept.run(session, values))
        while not task.done() and await self.oracle_waits() == "0":
            await asyncio.sleep(0.001)
        waited = not task.done()
        await self.must(self.world, "COMMIT")
        got = order(await task)
        if inactive and "inactive_subject" in change:
            self.undo[inactive] = "DELETE FROM authz.inactive_subject WHERE subject = '%s'" % PEOPLE[who].sub
        self.epoch += 1
        self.count["races"] += waited
        after = await self.expected(session, kept, values)
        # Z20: what is stored is answered under the snapshot, which EXECUTE takes before it waits
        stored = "authz." in change.split("(")[0]
        allowed = [one[0] for one in (after if waited and not stored else after + wanted)]
        if got not in allowed:
            if got in CHANGED:
                self.count["races refused"] += 1
            elif not await self.excused(session, kept, values, got, after):
                self.differs(session, "%s %d after it waited" % (kept.way, kept.statement.number), got, after)
        await self.ask(session, kept)

    async def oracle_waits(self):
        """How many locks are waited for; the oracle holds none."""
        return (await self.must(self.oracle, "SELECT count(*) FROM pg_locks WHERE NOT granted"))[0][0]

    # ---- DDL of its own ----

    async def step_own_change(self, session):
        """Policies and columns change within the transaction that keeps plans."""
        if session.inside:
            return
        for other in self.sessions:
            await self.step_end(other)
        kept = self.dice.choice([k for k in session.kept if k.statement.reads and not k.counts_only and k.way != "undone"] or [None])
        if kept is None:
            return
        await self.ask(session, kept)
        await self.step_begin(session)
        role = session.settings["role"]
        change = self.dice.choice(("ALTER POLICY p ON s1.doc USING (%s)" % self.dice.choice(CONDITIONS), "ALTER POLICY p ON part USING (%s)" % self.dice.choice(CONDITIONS),
                                   "DROP POLICY p ON s1.doc", "ALTER TABLE part DISABLE ROW LEVEL SECURITY",
                                   world.wrappers(self.dice.choice(world.WRAPPED), self.dice.choice(world.WRAPPED))))
        await self.do(session, "SET ROLE none; %s; SET ROLE %s" % (change, role))
        for _ in range(3):
            values = kept.statement.values(self.dice)
            folding = session.settings["dbmi_authz.plan_folding"]
            await self.do(session, "SAVEPOINT o; SET LOCAL dbmi_authz.plan_folding = off")
            wanted = order(await session.client.query(kept.plain(values)))
            await self.do(session, "ROLLBACK TO o; RELEASE o")
            self.note(session, "%s %d %s: %s" % (kept.way, kept.statement.number, values, kept.plain(values)))
            await self.do(session, "SAVEPOINT o")
            got = order(await kept.run(session, values))
            await self.do(session, "ROLLBACK TO o; RELEASE o" if failed(got) else "RELEASE o")
            self.count["after changes of its own"] += 1
            if got != wanted and not (got in REFUSED and (self.withheld or wanted in REFUSED)) and not (got in CHANGED and kept.way == "within"):
                self.differs(session, "%s %d after a change of its own" % (kept.way, kept.statement.number), got, wanted)
            await self.step_identity(session)
        await self.do(session, "ROLLBACK")
        session.end(False)
        self.epoch += 1
        await self.ask(session, kept)
