"""appliance.accounts.shared_cache: JSON alone, atomic, counted over many at once"""

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections

from appliance.accounts.models import Cached, User
from connector.audit.models import Entry
from tests.appliance.accounts.people import attempt


class Canary:
    """Unpickling it would be seen."""

    woken = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (Canary, "woken", True))


def test_values_come_back_until_their_time_is_over() -> None:
    cache.set("a", [1.5, "x"], 60)
    cache.set("b", 1, -1)
    cache.set("c", 1, None)

    assert cache.get("a") == [1.5, "x"]
    assert cache.get("b", "gone") == "gone"
    assert cache.get("c") == 1
    assert cache.delete("a") and not cache.delete("a")
    assert cache.get("a") is None


def test_what_is_there_is_not_added_again_until_it_is_over() -> None:
    assert cache.add("a", 1, 60) and not cache.add("a", 2, 60)
    assert cache.get("a") == 1

    cache.set("a", 1, -1)
    assert cache.add("a", 2, 60) and cache.get("a") == 2


def test_what_is_over_is_swept_when_something_is_written() -> None:
    for number in range(5):
        cache.set(f"old {number}", 1, -1)

    cache.set("new", 1, 60)

    assert Cached.objects.count() == 1


def test_nothing_is_unpickled_and_no_key_can_be_read() -> None:
    cache.set("allauth:omar@halden.example", 1, 60)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_cached SET value = %s", [pickle.dumps(Canary(), 0).decode()]
        )

    with pytest.raises(ValueError):
        cache.get("allauth:omar@halden.example")
    with pytest.raises(TypeError):
        cache.set("b", Canary(), 60)
    assert not Canary.woken
    assert b"omar" not in bytes(Cached.objects.get().key)


@pytest.mark.django_db(transaction=True)
def test_twenty_bad_tries_at_once_are_counted_each_and_five_are_checked() -> None:
    User.objects.create_user(username="omar", password="correct horse battery staple")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")

    def tried(_: int) -> int:
        try:
            return attempt("omar", "wrong horse battery staple").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(tried, range(20)))

    # 429: the count was busy for a second, and what is not counted is not looked at either.
    assert set(answers) <= {403, 429}
    for _ in range(5):
        attempt("omar", "wrong horse battery staple")
    assert Entry.objects.filter(action="account.sign_in_refused").count() == 5
    assert attempt("omar").status_code == 403
