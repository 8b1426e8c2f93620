"""What auditors see of the box: the audit log, accounts, connections, credentials, versions."""

import json

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from appliance.accounts.models import User
from appliance.auditors.base import ReadOnly, at
from appliance.auditors.site import auditors
from connector.audit import log
from connector.audit.models import Entry
from connector.flows.models import Connection, Version
from connector.vault.models import Credential, CredentialVersion
from connector.webhooks.models import Endpoint


@admin.register(Entry, site=auditors)
class EntryPage(ReadOnly):
    list_display = ("number", at("at"), "actor", "action", "subject", "facts_line", "genuine")
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
    list_display = (
        "username",
        "get_full_name",
        "role",
        "is_active",
        at("last_login"),
        at("date_joined"),
    )
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
        at("created_at"),
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
    list_display = (
        "title",
        "slug",
        "system",
        "hosts",
        "health",
        at("checked_at"),
        at("archived_at"),
    )
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
        at("created_at"),
        "created_by",
        at("last_used_at"),
        at("deleted_at"),
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
        "deleted_at",
        "all_versions",
    )

    @admin.display(description="versions")
    def all_versions(self, credential: Credential) -> SafeString:
        versions = CredentialVersion.objects.filter(credential=credential)
        return format_html_join(
            "",
            "<div>{}: {}, set {} by {}, fingerprint {}{}</div>",
            (
                (
                    one.number,
                    one.state,
                    f"{localtime(one.created_at):%Y-%m-%d %H:%M:%S}",
                    one.created_by,
                    one.fingerprint,
                    f", works until {one.expires_on}" if one.expires_on else "",
                )
                for one in versions
            ),
        )


@admin.register(Endpoint, site=auditors)
class EndpointPage(ReadOnly):
    list_display = (
        "title",
        "slug",
        "connection",
        "scheme",
        "enabled",
        at("rotated_at"),
        at("archived_at"),
    )
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
