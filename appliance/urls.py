"""All addresses of the box."""

from django.urls import include, path

from appliance.auditors.site import auditors
from appliance.health.views import live, ready

urlpatterns = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("", include("connector.console.urls")),
    path("", include("appliance.accounts.urls")),
    path("auditors/", auditors.urls),
    path("", include("connector.webhooks.urls")),
    path("api/v1/", include("connector.api.urls")),
]
