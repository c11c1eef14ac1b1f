from clinic import api, views
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path(view.__name__ + "/", view) for view in (
    views.notes, views.nothing, views.add, views.who, views.fails, views.swallows,
    views.optional, views.readers, views.areaders, views.denied, views.insists, views.steps_up, views.atomic,
    views.closes, views.streams, views.cursors, views.sleeps, views.breaks, views.amany,
    views.awho, views.astreams, views.counts)]
urlpatterns += [
    path("notes/<int:pk>/", views.note),
    path("needs_row/<int:pk>/", views.needs_row),
    path("other/<alias>/", views.other),
    path("admin/", admin.site.urls),
    path("api/", include(api.router.urls)),
    path("needs/org/<uuid:org_id>/", api.view_for(api.needs.pop("org"))),
    *(path("needs/%s/" % name, api.view_for(need)) for name, need in api.needs.items()),
]
