"""What auditors see, table by table. Sealed columns are never named."""

import json
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from appliance.accounts.models import User
from appliance.auditors.site import auditors
from connector.audit import log
from connector.audit.models import Entry
from connector.flows.models import Connection, Delivery, Run, Version
from connector.vault.models import Credential, CredentialVersion
from connector.webhooks.models import Endpoint, Event

COUNTED = 5_000


class Bounded(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNTED rows: ten million open as fast as ten."""

    @cached_property
    def count(self) -> int:
        return len(self.object_list.values_list("pk")[:COUNTED])  # type: ignore[union-attr]


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing is added, changed or deleted here. Sealed fields are never named."""

    actions = None
    list_per_page = 50
    paginator = Bounded
    show_full_result_count = False
    list_select_related = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Entry, site=auditors)
class EntryPage(ReadOnly):
    list_display = ("number", "at", "actor", "action", "subject", "facts_line", "genuine")
    list_filter = ("action", "at")
    search_fields = ("=actor", "=subject")
    search_help_text = "Who, or subject, exactly"
    fields = ("number", "id", "at", "actor", "action", "subject", "facts", "key_id", "genuine")

    @admin.display(description="facts")
    def facts_line(self, entry: Entry) -> str:
        return ", ".join(f"{name} {value}" for name, value in json.loads(entry.facts).items())

    @admin.display(description="as written", boolean=True)
    def genuine(self, entry: Entry) -> bool:
        return log.is_genuine(entry)


@admin.register(User, site=auditors)
class AccountPage(ReadOnly):
    list_display = ("username", "get_full_name", "role", "is_active", "last_login", "date_joined")
    list_filter = ("role", "is_active")
    search_fields = ("username", "email")
    fields = (
        "username",
        "first_name",
        "last_name",
        "email",
        "role",
        "is_active",
        "last_login",
        "date_joined",
    )


@admin.register(Version, site=auditors)
class VersionPage(ReadOnly):
    list_display = (
        "flow",
        "number",
        "created_at",
        "created_by",
        "source",
        "stream",
        "destination",
        "object",
        "note",
    )
    list_filter = ("flow",)
    search_fields = ("flow__title", "created_by", "note")
    fields = (
        "flow",
        "number",
        "source",
        "stream",
        "destination",
        "object",
        "digest",
        "note",
        "created_at",
        "created_by",
    )
    ordering = ("-created_at",)


@admin.register(Connection, site=auditors)
class ConnectionPage(ReadOnly):
    list_display = ("title", "slug", "system", "hosts", "health", "checked_at", "archived_at")
    list_filter = ("system", "health")
    search_fields = ("title", "slug")
    fields = (
        "title",
        "slug",
        "system",
        "hosts",
        "credential",
        "health",
        "health_message",
        "checked_at",
        "last_ok_at",
        "created_at",
        "archived_at",
    )


@admin.register(Credential, site=auditors)
class CredentialPage(ReadOnly):
    """Metadata only. There is nothing here, or anywhere, that shows a secret."""

    list_display = (
        "label",
        "system",
        "hosts",
        "created_at",
        "created_by",
        "last_used_at",
        "expires_at",
        "deleted_at",
    )
    list_filter = ("system",)
    search_fields = ("label", "created_by")
    fields = (
        "id",
        "label",
        "system",
        "hosts",
        "created_at",
        "created_by",
        "last_used_at",
        "expires_at",
        "deleted_at",
        "all_versions",
    )

    @admin.display(description="versions")
    def all_versions(self, credential: Credential) -> SafeString:
        lines = [
            f"{one.number}: {one.get_state_display()}, set {one.created_at:%Y-%m-%d %H:%M} UTC by "
            f"{one.created_by}, fingerprint {one.fingerprint}"
            for one in CredentialVersion.objects.filter(credential=credential)
        ]
        return format_html("{}", "; ".join(lines))


@admin.register(Endpoint, site=auditors)
class EndpointPage(ReadOnly):
    list_display = ("title", "slug", "connection", "scheme", "enabled", "rotated_at", "archived_at")
    fields = (
        "title",
        "slug",
        "connection",
        "scheme",
        "events",
        "enabled",
        "created_at",
        "rotated_at",
        "previous_until",
        "archived_at",
    )


@admin.register(Event, site=auditors)
class EventPage(ReadOnly):
    list_display = (
        "id",
        "received_at",
        "endpoint",
        "event_id",
        "type",
        "state",
        "repeats",
        "processed_at",
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
        "created_at",
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
        "sent_at",
        "settled_at",
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
