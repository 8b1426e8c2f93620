"""Tables of the systems: descriptions that a person added, and what is left of rate limits."""

from django.db import models
from django.db.models.functions import Now


class UploadedSystem(models.Model):
    """A system that a person described. The newest text counts; a shipped name can't be taken."""

    name = models.CharField(primary_key=True, max_length=40)
    title = models.CharField(max_length=100)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    saved_at = models.DateTimeField(db_default=Now())
    saved_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Bucket(models.Model):
    """A token bucket shared by all workers. `name` is connection or credential, then the rate."""

    name = models.CharField(primary_key=True, max_length=200)
    tokens = models.FloatField()
    filled_at = models.DateTimeField(db_default=Now())
    blocked_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
