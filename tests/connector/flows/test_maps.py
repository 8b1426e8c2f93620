"""connector.flows.maps"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, transaction
from django.db import connections as database

from connector.flows import maps
from connector.flows.compiled import entries_of
from connector.flows.errors import BadDefinition
from connector.flows.models import ValueMap, ValueMapVersion
from connector.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def a_map(**more: object) -> ValueMap:
    asked: dict[str, object] = {"entries": [(("0400",), "A")], "keys": ["account"], **more}
    return maps.create(slug="accounts", title="Accounts", actor="omar", **asked)  # type: ignore[arg-type]


def entries() -> dict[tuple[str, ...], str | int]:
    current = ValueMap.objects.select_related("current").get().current
    assert current is not None
    return dict(entries_of(current))


def test_entries_are_sealed_and_leading_zeros_stay() -> None:
    a_map()

    assert entries() == {("0400",): "A"}
    assert b"0400" not in bytes(ValueMapVersion.objects.get().sealed)


def test_the_same_entries_make_no_version_and_queue_nothing() -> None:
    row = a_map()
    Job.objects.all().delete()

    assert maps.save_entries(row, [(("0400",), "A")], actor="omar") is None
    assert ValueMapVersion.objects.count() == 1
    assert not Job.objects.exists()


def test_a_removed_entry_makes_a_version_and_releases_nothing() -> None:
    row = a_map()
    Job.objects.all().delete()

    assert maps.save_entries(row, [], actor="omar") is not None
    assert not Job.objects.exists()


def test_keys_are_folded_and_two_that_fold_alike_are_refused_whole() -> None:
    row = a_map(ignore_case=True, entries=[(("Paper",), "1")])

    maps.add_entry(row, (" PAPER ",), "2", actor="omar")
    with pytest.raises(BadDefinition):
        maps.save_entries(row, [(("ink",), "3"), (("INK",), "4")], actor="omar")

    assert list(entries().values()) == ["2"]


@pytest.mark.parametrize("key", [("a",), ("a", "b", "c")])
def test_a_key_has_as_many_columns_as_the_map(key: tuple[str, ...]) -> None:
    row = a_map(keys=["company", "account"], entries=[(("10", "0400"), "A")])

    with pytest.raises(BadDefinition, match="2 columns"):
        maps.save_entries(row, [(key, "x")], actor="omar")


def test_entries_that_people_add_at_the_same_moment_are_all_kept() -> None:
    row = a_map(entries=[])

    def one(number: int) -> None:
        try:
            maps.add_entry(row, (str(number),), "x", actor=f"person {number}")
        finally:
            database.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(12)))

    assert set(entries()) == {(str(number),) for number in range(12)}


def test_a_version_never_changes_in_the_database() -> None:
    a_map()

    for act in (
        lambda: ValueMapVersion.objects.update(entries=9),
        lambda: ValueMapVersion.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
