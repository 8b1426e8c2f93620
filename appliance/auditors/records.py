"""What auditors see of events, runs and deliveries. Sealed columns are never named."""

from django.contrib import admin

from appliance.auditors.base import ReadOnly, at
from appliance.auditors.site import auditors
from connector.flows.models import Delivery, Run
from connector.webhooks.models import Event


@admin.register(Event, site=auditors)
class EventPage(ReadOnly):
    list_display = (
        "id",
        at("received_at"),
        "endpoint",
        "event_id",
        "type",
        "state",
        "repeats",
        at("processed_at"),
        "run",
    )
    list_filter = ("state", "endpoint", "received_at")
    search_fields = ("=event_id",)
    search_help_text = "The provider’s event id, exactly"
    fields = (
        "endpoint",
        "event_id",
        "type",
        "state",
        "repeats",
        "run",
        "received_at",
        "processed_at",
    )


@admin.register(Run, site=auditors)
class RunPage(ReadOnly):
    list_display = (
        at("created_at"),
        "flow",
        "kind",
        "cause",
        "actor",
        "state",
        "read",
        "delivered",
        "unchanged",
        "skipped",
        "held",
        "rejected",
        "uncertain",
    )
    list_filter = ("state", "cause", "flow")
    search_fields = ("=id",)
    fields = (
        "id",
        "flow",
        "version",
        "kind",
        "cause",
        "actor",
        "state",
        "read",
        "delivered",
        "unchanged",
        "skipped",
        "held",
        "rejected",
        "uncertain",
        "pages",
        "message",
        "created_at",
        "started_at",
        "finished_at",
    )


@admin.register(Delivery, site=auditors)
class DeliveryPage(ReadOnly):
    list_display = (
        "id",
        "flow",
        "route",
        "state",
        "operation",
        "origin",
        "attempts",
        at("sent_at"),
        at("settled_at"),
    )
    list_filter = ("state", "flow")
    list_select_related = ("flow", "route__source", "route__destination")
    search_fields = ("=external_id", "=key")
    search_help_text = "Reference or idempotency key, exactly"
    ordering = ("-id",)
    fields = (
        "id",
        "flow",
        "version",
        "run",
        "route",
        "state",
        "operation",
        "origin",
        "key",
        "external_id",
        "problem",
        "attempts",
        "created_at",
        "sent_at",
        "settled_at",
    )
