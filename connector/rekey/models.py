"""Which keys the box's data needs, and how far sealing anew has come. Ids only, never a key."""

from django.db import models
from django.db.models.functions import Now


class ExpectedKey(models.Model):
    """A key that the keyrings of this box must hold. Written by the worker and the owner alone."""

    id = models.BigAutoField(primary_key=True)
    cell = models.CharField(max_length=16)
    domain = models.CharField(max_length=12)
    role = models.CharField(max_length=6)
    key_id = models.CharField(max_length=16)
    primary = models.BooleanField()
    since = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "role", "key_id"], name="expected_key_once"),
            models.UniqueConstraint(
                fields=["domain", "role"],
                condition=models.Q(primary=True),
                name="expected_key_one_primary",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} {self.role} {self.key_id}"


class Reseal(models.Model):
    """The walk over everything that older keys of a domain sealed, after its last rotation.

    `at` and `after` are the column and the row that were done last; `values` counts what was
    sealed anew, `unreadable` what does not open and so was left as it is.
    """

    domain = models.CharField(max_length=12, primary_key=True)
    key_id = models.CharField(max_length=16)
    at = models.CharField(max_length=100, blank=True, default="")
    after = models.CharField(max_length=40, blank=True, default="")
    values = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.domain} to {self.key_id}"
