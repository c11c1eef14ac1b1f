from dbmi_authz_django.admin import ExplainsAccess
from django.contrib import admin

from .models import Note, Record


@admin.register(Note)
class NoteAdmin(ExplainsAccess, admin.ModelAdmin):
    pass


admin.site.register(Record)
