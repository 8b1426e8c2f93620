"""The table of the audit log. Its number and time are given by the database, not by us."""

import uuid

from django.db import models
from django.db.models.functions import Now

from connector.audit.actions import PUT_IN_USE, Action


def actions() -> list[tuple[str, str]]:
    """The choices of `action`; a function, so that a new action needs no migration."""
    return [(action.value, action.value) for action in Action]


class Entry(models.Model):
    """One thing that happened.

    `facts` is the very text that the MAC was made over, so that no database
    type can put its keys into another order. The run-time roles may insert and
    select; triggers refuse everything else, for the owner as well.
    """

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    action = models.CharField(max_length=60, choices=actions)
    actor = models.CharField(max_length=150)
    subject = models.CharField(max_length=150)
    facts = models.TextField()
    key_id = models.CharField(max_length=40, editable=False)
    mac = models.BinaryField(editable=False)

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["subject", "-number"], name="entry_subject"),
            models.Index(fields=["action", "-number"], name="entry_action"),
            models.Index(fields=["actor", "-number"], name="entry_actor"),
            # the last of a credential is asked for at each opening, among many openings
            models.Index(
                fields=["subject", "-number"],
                condition=models.Q(action__in=PUT_IN_USE),
                name="entry_put_in_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.subject}"
