from django.contrib import admin

from .models import Note, Record

admin.site.register(Note)
admin.site.register(Record)
