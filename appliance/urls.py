"""All addresses of the box."""

from django.urls import include, path

from appliance.auditors.site import auditors

urlpatterns = [
    path("", include("connector.console.urls")),
    path("", include("appliance.accounts.urls")),
    path("auditors/", auditors.urls),
    path("", include("connector.webhooks.urls")),
]
