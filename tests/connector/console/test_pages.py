"""connector.console.pages"""

import pytest
from django.http import QueryDict

from connector.audit.models import Entry
from connector.console import pages
from connector.flows.models import Run
from tests.connector.console import box

pytestmark = pytest.mark.django_db


def walk(size: int) -> list[int]:
    """All numbers, by following "after" from the first page."""
    seen: list[int] = []
    link = "?"
    while link:
        page = pages.page(Entry.objects.all(), QueryDict(link[1:]), order=["-number"], size=size)
        seen += [entry.number for entry in page.rows]
        link = page.after
    return seen


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
def test_following_older_shows_each_row_once_whatever_the_size(size: int) -> None:
    for number in range(7):
        box.an_entry(subject=f"account:{number}")

    numbers = walk(size)

    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == len(set(numbers)) == 7


def test_newer_goes_back_to_the_very_page_that_one_came_from() -> None:
    for number in range(7):
        box.an_entry(subject=f"account:{number}")
    first = pages.page(Entry.objects.all(), QueryDict(""), order=["-number"], size=3)
    second = pages.page(Entry.objects.all(), QueryDict(first.after[1:]), order=["-number"], size=3)

    back = pages.page(Entry.objects.all(), QueryDict(second.before[1:]), order=["-number"], size=3)

    assert list(back.rows) == list(first.rows)
    assert first.before == "" and second.before


def test_rows_of_the_same_moment_are_neither_lost_nor_shown_twice() -> None:
    flow = box.a_flow()
    runs = [box.a_run(flow) for _ in range(5)]
    Run.objects.update(created_at=runs[0].created_at)
    seen: list[object] = []
    link = "?"
    while link:
        page = pages.page(
            Run.objects.all(), QueryDict(link[1:]), order=["-created_at", "-id"], size=2
        )
        seen += [run.pk for run in page.rows]
        link = page.after

    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "text", ["after=x", "after=", "before=1~2", "after=1%00", "before=99999999999999999999999999"]
)
def test_a_start_that_cannot_be_read_is_no_error(text: str) -> None:
    box.an_entry()

    page = pages.page(Entry.objects.all(), QueryDict(text), order=["-number"], size=2)

    assert len(page.rows) in (0, 1)


def test_other_parameters_stay_in_the_links() -> None:
    for _ in range(3):
        box.an_entry()

    page = pages.page(
        Entry.objects.all(), QueryDict("actor=omar&after="), order=["-number"], size=2
    )

    assert "actor=omar" in page.after
