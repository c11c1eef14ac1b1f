"""makemigrations finds what a model declares (declared.py) and the migrations do not have.

Two methods of Django's MigrationAutodetector are wrapped, and not the commands, so
that it works for those of other packages too, which derive from it.
"""
from __future__ import annotations

from functools import wraps
from typing import Any, Callable, Iterator

from django.apps import apps
from django.db.migrations import autodetector, operations
from django.db.migrations.state import ProjectState

from .. import operations as ours
from ..conditions import fields_of, parents_of
from ..operations.base import TableOperation
from ..policies import Policy, Table
from .declared import declared
from .state import Place, known, places
from .wrapping import wrap

# A dependency is (app, model, field, kind), in a class of its own since Django 5.1.
Dependency: Any = getattr(autodetector, "OperationDependency", None)
CREATED: Any = Dependency.Type.CREATE if Dependency else True
ALTERED: Any = Dependency.Type.ALTER if Dependency else "alter"
LET_GO = "dbmi_authz lets go"      # of ours: policies no longer name the fields


def dependency(app_label: str, model_name: str, field_name: str | None, kind: Any) -> Any:
    found = (app_label, model_name, field_name, kind)
    return Dependency(*found) if Dependency else found


def generate(self: Any) -> None:
    """Called when all other operations are known, and before they are sorted."""
    before = after_renames(self)
    for app_label, model_name in sorted(self.new_model_keys):
        try:
            model = apps.get_model(app_label, model_name)
        except LookupError:
            continue        # a state that is nobody's models
        wanted = declared(model)
        for place in sorted({Place(app_label, model_name, name) for name in wanted or ()}
                            | set(places(app_label, model_name, before))):
            old = known(place, before)
            if wanted is not None and (place.field_name in wanted or not place.field_name):
                new = wanted[place.field_name]
            elif old.declared:
                new = old.changed(protect=None, policies=())    # closed, and not open
            else:
                continue
            for operation, lets_go in differences(self, place, old, new):
                add(self, place, operation, lets_go, new)
    # those of models that go, whose foreign keys Django removes one by one
    for app_label, model_name in sorted(self.old_model_keys - self.new_model_keys):
        for place in places(app_label, model_name, before):
            old = known(place, before)
            for operation, _ in differences(self, place, old,
                                            old.changed(protect=None, policies=())):
                self.add_operation(app_label, operation, beginning=True)


def after_renames(self: Any) -> Any:
    """What the migrations know, by the names of now."""
    state = ProjectState(models={key: model.clone() for key, model in self.from_state.models.items()},
                         real_apps=self.from_state.real_apps)
    for kind in (operations.RenameModel, operations.RenameField):
        for app_label, found in self.generated_operations.items():
            for operation in found:
                if isinstance(operation, kind):
                    operation.state_forwards(app_label, state)
    return state


def differences(self: Any, place: Place, old: Table, new: Table) -> Iterator[tuple[Any, bool]]:
    """Operations, and whether what the table had may name a field no longer."""
    name = place.model_name + (place.field_name and "." + place.field_name)
    enabled, forced = old.enabled, old.forced
    if old.protect != new.protect:
        yield ours.AlterProtection(name, new.protect), old.protect is not None
        if new.protect is not None:
            enabled = forced = True
    if (enabled, forced) != (new.enabled, new.forced):
        yield ours.AlterRowSecurity(name, force=new.forced), False
    gone = {policy.name: policy for policy in old.policies if new.policy(policy.name) is None}
    for policy in new.policies:
        before = old.policy(policy.name)
        if before is None:
            same = [each for each in gone.values() if each.replaced(name=policy.name) == policy]
            if same:
                del gone[same[0].name]
                yield ours.RenamePolicy(name, same[0].name, policy.name), False
            else:
                yield ours.AddPolicy(name, policy), False
        elif before != policy and changes_type(self, place, before):
            # which fits neither before nor after
            yield ours.RemovePolicy(name, policy.name), True
            yield ours.AddPolicy(name, policy), False
        elif before != policy:
            yield ours.AlterPolicy(name, policy), True
    for policy in gone.values():
        yield ours.RemovePolicy(name, policy.name), True


def changes_type(self: Any, place: Place, policy: Policy) -> bool:
    """Is a field altered that the policy names, or may name?"""
    names = policy.fields()
    text = isinstance(policy.using, str) or isinstance(policy.check, str)
    return not place.field_name and any(
        isinstance(operation, operations.AlterField)
        and operation.model_name_lower == place.model_name
        and (text or operation.name in names)
        for operation in self.generated_operations.get(place.app_label, ()))


def add(self: Any, place: Place, operation: Any, lets_go: bool, new: Table) -> None:
    app_label, model_name, field_name = place
    needs = [dependency(app_label, model_name, None, CREATED)]
    removes = isinstance(operation, ours.RemovePolicy)
    if field_name:
        needs.append(dependency(app_label, model_name, field_name, CREATED))
    elif not removes:
        for name in new.fields():
            needs += [dependency(app_label, model_name, name, CREATED),
                      dependency(app_label, model_name, name, ALTERED)]
        needs += of_parents(app_label, model_name, new)
    operation._lets_go = place if lets_go else None
    if lets_go:
        for other in self.generated_operations.get(app_label, ()):
            if waits_for(other, place, removes):
                other._auto_deps = [*other._auto_deps,
                                    dependency(app_label, model_name, field_name, LET_GO)]
    self.add_operation(app_label, operation, dependencies=needs)


def waits_for(operation: Any, place: Place, removes: bool) -> bool:
    kinds = (operations.RemoveField, operations.AlterField) if removes else operations.RemoveField
    return isinstance(operation, kinds) and operation.model_name_lower == place.model_name


def of_parents(app_label: str, model_name: str, table: Table) -> Iterator[Any]:
    """The fields of other models that a condition of CanSee names."""
    model = apps.get_model(app_label, model_name)
    for policy in table.policies:
        for parent in parents_of([policy.using, policy.check]):
            other = model._meta.get_field(parent.field).related_model._meta
            for name in fields_of(parent.condition):
                yield dependency(other.app_label, other.model_name, name, CREATED)


def sorting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _sort_migrations(self: Any) -> Any:
        generate(self)
        return original(self)
    return _sort_migrations


def checking(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def check_dependency(self: Any, operation: Any, dependency: Any) -> Any:
        if dependency[3] == LET_GO:
            return getattr(operation, "_lets_go", None) == (
                dependency[0], dependency[1], dependency[2] or "")
        return original(self, operation, dependency)
    return check_dependency


def arranging(original: Callable[..., Any]) -> Callable[..., Any]:
    """What asks the extension depends on the migration that installs it."""
    @wraps(original)
    def arrange_for_graph(self: Any, changes: Any, graph: Any, *args: Any, **kwargs: Any) -> Any:
        changes = original(self, changes, graph, *args, **kwargs)
        installs = sorted(key for key, migration in graph.nodes.items() if migration and any(
            isinstance(operation, ours.InstallExtension) for operation in migration.operations))
        for app_label, migrations in changes.items():
            if any(key[0] == app_label for key in installs):
                continue    # one before, of the same application
            for migration in migrations:
                if installs and any(isinstance(operation, TableOperation)
                                    for operation in migration.operations):
                    migration.dependencies = [*migration.dependencies, installs[0]]
                    break
        return changes
    return arrange_for_graph


MARK = "dbmi_authz_declares"
WRAPPERS = {"_sort_migrations": sorting, "check_dependency": checking,
            "arrange_for_graph": arranging}


def install() -> None:
    detector = autodetector.MigrationAutodetector
    for name, wrapper in WRAPPERS.items():
        wrap(detector, name, wrapper, MARK)
