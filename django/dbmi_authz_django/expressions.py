"""Requirements (requirements.py) as conditions of querysets.

    Note.objects.filter(InSet("my_folders", "folder") | Q(public=True))
    Note.objects.annotate(mine=IsOwner("owner"))

A requirement gives an expression of Django's when a query takes it in.
"""
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Expression


class Raw(Expression):
    """SQL of ours as it stands."""

    def __init__(self, text):
        super().__init__(output_field=BooleanField())
        self.text = text

    def as_sql(self, compiler, connection):
        return self.text.replace("%", "%%"), []


def column(path):
    return F("__".join(path))


def typed(value, type):
    """A value that says its type: functions that take any type need to be told."""
    return Func(Value(value), template="%(expressions)s::" + type, output_field=BooleanField())


def call(function, args, variadic=False):
    *before, last = args or [None]
    if variadic:
        last = Func(last, template="VARIADIC %(expressions)s", output_field=BooleanField())
    return Func(*(before + [last] if args else []), function="authz." + function,
                output_field=BooleanField())


def joined(operator, parts):
    return Func(*parts, template="(%(expressions)s)", arg_joiner=" %s " % operator,
                output_field=BooleanField())


def negated(part):
    return Func(part, template="(authz.is_authenticated() AND NOT %(expressions)s)",
                output_field=BooleanField())


def joined_with_condition(operator, one, other):
    """With a Q, or with an expression that is a condition."""
    one, other = (part if isinstance(part, Q) else Q(part) for part in (one, other))
    return one & other if operator == "AND" else one | other
