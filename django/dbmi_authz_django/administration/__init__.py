"""Pages of Django's admin over schema authz: issuers, keys, revocations, permissions
on items, sessions, the record of the trust, the linter, explanations.

    DBMI_AUTHZ = {"ADMIN_DATABASE": "owner"}

They read as that alias, a role with the rights of the owner of the database.
Without the setting there are neither models nor pages, but for the mixin of
explaining.py, which asks as the visitor alone.
See doc/django/admin.md.
"""
