"""All addresses of the box."""

from django.urls import include, path

from appliance.auditors.site import auditors
from appliance.health.views import live, ready
from appliance.well_known import robots_txt, security_txt

urlpatterns = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
    path("robots.txt", robots_txt, name="robots-txt"),
    path("", include("connector.console.urls")),
    path("", include("appliance.accounts.urls")),
    path("", include("appliance.people.urls")),
    path("auditors/", auditors.urls),
    path("", include("connector.webhooks.urls")),
    path("api/v1/", include("connector.api.urls")),
    path("internal/v1/", include("appliance.internal.urls")),
]
