"""Flows, their versions, their schedule and how far they have read."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.flows.models.connections import Connection


class Flow(models.Model):
    """Moves one stream of a connection to one object of another. Never deleted, only archived."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=200, blank=True, default="")
    current = models.ForeignKey(
        "flows.Version", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Version(models.Model):
    """What a flow did at one time. Immutable: a trigger refuses every change.

    `sealed` holds, under the config key, JSON of `params`, `trigger`,
    `policies` and `mapping`, in the words of a flow file.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    stream = models.CharField(max_length=60)
    destination = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    object = models.CharField(max_length=60)
    sealed = models.BinaryField(editable=False)
    digest = models.CharField(max_length=32)
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} version {self.number}"

    @property
    def place(self) -> Place:
        return Place("flows_version", str(self.id), "definition")


class Schedule(models.Model):
    """The next tick of a flow. One row a flow, so two workers can't both make a run of it."""

    flow = models.OneToOneField(Flow, on_delete=models.PROTECT, primary_key=True)
    rule = models.CharField(max_length=100)
    zone = models.CharField(max_length=60, default="UTC")
    on_missed = models.CharField(max_length=10, default="once")
    next_tick = models.DateTimeField(null=True)
    last_tick = models.DateTimeField(null=True)
    missed = models.PositiveIntegerField(default=0)
    overlapped = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_tick"], condition=Q(next_tick__isnull=False), name="schedule_next"
            )
        ]

    def __str__(self) -> str:
        return f"{self.flow}: {self.rule}"


class Cursor(models.Model):
    """How far a stream was read for a flow. The mark is a value of the source, never our clock."""

    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="cursors")
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    stream = models.CharField(max_length=60)
    mark = models.CharField(max_length=60, blank=True, default="")
    moved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow", "source", "stream"], name="cursor_of_a_flow")
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.stream} {self.mark}"
