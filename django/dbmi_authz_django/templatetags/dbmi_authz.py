"""{% load dbmi_authz %}"""
from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.template import Library
from django.templatetags.cache import CacheNode, do_cache

from ..caching.caches import render_watched, seconds
from ..identity import identity
from ..login import current

register = Library()


class Known:
    """A value where a template has a variable."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def resolve(self, context: Any) -> Any:
        return self.value


class PartPerIdentity(CacheNode):
    def render(self, context: Any) -> Any:
        me = identity()
        timeout = self.expire_time_var.resolve(context)
        try:
            timeout = seconds(None if timeout is None else int(timeout), me)
        except (TypeError, ValueError):
            pass        # Django says so itself
        return render_watched(
            CacheNode(self.nodelist, Known(timeout), self.fragment_name,
                      [*self.vary_on, Known(me.cache_key)], self.cache_name),
            context, current())


@register.tag
def cache_per_identity(parser: Any, token: Any) -> PartPerIdentity:
    """Django's {% cache %}, with parts that belong to one identity and end with
    its token::

        {% cache_per_identity 300 notes %} ... {% endcache %}
    """
    node = do_cache(parser, token)
    return PartPerIdentity(node.nodelist, node.expire_time_var, node.fragment_name,
                           node.vary_on, node.cache_name)
