"""What applications take from django-dbmi-client, by the same names and with the
same answers, out of the database: doc/django/users.md has the table.

    from dbmi_authz_django.dbmi_client.auth import dbmi_user       # was dbmi_client.auth
"""
