"""One account at one system."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.vault.models import Credential


class Connection(models.Model):
    """Settings, credential and health of one account at one system.

    `settings_sealed` is JSON under the config key. `hosts` repeats what the
    credential is bound to, for people; the worker trusts the sealed binding.
    `secret_references` says where a file of flows takes the secrets from
    (`{"api_key": {"env": "NAME"}}`), never a secret.
    """

    class Health(models.TextChoices):
        UNKNOWN = "unknown", "not tested"
        OK = "ok", "answers"
        FAILING = "failing", "does not answer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    system = models.CharField(max_length=40)
    settings_sealed = models.BinaryField(editable=False)
    hosts = ArrayField(models.CharField(max_length=253), default=list)
    credential = models.ForeignKey(
        Credential, on_delete=models.PROTECT, null=True, related_name="connections"
    )
    secret_references = models.JSONField(default=dict)
    health = models.CharField(max_length=10, choices=Health, default=Health.UNKNOWN)
    health_message = models.CharField(max_length=500, blank=True, default="")
    account_sealed = models.BinaryField(editable=False, default=bytes)
    test_asked_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    @property
    def settings_place(self) -> Place:
        return Place("flows_connection", str(self.id), "settings")

    @property
    def account_place(self) -> Place:
        return Place("flows_connection", str(self.id), "account")
