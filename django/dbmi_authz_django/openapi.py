"""OpenAPI: which token a view takes, and where.

For REST framework's own generator:

    REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "dbmi_authz_django.openapi.AutoSchema"}
    get_schema_view(title="Notes", generator_class=SchemaGenerator)

For drf-spectacular nothing is to be done (spectacular.py).
"""
from __future__ import annotations

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.schemas import openapi

from .conf import conf
from .rest_framework import TokenAuthentication


def schemes() -> dict[str, Any]:
    """name -> security scheme object, for each place where a token may stand"""
    found: dict[str, Any] = {}
    if conf.header.lower() == "authorization" and "bearer" in conf.schemes:
        found["authzToken"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    else:
        found["authzToken"] = {"type": "apiKey", "in": "header", "name": conf.header}
        if conf.schemes:
            found["authzToken"]["description"] = "The token behind the word %s" % " or ".join(
                '"%s"' % scheme for scheme in sorted(conf.schemes))
    if conf.cookie:
        found["authzCookie"] = {"type": "apiKey", "in": "cookie", "name": conf.cookie}
    return found


def requirements() -> list[dict[str, list[str]]]:
    """One of the schemes is enough."""
    return [{name: []} for name in schemes()]


class AutoSchema(openapi.AutoSchema):
    def get_operation(self, path: str, method: str) -> Any:
        operation = super().get_operation(path, method)
        if any(isinstance(authenticator, TokenAuthentication)
               for authenticator in self.view.get_authenticators()):
            operation["security"] = requirements()
            if all(permission is AllowAny for permission in self.view.permission_classes):
                operation["security"].append({})    # nobody may come too
        return operation


class SchemaGenerator(openapi.SchemaGenerator):
    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        schema = super().get_schema(*args, **kwargs)
        schema.setdefault("components", {})["securitySchemes"] = schemes()
        return schema
