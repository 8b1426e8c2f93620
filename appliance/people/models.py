"""Invitations. Only hashes of their links are stored."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from appliance.accounts.models import User


class Invitation(models.Model):
    """A link that makes one account, once. Change rows through appliance.people.invitations."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    email = models.CharField(max_length=150)
    role = models.CharField(max_length=10, choices=User.Role)
    maker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=Q(used_at=None, withdrawn_at=None),
                name="invitation_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"
