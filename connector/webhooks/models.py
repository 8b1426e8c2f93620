"""Tables of the webhook receiver."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.flows.models import Connection, Run


class Endpoint(models.Model):
    """An address at which one system sends signed events. Secrets are sealed for the receiver.

    `path` is the unguessable last part of the address. While a secret is being
    rotated the previous one is taken as well, until `previous_until`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    path = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=100)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="endpoints")
    scheme = models.CharField(max_length=40)
    events = ArrayField(models.CharField(max_length=100), default=list)
    secret_sealed = models.BinaryField(editable=False, default=bytes)
    previous_sealed = models.BinaryField(editable=False, default=bytes)
    previous_until = models.DateTimeField(null=True)
    secret_references = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    rotated_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    def place(self, field: str) -> Place:
        """Where a sealed field belongs: secret or previous."""
        return Place("webhooks_endpoint", str(self.id), field)


class Event(models.Model):
    """One verified event, stored before it was answered, unique by the provider's event id.

    `body_hash` is unique as well. It is a keyed hash of all that the signature covers, so a
    delivery that is sent again under an id that nobody signed is the same event.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSED = "processed"
        IGNORED = "ignored", "nobody asked for it"
        UNREADABLE = "unreadable", "verified, but not readable"

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="received")
    event_id = models.CharField(max_length=200)
    body_hash = models.BinaryField(max_length=32, editable=False)
    type = models.CharField(max_length=100, blank=True, default="")
    body_sealed = models.BinaryField(editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    repeats = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="events")
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="event_once"),
            models.UniqueConstraint(fields=["endpoint", "body_hash"], name="event_content_once"),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "id"], condition=Q(state="received"), name="event_waiting"
            ),
            models.Index(fields=["endpoint", "-id"], name="event_of_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.event_id}"

    @property
    def body_place(self) -> Place:
        return Place("webhooks_event", f"{self.endpoint_id}:{self.event_id}", "body")


class Tally(models.Model):
    """How many deliveries to an endpoint, or to an unknown address, were refused in one hour."""

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="tallies", null=True
    )
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    events = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "hour", "outcome"],
                name="tally_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.outcome} {self.events}"
