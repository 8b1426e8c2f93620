"""Runs, records that are held, and previews."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.flows.models.flows import Flow, Version
from connector.flows.models.ledger import Route


class Run(models.Model):
    """One run of a flow, a chain of slices. Its sum adds up: the database refuses anything else."""

    class Kind(models.TextChoices):
        INCREMENTAL = "incremental"
        FULL = "full"
        RECORDS = "records"
        HELD = "held"

    class Cause(models.TextChoices):
        SCHEDULE = "schedule"
        WEBHOOK = "webhook"
        AFTER = "after", "after another flow"
        MANUAL = "manual", "by hand"
        COMMAND = "command"
        RELEASE = "release", "a held record was released"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        STOPPED = "stopped"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="runs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.INCREMENTAL)
    cause = models.CharField(max_length=10, choices=Cause)
    actor = models.CharField(max_length=150)
    tick = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    cancel_asked = models.BooleanField(default=False)
    input_sealed = models.BinaryField(editable=False, default=bytes)
    position_sealed = models.BinaryField(editable=False, default=bytes)
    read = models.BigIntegerField(default=0)
    delivered = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    uncertain = models.BigIntegerField(default=0)
    pages = models.BigIntegerField(default=0)
    slices = models.IntegerField(default=0)
    message = models.CharField(max_length=500, blank=True, default="")
    failing_since = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "tick"], condition=Q(tick__isnull=False), name="run_one_a_tick"
            ),
            models.UniqueConstraint(
                fields=["flow", "kind"],
                condition=Q(state__in=["queued", "running"]),
                name="run_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(
                    read=F("delivered")
                    + F("unchanged")
                    + F("skipped")
                    + F("held")
                    + F("rejected")
                    + F("uncertain")
                ),
                name="run_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["flow", "-created_at", "-id"], name="run_of_flow"),
            models.Index(fields=["-created_at", "-id"], name="run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def input_place(self) -> Place:
        return Place("flows_run", str(self.id), "input")

    @property
    def position_place(self) -> Place:
        return Place("flows_run", str(self.id), "position")

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.FINISHED, self.State.STOPPED, self.State.CANCELLED)


class HeldRecord(models.Model):
    """A record that can't be mapped yet. It waits here with what is wrong, sealed."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RELEASED = "released"
        SOLVED = "solved"
        DISMISSED = "dismissed"

    id = models.BigAutoField(primary_key=True)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="held_records")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="+")
    source_key = models.BinaryField(max_length=16, editable=False)
    record_sealed = models.BinaryField(editable=False)
    problems_sealed = models.BinaryField(editable=False)
    cause = models.CharField(max_length=32)
    reasons = ArrayField(models.CharField(max_length=20))
    fields = ArrayField(models.CharField(max_length=120))
    waits_for = ArrayField(models.CharField(max_length=32), default=list)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    held_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-held_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "source_key"],
                condition=Q(state__in=["waiting", "released"]),
                name="held_once",
            )
        ]
        indexes = [
            GinIndex(fields=["waits_for"], name="held_waits_for"),
            models.Index(
                fields=["flow", "cause", "id"],
                condition=Q(state="waiting"),
                name="held_by_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow}: {', '.join(self.reasons)}"

    @property
    def record_place(self) -> Place:
        return Place("flows_heldrecord", f"{self.flow_id}:{bytes(self.source_key).hex()}", "record")

    @property
    def problems_place(self) -> Place:
        return Place(
            "flows_heldrecord", f"{self.flow_id}:{bytes(self.source_key).hex()}", "problems"
        )


class Preview(models.Model):
    """A mapping tried on real records by the worker. Nothing is sent; it is kept 15 minutes."""

    class State(models.TextChoices):
        ASKED = "asked"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=150)
    draft_sealed = models.BinaryField(editable=False)
    result_sealed = models.BinaryField(editable=False, default=bytes)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    message = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="preview_age")]

    def __str__(self) -> str:
        return f"{self.flow} {self.state}"

    @property
    def draft_place(self) -> Place:
        return Place("flows_preview", str(self.id), "draft")

    @property
    def result_place(self) -> Place:
        return Place("flows_preview", str(self.id), "result")
