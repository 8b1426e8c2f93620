"""appliance.keyrings.held"""

import pytest

from appliance.keyrings.held import HeldKeys
from connector.crypto import kdf
from connector.crypto.errors import BadKeyring, NotHeld, UnknownKey
from connector.crypto.keyring import Domain, Key, Role
from tests import keyrings


def _key(first: int, domain: Domain = Domain.CONFIG, role: Role = Role.AEAD) -> Key:
    material = bytes(range(first, first + 32))
    return Key(domain, role, kdf.key_id(role, material), material)


def test_the_first_key_is_the_primary_and_older_ones_are_found_by_id() -> None:
    new, old = _key(1), _key(2)
    held = HeldKeys("box", (_key(3, Domain.PAYLOAD), new, old))

    assert held.primary(Domain.CONFIG) is new
    assert held.key(Domain.CONFIG, old.id) is old
    assert held.key(Domain.CONFIG, new.id) is new


def test_a_key_of_another_domain_or_role_is_not_found_by_its_id() -> None:
    held = keyrings.both()
    payload = held.primary(Domain.PAYLOAD)
    private = held.primary(Domain.VAULT, role=Role.OPEN)

    with pytest.raises(UnknownKey, match=payload.id):
        held.key(Domain.CONFIG, payload.id)
    with pytest.raises(UnknownKey):
        held.key(Domain.VAULT, private.id, role=Role.WRAP)
    with pytest.raises(UnknownKey):
        held.key(Domain.VAULT, private.id)


@pytest.mark.parametrize(
    ("domain", "role"),
    [
        (Domain.VAULT, Role.OPEN),
        (Domain.VAULT, Role.WRAP),
        (Domain.LEDGER, None),
        (Domain.AUDIT, Role.SIGN),
        (Domain.BACKUP, None),
    ],
)
def test_web_says_what_it_does_not_hold(domain: Domain, role: Role | None) -> None:
    web = keyrings.web()

    with pytest.raises(NotHeld, match=f"in the domain {domain}"):
        web.primary(domain, role=role)
    with pytest.raises(NotHeld):
        web.key(domain, "00" * 8, role=role)


@pytest.mark.parametrize("material", [bytes(31), bytes(32), b""])
def test_a_key_that_is_not_the_one_its_id_names_is_refused(material: bytes) -> None:
    with pytest.raises(BadKeyring, match="is damaged"):
        HeldKeys("box", (Key(Domain.CONFIG, Role.AEAD, _key(1).id, material),))
