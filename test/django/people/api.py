"""REST framework with Django's permissions."""
from __future__ import annotations

from clinic.api import NoteViewSet
from rest_framework import permissions


class ByModel(NoteViewSet):
    permission_classes = [permissions.DjangoModelPermissions]


class ByObject(NoteViewSet):
    permission_classes = [permissions.DjangoObjectPermissions]
