"""Addresses of the console."""

from django.urls import path

from connector.console import (
    audit,
    connections,
    credential_file,
    credentials,
    deliveries,
    flows,
    inbox,
    mapping,
    maps,
    overview,
    runs,
    theme,
    webhooks,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("theme/", theme.change, name="theme"),
    path("inbox/", inbox.groups, name="inbox"),
    path("inbox/<slug:flow>/<str:cause>/", inbox.group, name="inbox-group"),
    path("inbox/<slug:flow>/<str:cause>/retry/", inbox.retry, name="inbox-retry"),
    path("inbox/<slug:flow>/<str:cause>/dismiss/", inbox.dismiss, name="inbox-dismiss"),
    path("inbox/<slug:flow>/<str:cause>/entry/", inbox.add_entry, name="inbox-entry"),
    path("flows/", flows.listed, name="flows"),
    path("flows/<slug:slug>/", flows.detail, name="flow"),
    path("flows/<slug:slug>/run/", flows.run, name="flow-run"),
    path("flows/<slug:slug>/switch/", flows.switch, name="flow-switch"),
    path("flows/<slug:slug>/versions/", flows.versions, name="flow-versions"),
    path("flows/<slug:slug>/mapping/", mapping.edit, name="mapping"),
    path("flows/<slug:slug>/mapping/preview/<uuid:pk>/", mapping.preview, name="preview"),
    path("runs/", runs.listed, name="runs"),
    path("runs/<uuid:pk>/", runs.detail, name="run"),
    path("runs/<uuid:pk>/progress/", runs.progress, name="run-progress"),
    path("runs/<uuid:pk>/cancel/", runs.cancel, name="run-cancel"),
    path("deliveries/", deliveries.listed, name="deliveries"),
    path("deliveries/retry/", deliveries.retry_shown, name="deliveries-retry"),
    path("deliveries/<int:pk>/", deliveries.detail, name="delivery"),
    path("deliveries/<int:pk>/payload/", deliveries.payload, name="delivery-payload"),
    path("deliveries/<int:pk>/decide/", deliveries.decide, name="delivery-decide"),
    path("deliveries/<int:pk>/retry/", deliveries.retry, name="delivery-retry"),
    path("connections/", connections.listed, name="connections"),
    path("connections/new/", connections.systems, name="connection-systems"),
    path("connections/new/<slug:system>/", connections.add, name="connection-add"),
    path("connections/import/", credential_file.import_file, name="connection-import"),
    path("connections/<slug:slug>/", connections.detail, name="connection"),
    path("connections/<slug:slug>/health/", connections.health, name="connection-health"),
    path("connections/<slug:slug>/test/", connections.test, name="connection-test"),
    path("connections/<slug:slug>/rotate/", credentials.rotate, name="connection-rotate"),
    path("connections/<slug:slug>/credential/use/", credentials.use, name="credential-use"),
    path("connections/<slug:slug>/credential/drop/", credentials.drop, name="credential-drop"),
    path(
        "connections/<slug:slug>/credential/expiry/", credentials.expiry, name="credential-expiry"
    ),
    path(
        "connections/<slug:slug>/credential/delete/", credentials.delete, name="credential-delete"
    ),
    path("connections/<slug:slug>/settings/", connections.change, name="connection-change"),
    path("maps/", maps.listed, name="maps"),
    path("maps/<slug:slug>/", maps.detail, name="map"),
    path("maps/<slug:slug>/entry/", maps.save_entry, name="map-entry"),
    path("maps/<slug:slug>/csv/", maps.upload, name="map-csv"),
    path("maps/<slug:slug>/csv/download/", maps.download, name="map-download"),
    path("webhooks/", webhooks.listed, name="webhooks"),
    path("webhooks/<slug:slug>/", webhooks.detail, name="webhook-page"),
    path("webhooks/<slug:slug>/rotate/", webhooks.rotate, name="webhook-rotate"),
    path("webhooks/<slug:slug>/switch/", webhooks.switch, name="webhook-switch"),
    path(
        "webhooks/<slug:slug>/events/<int:pk>/replay/", webhooks.replay_event, name="event-replay"
    ),
    path("audit/", audit.entries, name="audit"),
]
