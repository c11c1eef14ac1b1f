"""Operations for migrations.  All are reversible, show up in sqlmigrate, and run
where the routers allow the model, or the app, to migrate.

extension.py   the extension, and whom it trusts
security.py    whether policies bind a table at all
policy.py      policies one by one
protect.py     the usual policies of a table
sets.py        sets
as_owner.py    operations that no policy binds
"""
from .as_owner import AsOwner
from .extension import AddIssuer, InstallExtension
from .policy import AddPolicy, AlterPolicy, Policy, RemovePolicy, RenamePolicy
from .protect import AlterProtection, Protect, ProtectChild, Unprotect
from .security import AlterRowSecurity, DisableRowSecurity, EnableRowSecurity
from .sets import CreateSet, CreateSetOf, Watch

__all__ = [
    "AddIssuer", "AddPolicy", "AlterPolicy", "AlterProtection", "AlterRowSecurity", "AsOwner",
    "CreateSet", "CreateSetOf", "DisableRowSecurity", "EnableRowSecurity", "InstallExtension", "Policy",
    "Protect", "ProtectChild", "RemovePolicy", "RenamePolicy", "Unprotect", "Watch",
]

# Migrations that makemigrations and squashmigrations write import them from here,
# wherever they are kept.
for name in __all__:
    globals()[name].__module__ = __name__
del name
