"""Second factors at rest: allauth would store their secrets in clear, here they are sealed.

What belongs to an app (TOTP) or to recovery codes is kept in a row of its own, sealed for its
person and kind: a row copied to somebody else, or put under another kind by SQL, does not open.
A row that does not open fits no code, and is never overwritten. Passkeys are public keys and
stay where they are.
"""

import json

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.db.models.signals import post_init, post_save, pre_save
from django.dispatch import receiver

from appliance.accounts.models import FactorSecret
from connector.crypto import envelope
from connector.crypto.envelope import Place
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
ELSEWHERE = {"sealed": True}


def place(authenticator: Authenticator) -> Place:
    """What the secret is bound to."""
    return Place("mfa_authenticator", str(authenticator.user_id), str(authenticator.type))


@receiver(post_init, sender=Authenticator)
def _open(sender: object, instance: Authenticator, **_: object) -> None:
    if instance.type not in KINDS or instance.__dict__.get("data") != ELSEWHERE:
        return
    secret = FactorSecret.objects.filter(pk=instance.pk).first()
    try:
        blob = bytes(secret.sealed) if secret else b""
        instance.data = json.loads(envelope.open_sealed(Domain.PEOPLE, blob, place=place(instance)))
    except CryptoError:
        instance.unreadable = True
        instance.data = _fits_nothing(instance)


@receiver(pre_save, sender=Authenticator)
def _hide(
    sender: object, instance: Authenticator, update_fields: frozenset[str] | None, **_: object
) -> None:
    if _writes_secret(instance, update_fields):
        instance.opened, instance.data = instance.data, ELSEWHERE


@receiver(post_save, sender=Authenticator)
def _seal(
    sender: object, instance: Authenticator, update_fields: frozenset[str] | None, **_: object
) -> None:
    if not _writes_secret(instance, update_fields):
        return
    instance.data = instance.opened
    if not getattr(instance, "unreadable", False):
        plain = json.dumps(instance.data).encode()
        sealed = envelope.seal(Domain.PEOPLE, plain, place=place(instance))
        FactorSecret.objects.update_or_create(pk=instance.pk, defaults={"sealed": sealed})


def _writes_secret(instance: Authenticator, update_fields: frozenset[str] | None) -> bool:
    return instance.type in KINDS and (update_fields is None or "data" in update_fields)


def _fits_nothing(instance: Authenticator) -> dict[str, object]:
    if instance.type == Authenticator.Type.TOTP:
        return {"secret": generate_totp_secret()}
    return {"seed": RecoveryCodes.generate_seed(), "used_mask": -1, "viewed_at": 1.0}
