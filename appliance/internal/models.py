"""Bearer tokens of other services. Only hashes are stored."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class InternalToken(models.Model):
    """What a service calls the internal interface with. Several work while one is rotated."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(revoked_at=None), name="internal_token_one_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
