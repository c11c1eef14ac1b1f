"""What the owner of the database changes under kept plans."""
import world
from kept import failed
from world import CONDITIONS, ITEMS, PEOPLE, TABLES

BUSY = "55P03"


class Changes:
    """A part of the walk: the steps of the owner."""

    async def own(self, sql, *params):
        """Everybody is affected; nothing happens where somebody holds a lock."""
        if self.dice.random() < 0.7:
            for session in self.sessions:
                await self.step_end(session)
        got = await self.world.query(sql, *params)
        if self.world.state != "I":
            await self.must(self.world, "ROLLBACK")
        self.note(None, sql + (" -- " + got if failed(got) else ""))
        if failed(got) and got != BUSY:
            raise RuntimeError("%s %s: %s" % (got, self.world.complaint, sql))
        self.epoch += 1
        self.count["in the way of a lock" if failed(got) else "changes"] += 1
        return not failed(got)

    async def toggle(self, key, sql, undo):
        """What would make most answers empty is put back soon."""
        if key in self.undo:
            if await self.own(self.undo[key]):
                del self.undo[key]
        elif len(self.undo) >= 3:
            await self.toggle(self.dice.choice(list(self.undo)), None, None)
        elif await self.own(sql):
            self.undo[key] = undo
        self.withheld = any(key.startswith("EXECUTE") for key in self.undo)

    async def step_policy(self, _):
        table, dice = self.dice.choice(TABLES), self.dice
        condition = dice.choice(CONDITIONS)
        how = dice.random()
        if how < 0.35:
            return await self.own("BEGIN; DROP POLICY p ON %s; CREATE POLICY p ON %s USING (%s)%s; COMMIT" % (
                table, table, condition, " WITH CHECK (%s)" % dice.choice(CONDITIONS) if dice.random() < 0.3 else ""))
        if how < 0.7:
            return await self.own("ALTER POLICY p ON %s USING (%s)" % (table, condition))
        if how < 0.85:
            return await self.toggle("x on " + table, "CREATE POLICY x ON %s AS %s FOR %s TO %s USING (%s)" % (
                table, dice.choice(("PERMISSIVE", "RESTRICTIVE")), dice.choice(("ALL", "SELECT", "UPDATE", "DELETE")),
                dice.choice(("PUBLIC", "walk_app")), condition), "DROP POLICY x ON " + table)
        await self.toggle("row level of " + table, "ALTER TABLE %s DISABLE ROW LEVEL SECURITY" % table,
                          "ALTER TABLE %s ENABLE ROW LEVEL SECURITY" % table)

    async def step_shape(self, _):
        """Columns, types, indexes, statistics, partitions, functions."""
        dice, n = self.dice, self.dice.randrange
        kind = dice.choice(("column", "rename", "type", "index", "index", "drop index", "analyze", "partition", "wrappers", "function"))
        if kind == "column":
            self.versions["column"] += 1
            await self.own("ALTER TABLE s1.doc DROP COLUMN IF EXISTS more, ADD COLUMN more text DEFAULT 'm%d'" % self.versions["column"])
        elif kind == "rename":
            await self.toggle("rename", "ALTER TABLE s1.doc RENAME COLUMN note TO remark", "ALTER TABLE s1.doc RENAME COLUMN remark TO note")
        elif kind == "type":
            # a column that a policy asks about keeps its type until that has gone
            await self.own("BEGIN; DROP POLICY p ON s1.doc; DROP POLICY IF EXISTS x ON s1.doc; ALTER TABLE s1.doc ALTER owner TYPE %s, ALTER n TYPE %s;"
                           " CREATE POLICY p ON s1.doc USING (%s)%s; COMMIT" % (
                               dice.choice(("text", "varchar(20)", 'text COLLATE "C"')), dice.choice(("integer", "bigint")), dice.choice(CONDITIONS),
                               "; CREATE POLICY x ON s1.doc USING (authz.is_owner(owner))" if "x on s1.doc" in self.undo else ""))
        elif kind in ("index", "drop index"):
            table, column = dice.choice(TABLES + ["free", "big"]), dice.choice(("owner", "org", "n"))
            name = "i_%s_%s" % (table.replace(".", "_"), column)
            await self.own("CREATE INDEX IF NOT EXISTS %s ON %s (%s)" % (name, table, column) if kind == "index"
                           else "DROP INDEX IF EXISTS %s%s" % ("s1." if table[:2] == "s1" else "s2." if table[:2] == "s2" else "", name))
        elif kind == "analyze":
            await self.own("ANALYZE " + dice.choice(TABLES + ["big", "free"]))
        elif kind == "partition":
            await self.toggle("partition", "ALTER TABLE part DETACH PARTITION part_b",
                              "ALTER TABLE part ATTACH PARTITION part_b FOR VALUES IN ('u3', 'u4', 'u5')")
        elif kind == "wrappers":
            await self.own(world.wrappers(dice.choice(world.WRAPPED), dice.choice(world.WRAPPED)))
        else:
            await self.own("ALTER FUNCTION authz.%s %s" % (dice.choice(world.WITHHELD),
                                                          dice.choice(("COST %d" % (1 + n(50)), "LEAKPROOF", "NOT LEAKPROOF", "STABLE"))))

    async def step_rights(self, _):
        if not self.withheld and self.dice.random() < 0.5:
            function = self.dice.choice(world.WITHHELD)
            role = self.dice.choice(("walk_app", "walk_other"))
            await self.toggle("EXECUTE " + function, "BEGIN; REVOKE EXECUTE ON FUNCTION authz.%s FROM PUBLIC;"
                              " GRANT EXECUTE ON FUNCTION authz.%s TO walk_view, %s; COMMIT" % (function, function, role),
                              "BEGIN; GRANT EXECUTE ON FUNCTION authz.%s TO PUBLIC; REVOKE EXECUTE ON FUNCTION authz.%s FROM walk_app, walk_other; COMMIT"
                              % (function, function))
        else:
            # not on "free": a part of a policy that is folded away asks nobody for rights
            table, role = self.dice.choice(TABLES), self.dice.choice(("walk_app", "walk_other"))
            what = self.dice.choice(("SELECT", "UPDATE"))
            await self.toggle("%s on %s" % (what, table), "REVOKE %s ON %s FROM %s" % (what, table, role), "GRANT %s ON %s TO %s" % (what, table, role))

    async def step_grants(self, _):
        """Item permissions of some; no lock is needed."""
        dice = self.dice
        email = dice.choice(PEOPLE[9:12] + PEOPLE[:3]).email
        item, permission = dice.choice(ITEMS), dice.choice(("VIEW", "MANAGE", "LIST"))
        how = dice.random()
        if how < 0.55:
            await self.own("INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('%s', 'App', '%s', '%s') ON CONFLICT DO NOTHING"
                           % (email, item, permission))
        elif how < 0.9:
            await self.own("DELETE FROM authz.item_permission WHERE email = '%s'" % email)
        elif how < 0.95:
            await self.own("INSERT INTO authz.permission_implies VALUES ('App', 'MANAGE', 'VIEW') ON CONFLICT DO NOTHING")
        else:
            await self.own("DELETE FROM authz.permission_implies")
        self.count["grants"] += 1

    def somebody(self):
        """Mostly somebody in force."""
        there = [session.who() for session in self.sessions if session.who() is not None]
        return self.dice.choice(there) if there and self.dice.random() < 0.8 else self.dice.randrange(len(PEOPLE))

    async def step_subject(self, _):
        person = PEOPLE[self.somebody()]
        await self.toggle("inactive " + person.sub, "INSERT INTO authz.inactive_subject VALUES ('%s', '%s')" % (person.issuer, person.sub),
                          "DELETE FROM authz.inactive_subject WHERE subject = '%s'" % person.sub)

    async def step_revoke(self, _):
        if self.revoked and self.dice.random() < 0.6:
            who = self.dice.choice(sorted(self.revoked))
            await self.own("DELETE FROM authz.revocation WHERE value = '%s'" % PEOPLE[who].jti)
            self.revoked.discard(who)
        else:
            who = self.somebody()
            await self.own("SELECT authz.revoke_token('%s', '%s')" % (PEOPLE[who].issuer, PEOPLE[who].jti))
            self.revoked.add(who)
            self.asked_as = None
        for session in self.sessions:
            await self.look(session)
