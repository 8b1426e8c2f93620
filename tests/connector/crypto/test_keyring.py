"""connector.crypto.keyring"""

import copy
import pickle

import pytest
from django.test import override_settings

from connector.crypto import keyring
from connector.crypto.keyring import MAIN_ROLE, Domain, Role, get_keyring
from tests import keyrings

calls = 0


def counted() -> object:
    global calls
    calls += 1
    return keyrings.both()


def test_the_keyring_is_read_once_until_it_is_reset() -> None:
    with override_settings(CONNECTOR_KEYRING=f"{__name__}.counted"):
        before = calls
        keyring.reset()

        first = get_keyring()

        assert get_keyring() is first
        assert calls == before + 1
        keyring.reset()
        assert get_keyring() is not first
    keyring.reset()


def test_a_key_shows_and_gives_away_nothing() -> None:
    key = get_keyring().primary(Domain.CONFIG)

    shown = f"{key!r} {key} {get_keyring()!r}"

    assert key.id in shown
    assert key.material.hex() not in shown
    assert repr(key.material) not in shown
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="can't be pickled or copied"):
            carry(key)


def test_every_domain_has_a_main_role() -> None:
    assert set(MAIN_ROLE) == set(Domain)


def test_keys_of_different_domains_and_roles_are_never_the_same() -> None:
    materials = [key.material for key in get_keyring().all_keys()]

    assert len(set(materials)) == len(materials) >= len(Domain)
    assert {key.role for key in get_keyring().all_keys()} == set(Role)
