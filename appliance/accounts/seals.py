"""Second factors at rest: allauth stores their secrets in clear, here they are sealed.

The whole content of a TOTP or recovery row is sealed for its person and kind: a row copied to
somebody else, or put back by SQL under another kind, does not open. A row that does not open
fits no code, and is never overwritten. Passkeys are public keys and stay as they are.
"""

import base64
import json

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.db.models.signals import post_init, post_save, pre_save
from django.dispatch import receiver

from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain

SEALED = "sealed"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


@receiver(post_init, sender=Authenticator)
def _open(sender: object, instance: Authenticator, **_: object) -> None:
    data = instance.__dict__.get("data")
    if instance.type not in KINDS or not isinstance(data, dict) or SEALED not in data:
        return
    try:
        blob = base64.b64decode(data[SEALED])
        plain = envelope.open_sealed(Domain.PEOPLE, blob, place=_place(instance))
        instance.data = json.loads(plain)
    except (CryptoError, ValueError):
        instance.unopened = data
        instance.data = _fits_nothing(instance)


@receiver(pre_save, sender=Authenticator)
def _seal(sender: object, instance: Authenticator, **_: object) -> None:
    if instance.type in KINDS:
        instance.opened = instance.data
        instance.data = getattr(instance, "unopened", None) or {SEALED: _sealed(instance)}


@receiver(post_save, sender=Authenticator)
def _as_before(sender: object, instance: Authenticator, **_: object) -> None:
    if instance.type in KINDS:
        instance.data = instance.opened


def _sealed(instance: Authenticator) -> str:
    plain = json.dumps(instance.data).encode()
    return base64.b64encode(envelope.seal(Domain.PEOPLE, plain, place=_place(instance))).decode()


def _fits_nothing(instance: Authenticator) -> dict[str, object]:
    if instance.type == Authenticator.Type.TOTP:
        return {"secret": generate_totp_secret()}
    return {"seed": RecoveryCodes.generate_seed(), "used_mask": -1, "viewed_at": 1.0}


def _place(instance: Authenticator) -> envelope.Place:
    return envelope.Place("mfa_authenticator", str(instance.user_id), str(instance.type))
