"""Columns of granted access that hold sealed bytes."""

from collections.abc import Callable
from typing import Any

from connector.crypto import vault_box
from connector.crypto.keyring import Domain
from connector.crypto.vault_box import Binding
from connector.rekey.columns import Sealed, in_place
from connector.vault.oauth.models import Authorization, Grant


def _bound(model: Any, field: str, binding: Callable[[Any], Binding]) -> Sealed:
    def again(row: Any, blob: bytes) -> bytes:
        return vault_box.seal_again(blob, expected=binding(row))

    # of what web sealed, the second id is the MAC's; else a part of the nonce
    return Sealed(model, field, Domain.VAULT, again, ids_at=(3, 11), related=("credential",))


SEALED = (
    _bound(Grant, "sealed", lambda row: row.binding),
    _bound(Authorization, "verifier_sealed", lambda row: row.binding("verifier")),
    _bound(Authorization, "code_sealed", lambda row: row.binding("code")),
    in_place(Authorization, "address_sealed", Domain.CONFIG, lambda row: row.place("address")),
    in_place(Authorization, "settings_sealed", Domain.CONFIG, lambda row: row.place("settings")),
)
