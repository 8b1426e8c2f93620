"""People who may sign in, their sessions, and what counts their tries."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac


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

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django compares it in each request: a session ends with the password or role it had."""
        return salted_hmac(
            "appliance.accounts.session",
            f"{self.password} {self.role}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class SetupLink(models.Model):
    """A one-time link that makes the first owner. Only its hash is stored."""

    token_hash = models.BinaryField(primary_key=True, max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up link of {self.created_at:%Y-%m-%d %H:%M}"


class Session(models.Model):
    """A browser's session: the hash of its key, its content sealed. A dump opens no session."""

    key_hash = models.BinaryField(primary_key=True, max_length=32)
    # what a page names it by: the hash of the key stays inside
    id = models.UUIDField(unique=True)
    content = models.BinaryField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    address = models.CharField(max_length=45, default="")
    device = models.CharField(max_length=200, default="")

    def __str__(self) -> str:
        return f"session of {self.created_at:%Y-%m-%d %H:%M}"


class Cached(models.Model):
    """An entry of the cache that all web processes share: a JSON value with an end."""

    key = models.BinaryField(primary_key=True, max_length=32)
    value = models.TextField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return "an entry of the shared cache"


class SignInRules(models.Model):
    """What the owner decided about signing in: at most one row."""

    class Who(models.TextChoices):
        NOBODY = "nobody", "nobody has to"
        HANDS = "hands", "owners and operators"
        ALL = "all", "everybody"

    id = models.SmallIntegerField(primary_key=True, default=1)
    second_factor = models.CharField(max_length=10, choices=Who)
    passwords_for_owners_alone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="sign_in_rules_one_row")]

    def __str__(self) -> str:
        return f"second factor: {self.second_factor}"


class FactorSecret(models.Model):
    """What allauth's row of an app or of recovery codes must not hold in clear."""

    authenticator = models.OneToOneField(
        "mfa.Authenticator", on_delete=models.CASCADE, primary_key=True
    )
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return "the secret of a second factor"
