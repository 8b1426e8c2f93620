"""Tables of the vault. Rows hold sealed bytes only; plain text never reaches the database."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connector.crypto.vault_box import Binding


class Credential(models.Model):
    """What signs in to one system. Its secrets live in versions; exactly one is current."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=100)
    system = models.CharField(max_length=40)
    hosts = ArrayField(models.CharField(max_length=253))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class CredentialVersion(models.Model):
    """One secret of a credential. `sealed` is emptied (shredded) when it is superseded for good."""

    class State(models.TextChoices):
        CURRENT = "current"
        SUPERSEDED = "superseded"
        SHREDDED = "shredded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.CURRENT)
    hosts = ArrayField(models.CharField(max_length=253))
    sealed = models.BinaryField(editable=False)
    adopted = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=32)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150)
    superseded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["credential", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["credential"], condition=Q(state="current"), name="version_one_current"
            ),
            models.CheckConstraint(
                condition=Q(state="shredded", sealed=b"") | (~Q(state="shredded") & ~Q(sealed=b"")),
                name="version_is_sealed_or_shredded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} version {self.number}"

    @property
    def binding(self) -> Binding:
        """What the seal must agree with before anything is opened."""
        return Binding(
            credential=self.credential_id,
            version=self.number,
            system=self.credential.system,
            hosts=tuple(self.hosts),
        )
