"""Value maps: named tables from codes of one system to codes of another."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from connector.crypto.envelope import Place


class ValueMap(models.Model):
    """A table that many flows use. Its entries live in versions; a slice pins the current one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    keys = ArrayField(models.CharField(max_length=40))
    value_type = models.CharField(max_length=10, default="text")
    unknown = models.JSONField(default=dict)
    ignore_case = models.BooleanField(default=False)
    current = models.ForeignKey(
        "flows.ValueMapVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class ValueMapVersion(models.Model):
    """The entries of a value map at one time, sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    map = models.ForeignKey(ValueMap, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField(editable=False)
    entries = models.PositiveIntegerField()
    digest = models.CharField(max_length=32)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["map", "number"], name="value_map_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.map} version {self.number}"

    @property
    def place(self) -> Place:
        return Place("flows_valuemapversion", str(self.id), "entries")
