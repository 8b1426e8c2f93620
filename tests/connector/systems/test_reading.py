"""connector.systems.reading: pages with marks, changes, deletions, thin lists, acknowledgements."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.systems.errors import Kind, SystemFailure
from connector.systems.reading.key import joined
from connector.systems.reading.marks import Marks
from connector.systems.spec_objects import Cursor
from tests.fakes.server import Answer, Asked, serve
from tests.fakes.systems import client, described, stream

CURSOR = {"field": "changed", "grain": "second", "overlap_s": 60}
SINCE = {"path": "items", "query": {"since": "{{ cursor.from | iso | optional }}"}}
PAGED = {"path": "items", "query": {**SINCE["query"], "after": "{{ page.token | optional }}"}}  # type: ignore[dict-item]
FIRST = {"id": 1, "changed": "2026-11-20T08:00:00.500Z"}
SECOND = {"id": 2, "changed": "2026-11-20T09:00:00Z"}


def two_pages(asked: Asked) -> Answer:
    if "after" in asked.query:
        return Answer({"items": [FIRST]})
    return Answer({"items": [SECOND], "next": "x"})


def test_the_first_read_begins_at_the_start_and_later_ones_at_the_overlap() -> None:
    parts = stream(request=SINCE, cursor=CURSOR)
    with (
        serve(lambda _: Answer({"items": [FIRST, SECOND]})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        page = acme.read_page("items", position=None, mark="")
        acme.read_page("items", position=None, mark=page.mark)
        acme.read_page("items", position=None, mark=page.mark, full=True)

    assert page.mark == "2026-11-20T09:00:00.000Z"
    assert [one.query["since"] for one in fake.asked] == [
        "1970-01-01T00:00:00Z",
        "2026-11-20T08:59:00Z",
        "1970-01-01T00:00:00Z",
    ]


def test_without_a_start_the_first_read_has_no_bound() -> None:
    parts = stream(request=SINCE, cursor={**CURSOR, "start": "none"})
    with serve(lambda _: Answer({"items": []})) as fake, client(fake, described(**parts)) as acme:
        page = acme.read_page("items", position=None, mark="")

    assert "since" not in fake.asked[0].query
    assert (page.mark, page.next) == ("", None)


def test_the_mark_moves_at_the_end_only_where_pages_have_no_order() -> None:
    parts = stream(request=PAGED, cursor=CURSOR, pages={"type": "cursor", "next": "next"})
    with serve(two_pages) as fake, client(fake, described(**parts)) as acme:
        one = acme.read_page("items", position=None, mark="2026-11-01T00:00:00.000Z")
        two = acme.read_page("items", position=one.next, mark=one.mark)

    assert one.mark == "2026-11-01T00:00:00.000Z"
    assert two.mark == "2026-11-20T09:00:00.000Z"
    assert fake.asked[0].query["since"] == fake.asked[1].query["since"] == "2026-10-31T23:59:00Z"


def test_the_mark_moves_page_by_page_where_they_come_in_its_order() -> None:
    pages = {"type": "cursor", "next": "next"}
    parts = stream(request=PAGED, cursor=CURSOR, pages=pages, order="cursor")
    with serve(two_pages) as fake, client(fake, described(**parts)) as acme:
        page = acme.read_page("items", position=None, mark="")
    assert page.mark == "2026-11-20T09:00:00.000Z"


def test_a_mark_never_goes_back() -> None:
    parts = stream(request=SINCE, cursor=CURSOR)
    late = "2027-01-01T00:00:00.000Z"
    with (
        serve(lambda _: Answer({"items": [FIRST]})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        assert acme.read_page("items", position=None, mark=late).mark == late


def test_with_a_lag_the_mark_stays_behind_the_clock() -> None:
    parts = stream(request=SINCE, cursor={**CURSOR, "lag_s": 3600})
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with (
        serve(lambda _: Answer({"items": [{"id": 1, "changed": soon}]})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        page = acme.read_page("items", position=None, mark="")
    assert datetime.fromisoformat(page.mark) < datetime.now(UTC) - timedelta(minutes=59)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("grain", "value", "mark"),
    [
        ("millisecond", "2026-11-20T08:00:00.123456Z", "2026-11-20T08:00:00.123Z"),
        ("second", "2026-11-20T08:00:59.999Z", "2026-11-20T08:00:59.000Z"),
        ("minute", "2026-11-20T08:00:59Z", "2026-11-20T08:00:00.000Z"),
        ("day", "2026-11-20T08:00:59Z", "2026-11-19T23:00:00.000Z"),
        ("day", "2026-11-20", "2026-11-19T23:00:00.000Z"),
        ("second", "2026-11-20T09:00:00", "2026-11-20T08:00:00.000Z"),
        ("integer", 41, "41"),
        ("text", "b7", "b7"),
    ],
)
def test_a_mark_is_rounded_down_to_the_grain(grain: Any, value: Any, mark: str) -> None:
    marks = Marks(Cursor(("at",), grain), BERLIN)

    assert marks.highest("", [{"at": value}], None) == mark
    assert marks.highest(mark, [{"at": value}], None) == mark


def test_the_other_field_counts_where_the_first_is_null() -> None:
    marks = Marks(Cursor(("a",), "integer", else_=("b",)), UTC)
    assert marks.highest("", [{"a": None, "b": 3}, {"a": 2, "b": 9}, {"c": 1}], None) == "3"


def test_a_field_that_is_no_time_is_an_error_of_the_description() -> None:
    with pytest.raises(SystemFailure, match="grain second") as caught:
        Marks(Cursor(("a",), "second"), UTC).highest("", [{"a": "soon"}], None)
    assert caught.value.kind is Kind.CONFIG


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {}}, {"items": [1]}, [], None])
def test_a_missing_list_is_an_error_and_not_no_records(body: Any) -> None:
    with serve(lambda _: Answer(body)) as fake, client(fake) as acme:
        with pytest.raises(SystemFailure) as caught:
            acme.read_page("items", position=None, mark="")
        assert caught.value.kind is Kind.CONFIG


def test_a_missing_list_means_none_where_the_description_says_so() -> None:
    parts = stream(empty_when={"at": "items", "exists": False})
    with serve(lambda _: Answer({})) as fake, client(fake, described(**parts)) as acme:
        assert acme.read_page("items", position=None, mark="").records == ()


def test_a_wrong_address_is_an_error_unless_a_rule_says_that_it_means_none() -> None:
    gone = Answer({"code": "none"}, 404)
    rules = [{"status": [404], "when": [{"at": "code", "is": "none"}], "kind": "missing"}]
    with serve(lambda _: gone) as fake, client(fake) as acme, pytest.raises(SystemFailure):
        acme.read_page("items", position=None, mark="")
    with serve(lambda _: gone) as fake, client(fake, described(errors=rules)) as acme:
        assert acme.read_page("items", position=None, mark="").records == ()


def test_an_object_in_place_of_a_list_gives_its_keys() -> None:
    parts = stream(as_map=True, key="@key")
    with (
        serve(lambda _: Answer({"items": {"a": {"x": 1}, "b": {"x": 2}}})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        page = acme.read_page("items", position=None, mark="")
        assert [acme.record_key("items", record) for record in page.records] == ["a", "b"]


def test_a_key_of_several_parts_is_one_text() -> None:
    parts = stream(key=[["company", "id"], "year"])
    with serve(lambda _: Answer({})) as fake, client(fake, described(**parts)) as acme:
        key = acme.record_key("items", {"company": {"id": "7"}, "year": 2026})
        assert key == joined(["7", "2026"]) == '["7","2026"]'
        for broken in ({"year": 1}, {"company": {"id": ""}, "year": 1}, {"company": 1, "year": 1}):
            with pytest.raises(SystemFailure, match="without its key"):
                acme.record_key("items", broken)


def test_tombstones_and_records_cut_off_are_told_apart_from_whole_ones() -> None:
    parts = stream(deleted={"at": "gone", "is": True}, complete_when={"at": "more", "is": False})
    records = [
        {"id": 1, "more": False},
        {"id": 2, "more": True},
        {"id": 3, "more": False, "gone": True},
    ]
    with (
        serve(lambda _: Answer({"items": records})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        page = acme.read_page("items", position=None, mark="")

    assert [record["id"] for record in page.records] == [1]
    assert [record["id"] for record in page.cut] == [2]
    assert page.deleted == ("3",)


ONE = {"request": {"path": "items/{{ id }}"}, "record": "data"}


def test_a_thin_list_is_filled_one_by_one() -> None:
    def handle(asked: Asked) -> Answer:
        if asked.path == "/v1/items":
            return Answer({"items": [{"id": "a/b"}, {"id": "gone"}]})
        if asked.path == "/v1/items/gone":
            return Answer(status=404)
        return Answer({"data": {"id": "a/b", "changed": SECOND["changed"]}})

    parts = stream(detail=True, one=ONE, cursor=CURSOR)
    with serve(handle) as fake, client(fake, described(**parts)) as acme:
        page = acme.read_page("items", position=None, mark="")

    assert page.records == ({"id": "a/b", "changed": SECOND["changed"]},)
    assert page.deleted == ("gone",)
    assert page.mark == "2026-11-20T09:00:00.000Z"
    assert fake.asked[1].target == "/v1/items/a%2Fb"


def test_one_record_is_read_or_is_not_there() -> None:
    def handle(asked: Asked) -> Answer:
        return Answer({"data": {"id": "1"}}) if asked.path.endswith("/1") else Answer(status=404)

    with serve(handle) as fake, client(fake, described(**stream(one=ONE))) as acme:
        assert acme.read_one("items", "1") == {"id": "1"}
        assert acme.read_one("items", "2") is None
        for wrong in ("", ".", ".."):
            with pytest.raises(SystemFailure):
                acme.read_one("items", wrong)
        assert len(fake.asked) == 2


CHANGES = {
    "request": {"path": "events", "query": {"since": "{{ cursor.from | epoch_s }}"}},
    "records": "events",
    "key": "event",
    "id": ["data", "id"],
    "cursor": {"field": "at", "grain": "second", "overlap_s": 10, "max_age_s": 86400 * 29},
    "deleted": {"at": "type", "is": "deleted"},
}


def feed(asked: Asked) -> Answer:
    now = datetime.now(UTC)
    events = [
        {"event": "1", "type": "updated", "data": {"id": "a"}, "at": (now).isoformat()},
        {"event": "2", "type": "updated", "data": {"id": "a"}, "at": now.isoformat()},
        {"event": "3", "type": "updated", "data": {"id": "b"}, "at": now.isoformat()},
        {"event": "4", "type": "deleted", "data": {"id": "b"}, "at": now.isoformat()},
        {"event": "5", "type": "updated", "data": {"id": "c"}, "at": now.isoformat()},
    ]
    if asked.path == "/v1/events":
        return Answer({"events": events})
    if asked.path == "/v1/items":
        return Answer({"items": [{"id": "z", "at": "2026-11-20T09:00:00Z"}]})
    return Answer({"data": {"id": "a"}}) if asked.path.endswith("/a") else Answer(status=404)


def test_changes_are_read_by_their_feed_and_each_record_is_fetched_once() -> None:
    parts = stream(one=ONE, changes=CHANGES)
    mark = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    with serve(feed) as fake, client(fake, described(**parts)) as acme:
        page = acme.read_page("items", position=None, mark=mark)

    assert page.records == ({"id": "a"},)
    assert sorted(page.deleted) == ["b", "c"]
    assert [one.path for one in fake.asked] == ["/v1/events", "/v1/items/a", "/v1/items/c"]
    assert page.mark > mark


def test_the_first_read_and_one_past_the_age_of_the_feed_read_everything() -> None:
    parts = stream(one=ONE, changes=CHANGES)
    with serve(feed) as fake, client(fake, described(**parts)) as acme:
        first = acme.read_page("items", position=None, mark="")
        old = acme.read_page("items", position=None, mark="2020-01-01T00:00:00.000Z")

    assert [one.path for one in fake.asked] == ["/v1/items", "/v1/items"]
    assert (first.mark, first.note) == ("2026-11-20T09:00:00.000Z", "")
    assert "all was read anew" in old.note


def test_what_was_taken_is_told_in_batches_with_a_key_of_their_own() -> None:
    acknowledge = {
        "batch": 2,
        "on": ["delivered", "rejected"],
        "request": {
            "method": "POST",
            "path": "syncs",
            "body": {
                "key": "{{ key }}",
                "done": {
                    "$each": "batch",
                    "$as": "item",
                    "$item": {"id": "{{ item.id }}", "ref": "{{ item.remote_id | optional }}"},
                },
            },
        },
    }
    batch: list[dict[str, Any]] = [
        {"id": "1", "remote_id": "x", "ok": True},
        {"id": "2", "ok": False},
        {"id": "3"},
    ]
    parts = stream(acknowledge=acknowledge)
    with serve(lambda _: Answer({})) as fake, client(fake, described(**parts)) as acme:
        acme.acknowledge("items", batch, key="k")

    assert [one.json for one in fake.asked] == [
        {"key": "k-0", "done": [{"id": "1", "ref": "x"}, {"id": "2"}]},
        {"key": "k-1", "done": [{"id": "3"}]},
    ]


def test_numbers_keep_every_digit() -> None:
    body = b'{"items": [{"id": 1, "total": 1180.10, "huge": 12345678901234567890.123456789}]}'
    with serve(lambda _: Answer(body)) as fake, client(fake) as acme:
        record = acme.read_page("items", position=None, mark="").records[0]
    assert str(record["total"]) == "1180.10"
    assert str(record["huge"]) == "12345678901234567890.123456789"


def test_a_position_of_another_way_of_paging_begins_anew() -> None:
    number = {"path": "items", "query": {"page": "{{ page.number }}"}}
    by_number = stream(request=number, pages={"type": "page", "size": 2, "start": 1})
    by_token = stream(request=PAGED, cursor=CURSOR, pages={"type": "cursor", "next": "next"})
    with serve(two_pages) as fake:
        with client(fake, described(**by_token)) as acme:
            position = acme.read_page("items", position=None, mark="").next
        with client(fake, described(**by_number)) as acme:
            acme.read_page("items", position=position, mark="")
    assert fake.asked[1].query == {"page": "1"}


def test_a_mark_of_another_grain_stops_a_read_but_not_one_of_everything() -> None:
    parts = stream(cursor={"field": "rev", "grain": "integer", "start": "none"})
    with (
        serve(lambda _: Answer({"items": [{"id": 1, "rev": 7}]})) as fake,
        client(fake, described(**parts)) as acme,
    ):
        with pytest.raises(SystemFailure, match="grain integer"):
            acme.read_page("items", position=None, mark="2026-11-20T09:00:00.000Z")
        page = acme.read_page("items", position=None, mark="2026-11-20T09:00:00.000Z", full=True)
        assert page.mark == "7"
