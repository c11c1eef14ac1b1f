"""Operations for migrations.  All are reversible, change no state of models (so
makemigrations has nothing to add), show up in sqlmigrate, and run where the
routers allow the app to migrate.
"""
from django.db.migrations.operations.base import Operation

from .sql import identifier, literal, regclass, relation_name, table_name

ROLE_WORDS = {"PUBLIC", "CURRENT_ROLE", "CURRENT_USER", "SESSION_USER"}


class AuthzOperation(Operation):
    """Statements forwards and backwards, for one database at a time."""
    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def allowed(self, app_label, schema_editor, state):
        connection = schema_editor.connection
        return (connection.vendor == "postgresql"
                and self.allow_migrate(connection.alias, app_label, state))

    def allow_migrate(self, alias, app_label, state):
        from django.db import router
        return router.allow_migrate(alias, app_label)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if self.allowed(app_label, schema_editor, to_state):
            for statement in self.forwards(app_label, to_state):
                schema_editor.execute(statement, None)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        # the state in which the model exists is in both
        if self.allowed(app_label, schema_editor, from_state):
            for statement in self.backwards(app_label, from_state):
                schema_editor.execute(statement, None)


class InstallExtension(AuthzOperation):
    """Install dbmi_authz.  Needs the CREATE privilege on the database, no superuser.

    Backwards it drops the extension, which fails while policies need it, and
    with it all issuers, keys and grants.
    """

    def forwards(self, app_label, state):
        yield "CREATE EXTENSION IF NOT EXISTS dbmi_authz"

    def backwards(self, app_label, state):
        yield "DROP EXTENSION IF EXISTS dbmi_authz"

    def describe(self):
        return "Installs the extension dbmi_authz"

    migration_name_fragment = "dbmi_authz"


class AddIssuer(AuthzOperation):
    """Trust an issuer: authz.add_issuer().  Keys come from the command authz_jwks.

    issuer     str, exactly as "iss" of its tokens
    audience   list of str; None only where the profile allows it
    profile    generic, auth0, axioms, propelauth, dbmi
    options    dict
    """

    def __init__(self, issuer, audience, profile="generic", options=None):
        self.issuer = issuer
        self.audience = audience
        self.profile = profile
        self.options = options

    def forwards(self, app_label, state):
        yield "SELECT authz.add_issuer(%s, %s, %s, %s)" % (
            literal(self.issuer), literal(self.audience), literal(self.profile),
            literal(self.options or {}))

    def backwards(self, app_label, state):
        yield "SELECT authz.drop_issuer(%s)" % literal(self.issuer)

    def describe(self):
        return "Trusts the issuer %s" % self.issuer

    migration_name_fragment = "add_issuer"


class TableOperation(AuthzOperation):
    """One about the table of a model."""

    def model(self, app_label, state):
        return state.apps.get_model(app_label, self.model_name)

    def table(self, app_label, state):
        return table_name(self.model(app_label, state)._meta.db_table)

    def column(self, app_label, state, name):
        """Of a field, by its name."""
        return self.model(app_label, state)._meta.get_field(name).column

    def allow_migrate(self, alias, app_label, state):
        return self.allow_migrate_model(alias, self.model(app_label, state))

    def references_model(self, name, *args, **kwargs):
        return name.lower() == self.model_name.lower()

    @property
    def migration_name_fragment(self):
        return "%s_%s" % (type(self).__name__.lower(), self.model_name.lower())


class EnableRowSecurity(TableOperation):
    """Policies bind everybody who uses the table, with force its owner too.

    Until there is a policy nobody sees a row.
    """

    def __init__(self, model_name, force=True):
        self.model_name = model_name
        self.force = force

    def forwards(self, app_label, state):
        table = self.table(app_label, state)
        yield "ALTER TABLE %s ENABLE ROW LEVEL SECURITY" % table
        if self.force:
            yield "ALTER TABLE %s FORCE ROW LEVEL SECURITY" % table

    def backwards(self, app_label, state):
        table = self.table(app_label, state)
        if self.force:
            yield "ALTER TABLE %s NO FORCE ROW LEVEL SECURITY" % table
        yield "ALTER TABLE %s DISABLE ROW LEVEL SECURITY" % table

    def describe(self):
        return "Enables row-level security on %s" % self.model_name


class Policy(TableOperation):
    """CREATE POLICY.

    command      ALL, SELECT, INSERT, UPDATE or DELETE
    using        SQL, which rows are seen; None where the command has no such
    check        SQL, which rows may be written; None: as using
    roles        PUBLIC or names of roles
    permissive   False: one of the conditions that all must hold
    """

    def __init__(self, model_name, name, command="ALL", using=None, check=None,
                 roles=("PUBLIC",), permissive=True):
        self.model_name = model_name
        self.name = name
        self.command = command.upper()
        self.using = using
        self.check = check
        self.roles = roles
        self.permissive = permissive
        if self.command not in ("ALL", "SELECT", "INSERT", "UPDATE", "DELETE"):
            raise ValueError("unrecognized command: %r" % command)
        if using is None and check is None:
            raise ValueError("a policy needs using or check")
        if self.command == "INSERT" and using is not None:
            raise ValueError("a policy for INSERT has no using, only check")
        if self.command in ("SELECT", "DELETE") and check is not None:
            raise ValueError("a policy for %s has no check, only using" % self.command)

    def forwards(self, app_label, state):
        yield "CREATE POLICY %s ON %s AS %s FOR %s TO %s%s%s" % (
            identifier(self.name), self.table(app_label, state),
            "PERMISSIVE" if self.permissive else "RESTRICTIVE", self.command,
            ", ".join(role.upper() if role.upper() in ROLE_WORDS else identifier(role)
                      for role in self.roles),
            "" if self.using is None else " USING (%s)" % self.using,
            "" if self.check is None else " WITH CHECK (%s)" % self.check)

    def backwards(self, app_label, state):
        yield "DROP POLICY %s ON %s" % (identifier(self.name), self.table(app_label, state))

    def describe(self):
        return "Creates policy %s on %s" % (self.name, self.model_name)

    @property
    def migration_name_fragment(self):
        return "policy_%s" % self.name.lower()


class Protect(TableOperation):
    """The usual policies in one line: authz.protect(), and authz.unprotect() backwards.

    owner, org and set_column are names of fields, set and write_set those of
    views as in CreateSet; all else is as in authz.protect().
    """

    def __init__(self, model_name, owner=None, mode=None, org=None, org_permission=None,
                 admin=None,
                 select_any_scopes=None, select_all_scopes=None,
                 select_any_roles=None, select_all_roles=None,
                 select_any_permissions=None, select_all_permissions=None,
                 select_any_groups=None, select_all_groups=None,
                 insert_any_scopes=None, insert_all_scopes=None,
                 insert_any_roles=None, insert_all_roles=None,
                 insert_any_permissions=None, insert_all_permissions=None,
                 insert_any_groups=None, insert_all_groups=None,
                 update_any_scopes=None, update_all_scopes=None,
                 update_any_roles=None, update_all_roles=None,
                 update_any_permissions=None, update_all_permissions=None,
                 update_any_groups=None, update_all_groups=None,
                 delete_any_scopes=None, delete_all_scopes=None,
                 delete_any_roles=None, delete_all_roles=None,
                 delete_any_permissions=None, delete_all_permissions=None,
                 delete_any_groups=None, delete_all_groups=None,
                 set=None, set_column=None, write_set=None):
        # each by its name: squashmigrations writes no others
        arguments = {name: value for name, value in locals().items()
                     if name not in ("self", "model_name", "__class__") and value is not None}
        self.model_name = model_name
        self.arguments = arguments

    def forwards(self, app_label, state):
        arguments = ["rel => %s" % regclass(self.table(app_label, state))]
        for name, value in self.arguments.items():
            if name in ("owner", "org", "set_column"):
                value = self.column(app_label, state, value)
            value = (regclass(relation_name(value)) if name in ("set", "write_set")
                     else literal(value))
            arguments.append("%s => %s" % (name, value))
        yield "SELECT authz.protect(%s)" % ", ".join(arguments)

    def backwards(self, app_label, state):
        yield "SELECT authz.unprotect(%s)" % regclass(self.table(app_label, state))

    def describe(self):
        return "Protects %s" % self.model_name


class Watch(TableOperation):
    """Sets that read the table are kept until it changes: authz.watch()."""

    def __init__(self, model_name):
        self.model_name = model_name

    def forwards(self, app_label, state):
        yield "SELECT authz.watch(%s)" % regclass(self.table(app_label, state))

    def backwards(self, app_label, state):
        yield "SELECT authz.unwatch(%s)" % regclass(self.table(app_label, state))

    def describe(self):
        return "Watches %s for sets" % self.model_name


class CreateSet(AuthzOperation):
    """CREATE VIEW of the keys that whoever asks reaches, and authz.watch() for
    the tables that it reads.

    name    of the view, "my_folders" or "schema.my_folders"
    query   SQL: SELECT of the keys, or of the keys and valid_until
    watch   models, "Share" of this app or "app.Share".  Backwards those are not
            watched any more that no other view reads.
    """

    def __init__(self, name, query, watch=()):
        self.name = name
        self.query = query
        self.watch = watch

    def tables(self, app_label, state):
        for name in self.watch:
            label, _, model = name.rpartition(".")
            model = state.apps.get_model(label or app_label, model)
            yield regclass(table_name(model._meta.db_table))

    def select(self, app_label, state):
        return self.query.strip().rstrip(";")

    def forwards(self, app_label, state):
        yield "CREATE VIEW %s AS\n%s" % (relation_name(self.name), self.select(app_label, state))
        for table in self.tables(app_label, state):
            yield "SELECT authz.watch(%s)" % table

    def backwards(self, app_label, state):
        yield "DROP VIEW %s" % relation_name(self.name)
        for table in self.tables(app_label, state):
            yield ("SELECT authz.unwatch(%s) WHERE NOT EXISTS (SELECT FROM pg_depend"
                   " WHERE classid = 'pg_rewrite'::regclass AND refobjid = %s)" % (table, table))

    def describe(self):
        return "Creates the set %s" % self.name

    @property
    def migration_name_fragment(self):
        return "set_%s" % "_".join(part.strip('"') for part in self.name.lower().split("."))


class CreateSetOf(CreateSet, TableOperation):
    """The set of the rows of a model that another set reaches, for child tables:

        CreateSetOf("my_notes", "Note", set="my_folders", set_column="folder")
        Protect("Comment", owner="author", set="my_notes", set_column="note")

    name         of the view
    set          the other set, whose keys the field set_column holds
    owner        a field: rows of one's own as well
    """

    def __init__(self, name, model_name, set, set_column, owner=None):
        self.name = name
        self.model_name = model_name
        self.set = set
        self.set_column = set_column
        self.owner = owner

    def tables(self, app_label, state):
        yield regclass(self.table(app_label, state))

    def select(self, app_label, state):
        reached = "authz.in_set(%s, %s)" % (
            regclass(relation_name(self.set)),
            identifier(self.column(app_label, state, self.set_column)))
        if self.owner is not None:
            reached = "authz.is_owner(%s) OR %s" % (
                identifier(self.column(app_label, state, self.owner)), reached)
        return "SELECT %s FROM %s WHERE %s" % (
            identifier(self.model(app_label, state)._meta.pk.column),
            self.table(app_label, state), reached)
