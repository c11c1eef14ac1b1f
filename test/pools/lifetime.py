"""How long an identity counts: a model of the rules, in a few lines.

An identity is a setting of PostgreSQL (for the session, for the transaction,
undone by rollbacks), except that a failed login ends all that were adopted
before.
"""


class Model:
    """Who should be there."""

    def __init__(self, scope="session"):
        self.scope = scope
        self.session = self.local = None    # (who, number, transaction)
        self.number = self.floor = 0
        self.rejected = False
        self.transaction = 0
        self.levels = []                    # [(name, session, local)], [0] is BEGIN

    def login(self, who, local):
        self.number += 1
        adopted = (who, self.number, self.transaction)
        if local:
            self.local = adopted
        else:
            self.session, self.local = adopted, None
        self.rejected = False

    def fail(self):
        self.number += 1
        self.floor = self.number
        self.rejected = True

    def reset(self):
        self.session = self.local = None
        self.rejected = False

    def begin(self):
        self.transaction += 1
        self.levels = [(None, self.session, self.local)]

    def savepoint(self, name):
        self.levels.append((name, self.session, self.local))

    def back_to(self, depth):
        """Undo down to that level, which stays."""
        del self.levels[depth + 1:]
        _, self.session, self.local = self.levels[depth]

    def end(self, commit):
        if not commit:
            self.back_to(0)
        self.levels = []
        self.local = None
        self.transaction += 1

    def candidate(self):
        """(who, number, transaction) that counts, or None."""
        found = self.local or self.session
        if found is None or found[1] <= self.floor:
            return None
        if self.scope == "transaction" and found[2] != self.transaction:
            return None
        return found

    def who(self):
        found = self.candidate()
        return found and found[0]
