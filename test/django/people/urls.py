from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path
from rest_framework import routers

from . import api, views

router = routers.SimpleRouter()
router.register("by-model", api.ByModel, basename="by-model")
router.register("by-object", api.ByObject, basename="by-object")

urlpatterns = [path(view.__name__ + "/", view) for view in (
    views.me, views.ame, views.database, views.inside, views.allowed, views.permissions,
    views.as_another, views.log_in, views.log_out, views.open_to_all, views.readers, views.strong,
    views.missing, views.sets_cookie, views.alater)]
urlpatterns += [
    path("mixed/", views.Mixed.as_view()),
    path("passes/", views.Passes.as_view()),
    path("accounts/login/", LoginView.as_view(template_name="login.html")),
    path("public/", views.open_to_all),
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
]
