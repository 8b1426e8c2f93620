"""Tables of granted access. Tokens are in the worker's own sealed form and in no other."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from connector.crypto.envelope import Place
from connector.crypto.vault_box import Binding
from connector.vault.models import Credential


class Grant(models.Model):
    """The tokens of one credential, under the version that they were obtained with.

    `asked_at` is set while a refresh is under way: if it is found set, the answer to that
    refresh was lost. Until `not_before` nobody asks. No system's name holds a space, so
    what is sealed here can't be taken for a credential, nor a credential for this.
    """

    class State(models.TextChoices):
        OK = "ok", "connected"
        CONNECT_AGAIN = "connect_again", "connect again"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="grants")
    version = models.PositiveIntegerField()
    hosts = ArrayField(models.CharField(max_length=253))
    sealed = models.BinaryField(editable=False)
    state = models.CharField(max_length=13, choices=State, default=State.OK)
    problem = models.CharField(max_length=300, blank=True, default="")
    expires_at = models.DateTimeField()
    renew_at = models.DateTimeField()
    refreshes = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(null=True)
    granted_at = models.DateTimeField(db_default=Now(), editable=False)
    granted_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["credential", "version"], name="grant_of_version"),
            models.CheckConstraint(
                condition=models.Q(state__in=["ok", "connect_again"]), name="grant_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} version {self.version}"

    @property
    def binding(self) -> Binding:
        """What the seal must agree with before a token is opened."""
        return Binding(
            credential=self.credential_id,
            version=self.version,
            system=f"{self.credential.system} tokens",
            hosts=tuple(self.hosts),
        )


class Authorization(models.Model):
    """One try of one person to grant access.

        asked ── worker made the address ──> ready ── sent to the system ──> sent
        sent ── came back with a code ──> returned ── same person ──> finished
        finished ── worker: code sent ──> exchanging ── tokens kept ──> done
        any of them ──> failed, with its reason

    Of state, binder and session there are only hashes. The verifier is in the worker's own
    form; web never has it. The code is sealed to the worker as soon as it arrives.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        READY = "ready"
        SENT = "sent"
        RETURNED = "returned"
        FINISHED = "finished"
        EXCHANGING = "exchanging"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    connection = models.UUIDField()
    version = models.PositiveIntegerField(default=0)
    hosts = ArrayField(models.CharField(max_length=253), default=list)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    problem = models.CharField(max_length=300, blank=True, default="")
    actor = models.CharField(max_length=150)
    session_hash = models.BinaryField(editable=False)
    redirect_uri = models.CharField(max_length=300)
    address_sealed = models.BinaryField(editable=False, default=bytes)
    verifier_sealed = models.BinaryField(editable=False, default=bytes)
    state_hash = models.BinaryField(editable=False, null=True, unique=True)
    binder_hash = models.BinaryField(editable=False, default=bytes)
    code_sealed = models.BinaryField(editable=False, default=bytes)
    settings_sealed = models.BinaryField(editable=False, default=bytes)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["connection", "-created_at"], name="oauth_by_connection")]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def place(self, field: str) -> Place:
        """Where a value that web may open belongs."""
        return Place("oauth_authorization", str(self.id), field)

    def binding(self, what: str) -> Binding:
        """What the sealed code or verifier must agree with."""
        return Binding(
            credential=self.id,
            version=self.version,
            system=f"{self.credential.system} {what}",
            hosts=tuple(self.hosts),
        )
