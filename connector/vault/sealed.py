"""Columns of the vault that hold sealed bytes."""

from connector.crypto import vault_box
from connector.crypto.keyring import Domain
from connector.rekey.columns import Sealed
from connector.vault.models import CredentialVersion


def _again(row: CredentialVersion, blob: bytes) -> bytes:
    return vault_box.seal_again(blob, expected=row.binding)


SEALED = (
    Sealed(
        CredentialVersion,
        "sealed",
        Domain.VAULT,
        _again,
        ids_at=(3, 11),  # of what web sealed, the second is the MAC's; else a part of the nonce
        related=("credential",),
    ),
)
