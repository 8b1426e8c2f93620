"""appliance.accounts.hashers and backend: hashes of other making, and the cost of a name"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    ScryptPasswordHasher,
    check_password,
    make_password,
)

from appliance.accounts.hashers import Argon2, Scrypt
from appliance.accounts.models import User
from tests.appliance.accounts.people import PASSWORD, attempt

SALT = "a" * 21


class Cheap(Scrypt):
    """The box's hasher with another work factor: what is tested here is not its cost."""

    work_factor = 2**4


class Argon2Cheap(Argon2):
    time_cost, memory_cost, parallelism = 1, 64, 1


@pytest.fixture(autouse=True)
def _hashers(settings: Any) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [f"{__name__}.Cheap", f"{__name__}.Argon2Cheap"]
    yield


def other_scrypt() -> str:
    return str(ScryptPasswordHasher().encode(PASSWORD, SALT, 2**5, 8, 2))


def argon2id() -> str:
    hasher = Argon2PasswordHasher()
    hasher.time_cost, hasher.memory_cost, hasher.parallelism = 1, 64, 1
    return str(hasher.encode(PASSWORD, SALT))


@pytest.mark.parametrize("make", [other_scrypt, argon2id])
def test_a_hash_of_other_making_signs_in_and_is_renewed(make: Any) -> None:
    stored = make()
    User.objects.create(username="omar", password=stored)

    assert attempt("omar", "wrong horse battery staple").status_code == 403
    assert User.objects.get().password == stored
    assert attempt("omar").status_code == 302
    assert User.objects.get().password.startswith("scrypt$16$")
    assert attempt("omar").status_code == 302


@pytest.mark.parametrize(
    "stored",
    [
        f"scrypt$1073741824${SALT}$8$1$AAAA",  # asks for a terabyte
        f"scrypt$17${SALT}$8$1$AAAA",
        f"scrypt$x${SALT}$8$1$AAAA",
        "scrypt$",
        "argon2$argon2id$v=19$m=x$AAAA$AAAA",
        "md5$x$y",
        "",
    ],
)
def test_a_hash_that_can_t_be_checked_fits_no_password_and_breaks_nothing(stored: str) -> None:
    User.objects.create(username="omar", password=stored)

    assert attempt("omar").status_code == 403


def hashes_made(name: str) -> int:
    """How many hashes an attempt to sign in computes."""
    with (
        patch.object(Cheap, "encode", autospec=True, side_effect=Scrypt.encode) as scrypt,
        patch.object(Argon2Cheap, "verify", autospec=True, side_effect=Argon2.verify),
    ):
        assert attempt(name, "wrong horse battery staple").status_code == 403
        return int(scrypt.call_count)


def test_a_name_costs_one_hash_whoever_it_is() -> None:
    own = make_password(PASSWORD)
    User.objects.create(username="ann@halden.example", email="ann@halden.example", password=own)
    User.objects.create(username="ben", email="ben@halden.example", password=own)
    User.objects.create(username="cyd", password=own, is_active=False)
    User.objects.create(username="dee", password=make_password(None))
    User.objects.create(username="eve", password=argon2id())

    names = (
        *("ann@halden.example", "ben", "ben@halden.example", "cyd", "dee", "eve"),
        *("nobody", "nobody@halden.example"),
    )
    assert {name: hashes_made(name) for name in names} == dict.fromkeys(names, 1)


def test_no_more_than_two_hashes_are_computed_at_once() -> None:
    from appliance.accounts import hashers

    assert hashers._AT_ONCE._initial_value == 2  # type: ignore[attr-defined]
    assert check_password(PASSWORD, argon2id())
