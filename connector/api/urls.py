"""Addresses of the API."""

from django.urls import path, re_path

from connector.api import (
    audit,
    connections,
    credentials,
    deliveries,
    endpoint,
    flows,
    health,
    inbox,
    runs,
)

app_name = "api"
urlpatterns = [
    path("flows/", flows.Flows.as_view(), name="flows"),
    path("flows/<slug:slug>/", flows.OneFlow.as_view(), name="flow"),
    path("flows/<slug:slug>/run/", flows.Start.as_view(), name="flow-run"),
    path("runs/", runs.Runs.as_view(), name="runs"),
    path("runs/<uuid:pk>/", runs.OneRun.as_view(), name="run"),
    path("runs/<uuid:pk>/cancel/", runs.Cancel.as_view(), name="run-cancel"),
    path("connections/", connections.Connections.as_view(), name="connections"),
    path("connections/<slug:slug>/", connections.OneConnection.as_view(), name="connection"),
    path("connections/<slug:slug>/test/", connections.Test.as_view(), name="connection-test"),
    path(
        "connections/<slug:slug>/credential/",
        credentials.OfConnection.as_view(),
        name="credential",
    ),
    path(
        "connections/<slug:slug>/credential/rotate/",
        credentials.Rotate.as_view(),
        name="credential-rotate",
    ),
    path("deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("inbox/", inbox.Groups.as_view(), name="inbox"),
    path("audit/", audit.Entries.as_view(), name="audit"),
    path("health/", health.Health.as_view(), name="health"),
    re_path(r"", endpoint.Nothing.as_view(), name="nothing"),
]
