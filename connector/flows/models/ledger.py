"""The delivery ledger: one row for each record that was ever sent anywhere."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.flows.models.connections import Connection
from connector.flows.models.flows import Flow, Version


class Route(models.Model):
    """From one stream of a connection to one object of another. Outlives every flow on it."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    stream = models.CharField(max_length=60)
    destination = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    object = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "stream", "destination", "object"], name="route_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.stream} to {self.destination} {self.object}"


class Delivery(models.Model):
    """What became of one record at its destination.

    Moves are made by connector.flows.ledger alone:

        pending -> sending
        sending -> delivered | rejected | uncertain | pending (nothing left the box)
        uncertain -> delivered | rejected | sending (the same call again, or absence proven)
        delivered -> sending (the record changed)
        rejected -> sending (it changed, or a person asked)

    `sending` is committed before the request leaves. `source_key` and `remote_key`
    are keyed hashes; the clear values stand sealed beside them.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        DELIVERED = "delivered"
        REJECTED = "rejected"
        UNCERTAIN = "uncertain"

    class Operation(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"

    class Origin(models.TextChoices):
        SENT = "sent"
        FOUND = "found", "found there by look-up"
        DECIDED = "decided", "decided by a person"

    id = models.BigAutoField(primary_key=True)
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="deliveries")
    source_key = models.BinaryField(max_length=16, editable=False)
    source_key_sealed = models.BinaryField(editable=False)
    fingerprint = models.BinaryField(max_length=16, editable=False)
    source_print = models.BinaryField(max_length=16, editable=False, default=bytes)
    state = models.CharField(max_length=10, choices=State)
    operation = models.CharField(max_length=8, choices=Operation, default=Operation.CREATE)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.SENT)
    key = models.CharField(max_length=40)
    external_id = models.CharField(max_length=32)
    request_sealed = models.BinaryField(editable=False, default=bytes)
    remote_key = models.BinaryField(max_length=16, editable=False, null=True)
    remote_sealed = models.BinaryField(editable=False, default=bytes)
    steps_done = models.SmallIntegerField(default=0)
    problem_sealed = models.BinaryField(editable=False, default=bytes)
    problem = models.CharField(max_length=32, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    counted = models.BooleanField(default=False)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="deliveries")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey("flows.Run", on_delete=models.SET_NULL, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["route", "source_key"], name="delivery_once"),
            models.UniqueConstraint(fields=["route", "key"], name="delivery_key"),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(remote_key__isnull=False),
                name="delivered_has_remote_id",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sending", "uncertain"]) | Q(sent_at__isnull=False),
                name="open_has_sending_time",
            ),
        ]
        indexes = [
            models.Index(fields=["route", "remote_key"], name="delivery_remote"),
            models.Index(
                fields=["route", "id"],
                condition=Q(state__in=["sending", "uncertain"]),
                name="delivery_open",
            ),
            models.Index(
                fields=["problem", "flow", "id"],
                condition=Q(state__in=["rejected", "uncertain"]),
                name="delivery_inbox",
            ),
            models.Index(fields=["run", "id"], name="delivery_of_run"),
            models.Index(fields=["flow", "-id"], name="delivery_of_flow"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id}/{self.pk} {self.state}"

    @property
    def seal_row(self) -> str:
        """The row name inside the associated data: known before the database gives a number."""
        return f"{self.route_id}:{bytes(self.source_key).hex()}"

    def place(self, field: str) -> Place:
        """Where a sealed field of this row belongs: source_key, request, remote, problem."""
        return Place("flows_delivery", self.seal_row, field)


class Payload(models.Model):
    """What was read and what was sent, sealed, for as long as the policy keeps it (S18)."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, primary_key=True)
    record_sealed = models.BinaryField(editable=False)
    request_sealed = models.BinaryField(editable=False, default=bytes)
    answer_sealed = models.BinaryField(editable=False, default=bytes)
    kept_until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kept_until"], name="payload_kept_until")]

    def __str__(self) -> str:
        return f"payload of {self.delivery_id}"
