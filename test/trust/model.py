"""Whom a database should believe: the rules of the trust, on one page.

A Trust is what the tables say.  It is never changed; each change gives another
one, or the SQLSTATE that the server should raise.  Versions are numbers that
are never used twice, as rows that are written again are other rows.
"""
import collections
import itertools

Issuer = collections.namedtuple("Issuer", "profile audience algorithms kid_required version")
Profile = collections.namedtuple("Profile", "by_audience version")
Token = collections.namedtuple("Token", "text iss aud kid alg secret sub jti sid iat")
Identity = collections.namedtuple("Identity", "token issuer versions key")

_versions = itertools.count(1)


def version():
    return next(_versions)


class Key(collections.namedtuple("Key", "kid alg secret bad added")):
    """Of the row.  A bad one is not believed, for its column alg is not that of the key."""

    def column(self):
        return self.alg + "?" * self.bad


class Refused(Exception):
    """With the SQLSTATE."""


class Trust:
    def __init__(self, issuers=None, keys=(), profiles=None, revoked=None, inactive=()):
        self.issuers = issuers or {}            # name -> Issuer
        self.keys = frozenset(keys)             # (issuer, Key)
        self.profiles = profiles or {"generic": Profile(False, version()), "dbmi": Profile(True, version())}
        self.revoked = revoked or {}            # (issuer, kind, value) -> issued before, or None
        self.inactive = frozenset(inactive)     # (issuer, subject)

    def change(self, **what):
        return Trust(**{**self.__dict__, **what})

    # what a token comes to

    def may_have_issued(self, name, token):
        issuer = self.issuers[name]
        if self.profiles[issuer.profile].by_audience:
            return bool(issuer.audience & token.aud)
        return name == token.iss

    def keys_of(self, name):
        return [key for issuer, key in self.keys if issuer == name and not key.bad]

    def choose_keys(self, issuer, keys, token):
        """In the order in which they are tried, or why none is."""
        if token.alg not in issuer.algorithms:
            return "Invalid or unsupported algorithm"
        if issuer.kid_required and token.kid is None:
            return "Missing key ID"
        among = [key for key in keys if token.kid in (None, key.kid)]
        if not among and not issuer.kid_required:
            among = [key for key in keys if key.kid is None]
        fitting = [key for key in among if key.alg == token.alg]
        if not fitting:
            return "Key is bound to another algorithm" if among else "No matching key"
        if len(fitting) > 8:
            return "More than one matching key"
        # of those with one secret, and so with one thumbprint, by kid
        return sorted(fitting, key=lambda key: (-key.added, key.kid is None, key.kid))

    def is_revoked(self, name, token):
        before = self.revoked.get((name, "subject", token.sub))
        return ((name, "token", token.jti) in self.revoked or (name, "session", token.sid) in self.revoked
                or before is not None and token.iat <= before)

    def versions(self, name):
        issuer = self.issuers[name]
        return issuer.version, self.profiles[issuer.profile].version

    def verify(self, token):
        """An Identity, or why not."""
        names = [name for name in self.issuers if self.may_have_issued(name, token)]
        if len(names) != 1:
            return "Invalid token issuer"
        name = names[0]
        keys = self.choose_keys(self.issuers[name], self.keys_of(name), token)
        if isinstance(keys, str):
            return keys
        holding = [key for key in keys if key.secret == token.secret]
        if not holding:
            return "Invalid token signature"
        key = holding[0]
        if not self.issuers[name].audience & token.aud:
            return "Invalid token audience"
        if self.is_revoked(name, token):
            return "Token was revoked"
        return Identity(token, name, self.versions(name), key)

    def holds(self, identity):
        """Does it still hold, once it is in force?  Its own issuer and key count, and nothing else."""
        return (identity.issuer in self.issuers and self.versions(identity.issuer) == identity.versions
                and any(key[:3] == identity.key[:3] for key in self.keys_of(identity.issuer))
                and not self.is_revoked(identity.issuer, identity.token))

    def is_inactive(self, identity):
        return (identity.issuer, identity.token.sub) in self.inactive

    # what administrators do

    def _need(self, name):
        if name not in self.issuers:
            raise Refused("42704")

    def _check_shared(self, name, profile, audience):
        for other, issuer in self.issuers.items():
            if (self.profiles[profile].by_audience and self.profiles[issuer.profile].by_audience
                    and other != name and issuer.audience & audience):
                raise Refused("42710")

    def _put(self, name, issuer):
        return self.change(issuers={**self.issuers, name: issuer})

    def _without_keys(self, name):
        return frozenset((issuer, key) for issuer, key in self.keys if issuer != name)

    def add_issuer(self, name, profile, audience, algorithms, kid_required):
        self._check_shared(name, profile, audience)
        if name in self.issuers:
            raise Refused("42710")
        return self._put(name, Issuer(profile, audience, algorithms, kid_required, version())).change(
            keys=self._without_keys(name))

    def alter_issuer(self, name, audience=None, algorithms=None):
        self._need(name)
        issuer = self.issuers[name]
        if audience:
            self._check_shared(name, issuer.profile, audience)
        return self.write_issuer(name, audience, algorithms)

    def write_issuer(self, name, audience=None, algorithms=None):
        """By hand; a row that is not there is not written."""
        if name not in self.issuers:
            return self
        issuer = self.issuers[name]
        return self._put(name, issuer._replace(audience=audience or issuer.audience,
                                               algorithms=algorithms or issuer.algorithms, version=version()))

    def drop_issuer(self, name):
        self._need(name)
        return self.change(issuers={n: i for n, i in self.issuers.items() if n != name}, keys=self._without_keys(name))

    def rename_issuer(self, name, new):
        if name not in self.issuers:
            return self
        if name == new:
            return self.write_issuer(name)
        if new in self.issuers:
            raise Refused("23505")
        issuer = self.issuers[name]._replace(version=version())
        return self.drop_issuer(name)._put(new, issuer)

    def _check_key(self, name, key):
        """The indexes: one row for each kid and algorithm, without kid for each secret and algorithm."""
        for issuer, other in self.keys:
            if (issuer == name and other.kid == key.kid and other.column() == key.column()
                    and (key.kid or other.secret == key.secret)):
                return False
        return True

    def add_key(self, name, key):
        self._need(name)
        if not self._check_key(name, key):
            raise Refused("42710")
        return self.change(keys=self.keys | {(name, key)})

    def drop_key(self, name, kid, alg=None):
        self._need(name)
        left = {(issuer, key) for issuer, key in self.keys
                if issuer != name or key.kid != kid or alg not in (None, key.column())}
        if len(left) == len(self.keys):
            raise Refused("42704")
        return self.change(keys=left)

    def move_key(self, name, kid, new):
        moved = [key for issuer, key in self.keys if issuer == name and key.kid == kid]
        left = self.change(keys=self.keys - {(name, key) for key in moved})
        if not all(left._check_key(new, key) for key in moved):
            raise Refused("23505")
        return left.change(keys=left.keys | {(new, key) for key in moved})

    def spoil_key(self, name, kid, bad):
        spoilt = [key for issuer, key in self.keys if (issuer, key.kid) == (name, kid)]
        left = self.change(keys=self.keys - {(name, key) for key in spoilt})
        for key in spoilt:
            key = key._replace(bad=bad)
            if not left._check_key(name, key):
                raise Refused("23505")
            left = left.change(keys=left.keys | {(name, key)})
        return left

    def write_profile(self, profile):
        return self.change(profiles={**self.profiles, profile: self.profiles[profile]._replace(version=version())})

    def revoke(self, name, kind, value, before=None):
        self._need(name)
        old = self.revoked.get((name, kind, value))
        return self.change(revoked={**self.revoked, (name, kind, value): before if old is None else max(old, before)})

    def forgive(self, name):
        return self.change(revoked={row: before for row, before in self.revoked.items() if row[0] != name})

    def set_inactive(self, name, subject, inactive):
        row = {(name, subject)}
        return self.change(inactive=self.inactive | row if inactive else self.inactive - row)
