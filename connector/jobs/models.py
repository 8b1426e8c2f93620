"""The queue: one row a job. Rows hold a kind from a closed list and ids: no code, no secrets."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Job(models.Model):
    """One piece of work for the worker. Rows change through connector.jobs.queue alone."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        PARKED = "parked"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    args = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=150, blank=True, default="")
    priority = models.SmallIntegerField(default=50)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    holder = models.CharField(max_length=60, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(state="waiting") & ~Q(dedupe_key=""),
                name="job_one_waiting",
            ),
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(state="running") & ~Q(dedupe_key=""),
                name="job_one_running",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "not_before", "id"],
                condition=Q(state="waiting"),
                name="job_waiting",
            ),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_lease"),
            models.Index(
                fields=["finished_at"], condition=Q(state__in=["done", "parked"]), name="job_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.state}"
