"""connector.rekey.expected: which keys the box's data needs"""

import pytest
from django.db import ProgrammingError, connection, transaction

from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Domain, Role
from connector.rekey import expected
from connector.rekey.models import ExpectedKey
from tests import keyrings
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
EVERY = {(domain, role) for domain in Domain for role in Role}


def test_the_keys_of_a_first_start_are_noted_once_with_their_primaries() -> None:
    assert expected.note(keyrings.rotated()) == len(keyrings.rotated().all_keys())
    assert expected.note(keyrings.rotated()) == 0

    primaries = set(ExpectedKey.objects.filter(primary=True).values_list("key_id", flat=True))
    assert primaries == {k.id for k in keyrings.retired().all_keys()}


def test_a_kind_that_a_new_version_brings_is_added_and_nothing_else() -> None:
    expected.note(keyrings.web())
    before = ExpectedKey.objects.count()

    added = expected.note(keyrings.both())

    assert added == len(keyrings.both().all_keys()) - before
    assert expected.note(keyrings.rotated()) == 0


def test_the_keys_of_another_box_are_refused() -> None:
    expected.note(keyrings.both())

    with pytest.raises(BadKeyring, match="the database is that of 02d7c3a9684a4456"):
        expected.note(keyrings.other_box())
    assert "is that of the box" in expected.what_is_wrong(keyrings.other_box(), EVERY)


def test_what_is_missing_is_named_by_id_and_more_than_needed_is_no_harm() -> None:
    expected.note(keyrings.both())

    assert expected.what_is_wrong(keyrings.both(), EVERY) == ""
    assert expected.what_is_wrong(keyrings.rotated(), EVERY) == ""
    assert "config aead 58582b3ece35f329" in expected.what_is_wrong(keyrings.retired(), EVERY)
    assert "worker" not in expected.what_is_wrong(keyrings.web(), {(Domain.CONFIG, Role.AEAD)})


@pytest.mark.parametrize("change", ["INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET key_id = ''"])
@pytest.mark.parametrize("table", ["rekey_expectedkey", "rekey_reseal"])
def test_web_can_not_say_which_keys_are_expected(table: str, change: str) -> None:
    """Else who has taken it over could make the worker wait for a key that nobody has."""
    with (
        as_role("web"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))
