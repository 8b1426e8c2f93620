"""The table of API tokens. Only hashes are stored."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class ApiToken(models.Model):
    """What a program signs in with. Change rows through connector.api.tokens, never directly.

    `scopes` are abilities of connector.console.access. They count only as long as the role of
    whoever made the token has them as well.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    prefix = models.CharField(max_length=12)
    title = models.CharField(max_length=100)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="token_newest"),
            models.Index(fields=["maker", "-created_at", "-id"], name="token_of_maker"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.prefix})"

    @property
    def state(self) -> str:
        """In one word: revoked, expired or on."""
        if self.revoked_at:
            return "revoked"
        return "on" if self.expires_at > timezone.now() else "expired"
