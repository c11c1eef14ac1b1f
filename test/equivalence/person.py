"""What a token says, worked out a second time.

Nothing here was taken from the extension: the rules are those of its
reference (exact comparison, lists, claim locations, ownership,
organisations), written down anew, so that both must agree.
"""
import base64
import hashlib
import hmac
import json
import re
import time

SECRET = hashlib.sha512(b"equivalence").digest()
WHITE = re.compile("[ \t\n\v\f\r]+")

# Three ways in which an issuer may lay out its claims.
ISSUERS = {
    "https://plain.example": {
        "profile": "generic", "audience": "eq",
        "options": {"admin_groups": ["admins"], "admin_permissions": ["MANAGE"], "client": "App"},
        "owner": ["sub"], "user_id": ["sub"], "email": ["email"],
        "scopes": [["scope"], ["scp"]], "roles": [["roles"]],
        "permissions": [["permissions"]], "groups": [["groups"]],
    },
    "https://propel.example": {
        "profile": "propelauth", "audience": None, "options": {"admin_groups": ["admins"]},
        "owner": ["user_id"], "user_id": ["user_id"], "email": ["email"],
        "scopes": [["scope"], ["scp"]], "roles": [["roles"]],
        "permissions": [["permissions"]], "groups": [["groups"]],
    },
    "https://paths.example": {
        "profile": "generic", "audience": "eq",
        "options": {"owner_claim": ["ids", "uid"], "scope_claims": [["a.b", "scopes"], "scp"],
                    "role_claims": [["a.b", "roles"], "roles"], "email_claim": ["ids", "mail"],
                    "admin_permissions": ["MANAGE"], "client": "app"},
        "owner": ["ids", "uid"], "user_id": ["sub"], "email": ["ids", "mail"],
        "scopes": [["a.b", "scopes"], ["scp"]], "roles": [["a.b", "roles"], ["roles"]],
        "permissions": [["permissions"]], "groups": [["groups"]],
    },
}


# What actors may not go beyond: (issuer, actor) -> what is left of a kind, None
# where it is not limited; "keep", "admin".
CEILINGS = {}
KINDS = ["scopes", "roles", "permissions", "groups", "org_roles", "org_permissions",
         "item_permissions"]


# What is stored: (client, address, item, permission), all but the client in
# lower case, with what permissions imply.
GRANTS = set()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def mint(payload):
    """The payload as a signed token."""
    head = b64url(b'{"alg":"HS256","typ":"JWT"}')
    body = b64url(json.dumps(payload, ensure_ascii=False).encode())
    signature = hmac.new(SECRET, head + b"." + body, hashlib.sha256).digest()
    return (head + b"." + body + b"." + b64url(signature)).decode()


def at(value, path):
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def words(text):
    return [word for word in WHITE.split(text) if word]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def scalar(value):
    """A string or number as text, else None."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if is_number(value) else None


def listed(claim, split=False):
    if isinstance(claim, str):
        return set(words(claim))
    found = set()
    for member in claim if isinstance(claim, list) else []:
        if isinstance(member, str):
            found.update(words(member) if split else [member])
    return found


class Org:
    def __init__(self, ident, value):
        self.id = ident
        self.role = value["user_role"]
        self.multi = value.get("org_role_structure") == "multi_role"
        self.permissions = listed(value.get("user_permissions"))
        self.inherited = listed(value.get("inherited_user_roles_plus_current_role"))
        self.additional = listed(value.get("additional_roles"))

    def has_role(self, role):
        if role is None:            # a ceiling may have taken the assigned one
            return False
        return role == self.role or (self.multi and role in self.additional)

    def at_least(self, role):
        return self.has_role(role) if self.multi else role in self.inherited


class Nobody:
    """Answers every question for whoever has no identity."""
    payload = None
    token = None
    known = False
    admin = False
    owner = subject = user_id = email = None
    acr = actor = None
    scopes = roles = permissions = groups = amrs = frozenset()
    orgs = ()
    active = None

    def claim(self, name):
        return None

    def holds(self, path, value):
        return False

    def claim_is(self, path, value):
        return False

    def can_hold(self):
        return False

    def holds_item(self, item, permission, parents=False):
        return False

    def org_ids(self, permission=None):
        return None


class Person(Nobody):
    known = True

    def __init__(self, issuer, claims, lifetime=86400):
        how = ISSUERS[issuer]
        now = int(time.time())
        self.payload = dict(claims, iss=issuer, iat=now - 1, exp=now + lifetime)
        if how["audience"]:
            self.payload["aud"] = how["audience"]
        self.token = mint(self.payload)
        self.subject = claims.get("sub") if isinstance(claims.get("sub"), str) else None
        self.user_id = self._person(how["user_id"])
        self.owner = self._person(how["owner"]) or None
        email = at(claims, how["email"])
        self.email = email if isinstance(email, str) else None
        self.scopes = listed(self._first(how["scopes"]), True)
        self.roles = listed(self._first(how["roles"]))
        self.permissions = listed(self._first(how["permissions"]))
        self.groups = listed(self._first(how["groups"]))
        self.acr = claims["acr"] if isinstance(claims.get("acr"), str) else None
        self.amrs = listed(claims.get("amr"))
        act = claims.get("act")
        if act:
            foreign = act.get("iss", issuer) != issuer
            self.actor = "%s %s" % (act["iss"], act["sub"]) if foreign else act["sub"]
        options = how["options"]
        self.client = options.get("client")
        self.admin_permissions = options.get("admin_permissions", ())
        self.admin_claim = bool(self.groups & set(options.get("admin_groups", ())) or
                                self.permissions & set(self.admin_permissions))
        self._read_orgs(claims)
        self._apply_ceiling(how)

    @property
    def admin(self):
        if self.ceiling is not None and not self.ceiling["admin"]:
            return False
        return self.admin_claim or any(self.holds_item(self.client, permission)
                                       for permission in self.admin_permissions)

    def can_hold(self):
        return bool(self.client and self.email)

    def holds_item(self, item, permission, parents=False):
        if not self.can_hold() or item is None or permission is None:
            return False
        if not self._left("item_permissions", permission):
            return False
        items = items_above(item) if parents else []
        return any((self.client, ascii_lower(self.email), ascii_lower(path), ascii_lower(permission))
                   in GRANTS for path in items + [item])

    def _person(self, path):
        value = at(self.payload, path)
        return None if isinstance(value, float) else scalar(value)

    def _first(self, paths):
        for path in paths:
            value = at(self.payload, path)
            if value is not None:
                return value
        return None

    def _read_orgs(self, claims):
        self.orgs = []
        for name in ("org_member_info", "org_id_to_org_member_info"):
            value = claims.get(name)
            if value is not None and value != {}:
                break
        else:
            return
        if not isinstance(value, dict):
            return
        if isinstance(value.get("org_id"), str):
            members = {value["org_id"]: value}
        else:
            members = value
        self.orgs = [Org(ident, org) for ident, org in members.items()
                     if isinstance(org, dict) and isinstance(org.get("user_role"), str)]
        if self.orgs and members is not value:
            self.active = self.orgs[0]

    def claim(self, name):
        """The text that an owner column is compared with."""
        if self._is_closed([name]):
            return None
        return scalar(self.payload.get(name))

    def _apply_ceiling(self, how):
        """Limits what was read, and remembers the rest for what is asked later."""
        self.ceiling = ceiling = CEILINGS.get((self.payload["iss"], self.actor))
        if ceiling is None:
            return
        self.closed = how["scopes"] + how["roles"] + how["permissions"] + how["groups"] + [
            ["org_member_info"], ["org_id_to_org_member_info"]]
        for kind in ("scopes", "roles", "permissions", "groups"):
            setattr(self, kind, {v for v in getattr(self, kind) if self._left(kind, v)})
        for org in self.orgs:
            if not self._left("org_roles", org.role):
                org.role = None
            for name in ("inherited", "additional"):
                setattr(org, name, {v for v in getattr(org, name) if self._left("org_roles", v)})
            org.permissions = {v for v in org.permissions if self._left("org_permissions", v)}

    def _left(self, kind, value):
        ceiling = self.ceiling
        if ceiling is None or ceiling[kind] is None:
            return True
        if kind == "item_permissions":
            return ascii_lower(value) in map(ascii_lower, ceiling[kind] + ceiling["keep"])
        return value in ceiling[kind] + ceiling["keep"]

    def _is_closed(self, path):
        return self.ceiling is not None and any(path[:len(c)] == c for c in self.closed)

    def holds(self, path, value):
        if self._is_closed(path):
            return False
        claim = at(self.payload, path)
        if isinstance(claim, str):
            return value in words(claim)
        members = claim if isinstance(claim, list) else [claim]
        return any(value == (json.dumps(m) if isinstance(m, bool) else scalar(m))
                   for m in members)

    def claim_is(self, path, value):
        if self._is_closed(path):
            return False
        claim = at(self.payload, path)
        return value == (json.dumps(claim) if isinstance(claim, bool) else scalar(claim))

    def org_ids(self, permission=None):
        return [org.id for org in self.orgs
                if permission is None or permission in org.permissions]


# ---- a claim as a value of a column's type ----

INTEGER = re.compile(r"(0|-?[1-9][0-9]*)\Z")
UUID = re.compile(r"([0-9A-Fa-f]{4}-?){7}[0-9A-Fa-f]{4}\Z")


def ascii_lower(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def items_above(item):
    """Z3: an address is one name, and begins behind "profile" if anywhere."""
    names = item.split(".")
    address = next((n for n, name in enumerate(names) if "@" in name), None)
    profile = next((n for n, name in enumerate(names[:address])
                    if ascii_lower(name) == "profile" and n + 1 < len(names)), None)
    if address is None and ascii_lower(names[0]) != "scireg":
        last = len(names)
    elif profile is not None:
        last = profile + 2
    else:
        last = len(names) if address is None else 1
    return [".".join(names[:n]) for n in range(1, last)]


def canonical_uuid(text):
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    if not UUID.match(text):
        return None
    return text.replace("-", "").lower()


def equals(kind, value, claim):
    """Is the column's value what the claim says?  Neither is None."""
    if kind == "int":
        return bool(INTEGER.match(claim)) and int(claim) == int(value)
    if kind == "uuid":
        return canonical_uuid(claim) == canonical_uuid(value)
    if kind == "citext":
        return ascii_lower(claim) == ascii_lower(value)
    return claim == value
