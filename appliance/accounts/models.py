"""People who may sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person with exactly one role."""

    class Role(models.TextChoices):
        OWNER = "owner"
        OPERATOR = "operator"
        VIEWER = "viewer"
        AUDITOR = "auditor"

    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["owner", "operator", "viewer", "auditor"]), name="user_role"
            )
        ]


class SetupLink(models.Model):
    """A one-time link that makes the first owner. Only its hash is stored."""

    token_hash = models.BinaryField(primary_key=True, max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up link of {self.created_at:%Y-%m-%d %H:%M}"
