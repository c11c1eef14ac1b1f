"""The security scheme of TokenAuthentication for drf-spectacular.

To be imported where that is installed: apps.py does.
"""
from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from .openapi import requirements, schemes


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "dbmi_authz_django.rest_framework.TokenAuthentication"
    match_subclasses = True

    @property
    def name(self) -> list[str]:
        return list(schemes())

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return requirements()

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return list(schemes().values())
