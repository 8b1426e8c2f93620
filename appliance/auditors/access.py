"""What auditors see of who may get in: invitations, API tokens, tokens of services. No hashes."""

from django.contrib import admin

from appliance.auditors.base import ReadOnly, at
from appliance.auditors.site import auditors
from appliance.internal.models import InternalToken
from appliance.people.models import Invitation
from connector.api.models import ApiToken


@admin.register(ApiToken, site=auditors)
class ApiTokenPage(ReadOnly):
    list_display = (
        "title",
        "prefix",
        "maker",
        "scopes",
        at("created_at"),
        at("expires_at"),
        at("last_used_at"),
        at("revoked_at"),
    )
    search_fields = ("title", "=prefix", "maker__username")
    fields = (
        "id",
        "title",
        "prefix",
        "maker",
        "scopes",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )


@admin.register(Invitation, site=auditors)
class InvitationPage(ReadOnly):
    list_display = (
        "email",
        "role",
        "maker",
        at("created_at"),
        at("expires_at"),
        at("used_at"),
        at("withdrawn_at"),
    )
    list_filter = ("role",)
    search_fields = ("email", "maker__username")
    ordering = ("-created_at",)
    fields = (
        "id",
        "email",
        "role",
        "maker",
        "created_at",
        "expires_at",
        "used_at",
        "withdrawn_at",
    )


@admin.register(InternalToken, site=auditors)
class InternalTokenPage(ReadOnly):
    list_display = ("name", at("created_at"), at("revoked_at"))
    fields = ("name", "created_at", "revoked_at")
    ordering = ("-created_at",)
