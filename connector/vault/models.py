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
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class CredentialVersion(models.Model):
    """One secret of a credential.

        pending ── passed its test, or used anyway ──> current
           └── dropped ──────────> shredded <── replaced ─┘

    Only the worker makes a pending version current. A shredded one has lost its sealed
    bytes, and with them the data key. `tested_at` and `problem` are of the last test
    that a pending version did not pass; `reminded` is the last reminder recorded.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        CURRENT = "current"
        SHREDDED = "shredded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.CURRENT)
    hosts = ArrayField(models.CharField(max_length=253))
    sealed = models.BinaryField(editable=False)
    adopted = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=32)
    expires_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150)
    tested_at = models.DateTimeField(null=True, editable=False)
    problem = models.CharField(max_length=500, blank=True, default="", editable=False)
    reminded = models.CharField(max_length=10, blank=True, default="", editable=False)
    shredded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["credential", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["credential"], condition=Q(state="current"), name="version_one_current"
            ),
            models.UniqueConstraint(
                fields=["credential"], condition=Q(state="pending"), name="version_one_pending"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "current", "shredded"]), name="version_state"
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


class Opening(models.Model):
    """That a version was opened for a run, so that its many slices make one audit entry."""

    version = models.ForeignKey(CredentialVersion, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=100)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "purpose"], name="opening_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.purpose}"
