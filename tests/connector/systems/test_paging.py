"""connector.systems.paging: each way of turning pages, over real HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.systems.errors import Kind, SystemFailure
from connector.systems.paging.link_header import link
from tests.fakes.server import Answer, Asked, serve
from tests.fakes.systems import client, described, stream

ALL = [{"id": number} for number in range(1, 6)]


def read_all(
    parts: dict[str, Any], handle: Callable[[Asked], Answer]
) -> tuple[list[int], list[Asked]]:
    """The ids read page by page, each page from the position of the one before."""
    with serve(handle) as fake, client(fake, described(**parts)) as acme:
        ids, position = [], None
        while True:
            page = acme.read_page("items", position=position, mark="")
            ids += [record["id"] for record in page.records]
            if page.next is None:
                return ids, fake.asked
            position = page.next


def cut_out(asked: Asked, start: int, size: int) -> list[dict[str, int]]:
    return ALL[start : start + size]


OFFSET = {
    "path": "items",
    "query": {"from": "{{ page.offset }}", "to": "{{ page.end }}", "size": "{{ page.size }}"},
}


@pytest.mark.parametrize(
    ("stop", "calls"), [("short", 3), ({"total": "total"}, 3), ({"more": "more"}, 3)]
)
@pytest.mark.parametrize("start", [0, 1])
def test_pages_by_offset(stop: Any, calls: int, start: int) -> None:
    def handle(asked: Asked) -> Answer:
        first = int(asked.query["from"]) - start
        found = cut_out(asked, first, int(asked.query["size"]))
        return Answer({"items": found, "total": 5, "more": first + 2 < 5})

    pages = {"type": "offset", "start": start, "size": 2, "stop": stop}
    ids, asked = read_all(stream(request=OFFSET, pages=pages), handle)

    assert ids == [1, 2, 3, 4, 5]
    assert len(asked) == calls
    assert (asked[1].query["from"], asked[1].query["to"]) == (str(start + 2), str(start + 3))


def test_a_server_that_gives_less_than_asked_for_loses_no_record() -> None:
    def handle(asked: Asked) -> Answer:
        return Answer({"items": cut_out(asked, int(asked.query["from"]), 2), "total": 5})

    pages = {"type": "offset", "start": 0, "size": 100, "stop": {"total": "total"}}
    assert read_all(stream(request=OFFSET, pages=pages), handle)[0] == [1, 2, 3, 4, 5]


def test_an_answer_without_its_total_is_an_error_and_not_the_end() -> None:
    pages = {"type": "offset", "start": 0, "size": 2, "stop": {"total": "total"}}
    with pytest.raises(SystemFailure, match="without the number") as caught:
        read_all(stream(request=OFFSET, pages=pages), lambda _: Answer({"items": ALL[:2]}))
    assert caught.value.kind is Kind.CONFIG


def test_pages_by_number() -> None:
    def handle(asked: Asked) -> Answer:
        start = (int(asked.query["page"]) - 1) * 2
        return Answer({"items": cut_out(asked, start, 2), "total": 5})

    request = {"path": "items", "query": {"page": "{{ page.number }}"}}
    pages = {"type": "page", "start": 1, "size": 2, "stop": {"total": "total"}}
    ids, asked = read_all(stream(request=request, pages=pages), handle)

    assert (ids, len(asked)) == ([1, 2, 3, 4, 5], 3)


TOKEN = {"path": "items", "query": {"after": "{{ page.token | optional }}"}}


def by_token(asked: Asked) -> Answer:
    start = int(asked.query.get("after", "0"))
    following = str(start + 2) if start + 2 < 5 else None
    return Answer(
        {"items": cut_out(asked, start, 2), "next": following, "more": following is not None},
        headers={"X-Next": following or ""},
    )


@pytest.mark.parametrize(
    "pages",
    [
        {"next": "next"},
        {"next": {"header": "X-Next"}},
        {"next": {"last": "id"}, "more": "more"},
    ],
)
def test_pages_by_token(pages: dict[str, Any]) -> None:
    ids, asked = read_all(
        stream(request=TOKEN, pages={"type": "cursor", "size": 2, **pages}), by_token
    )

    assert ids == [1, 2, 3, 4, 5]
    assert "after" not in asked[0].query
    assert [one.query.get("after") for one in asked] == [None, "2", "4"]


def test_pages_by_bookmark_have_another_first_request() -> None:
    def handle(asked: Asked) -> Answer:
        start = int(asked.query.get("bookmark", "0"))
        return Answer({"items": cut_out(asked, start, 2), "mark": start + 2, "more": start < 4})

    pages = {
        "type": "bookmark",
        "next": "mark",
        "more": "more",
        "size": 2,
        "first": {"query": {"load": "FIRST"}},
        "later": {"query": {"load": "NEXT", "bookmark": "{{ page.token }}"}},
    }
    ids, asked = read_all(
        stream(request={"path": "items", "query": {"cap": 2}}, pages=pages), handle
    )

    assert ids == [1, 2, 3, 4, 5]
    assert [one.query["load"] for one in asked] == ["FIRST", "NEXT", "NEXT"]
    assert asked[0].query["cap"] == "2"


def test_pages_by_whole_address_may_be_relative_and_are_taken_as_they_are() -> None:
    def handle(asked: Asked) -> Answer:
        start = int(asked.query.get("skip", "0"))
        following = f"items?skip={start + 2}&$odd=%27x" if start + 2 < 5 else None
        return Answer({"items": cut_out(asked, start, 2), "@odata.nextLink": following})

    pages = {"type": "next_url", "next": "@odata.nextLink", "size": 2}
    ids, asked = read_all(stream(pages=pages), handle)

    assert ids == [1, 2, 3, 4, 5]
    assert asked[1].target == "/v1/items?skip=2&$odd=%27x"


@pytest.mark.parametrize(
    "url", ["https://evil.example.com/", "http://10.0.0.1/", "ftp://x/", "//["]
)
def test_a_next_page_at_another_host_is_not_fetched(url: str) -> None:
    pages = {"type": "next_url", "next": "next"}
    with (
        serve(lambda _: Answer({"items": ALL, "next": url})) as fake,
        client(fake, described(**stream(pages=pages))) as acme,
    ):
        page = acme.read_page("items", position=None, mark="")
        with pytest.raises(SystemFailure) as caught:
            acme.read_page("items", position=page.next, mark="")
        assert caught.value.kind is Kind.CONFIG
        assert len(fake.asked) == 1


def test_pages_by_link_header() -> None:
    def handle(asked: Asked) -> Answer:
        start = int(asked.query.get("skip", "0"))
        links = f'<{start}>; rel="prev"'
        if start + 2 < 5:
            links += f', </v1/items?skip={start + 2}>; rel="next"'
        return Answer({"items": cut_out(asked, start, 2)}, headers={"Link": links})

    assert read_all(stream(pages={"type": "link_header"}), handle)[0] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("<https://a/b?c=1,2>; rel=next", "https://a/b?c=1,2"),
        ('<x>; title="rel=next"; rel="last next"', "x"),
        ('<x>; rel="prev", <y>; REL="NEXT"', "y"),
        ("<x>; rel=nextish", ""),
        ("", ""),
        ("<" * 5000, ""),
    ],
)
def test_a_link_header_is_read(header: str, found: str) -> None:
    assert link(header, "next") == found


def test_pages_of_graphql() -> None:
    def handle(asked: Asked) -> Answer:
        start = int(asked.json["variables"].get("after", "0"))
        info = {"hasNextPage": start + 2 < 5, "endCursor": str(start + 2)}
        edges = [{"node": record} for record in cut_out(asked, start, 2)]
        return Answer({"data": {"items": {"edges": edges, "pageInfo": info}}})

    parts = stream(
        request={
            "path": "graphql",
            "reads": True,
            "graphql": "query q($after: String) { items }",
            "variables": {"first": "{{ page.size }}", "after": "{{ page.token | optional }}"},
        },
        records=["data", "items", "edges"],
        unwrap="node",
        pages={"type": "graphql", "info": ["data", "items", "pageInfo"], "size": 2},
    )
    ids, asked = read_all(parts, handle)

    assert ids == [1, 2, 3, 4, 5]
    assert asked[0].json["variables"] == {"first": 2}
    assert asked[0].json["query"] == "query q($after: String) { items }"


def test_a_token_that_comes_again_stops_the_read() -> None:
    parts = stream(request=TOKEN, pages={"type": "cursor", "next": "next"})
    with pytest.raises(SystemFailure, match="same page twice") as caught:
        read_all(
            parts, lambda asked: Answer({"items": [{"id": asked.query.get("after")}], "next": "x"})
        )
    assert caught.value.kind is Kind.TRANSIENT


def test_tokens_in_a_circle_stop_the_read() -> None:
    turns = iter(range(1000))

    def handle(asked: Asked) -> Answer:
        number = next(turns)
        return Answer({"items": [{"id": number}], "next": f"t{number % 7}"})

    parts = stream(request=TOKEN, pages={"type": "cursor", "next": "next"})
    with pytest.raises(SystemFailure, match="same page twice"):
        read_all(parts, handle)
    assert next(turns) < 40


def test_the_same_page_under_another_offset_stops_the_read() -> None:
    pages = {"type": "offset", "start": 0, "size": 2, "stop": "short"}
    with pytest.raises(SystemFailure, match="same page twice"):
        read_all(stream(request=OFFSET, pages=pages), lambda _: Answer({"items": ALL[:2]}))


def test_too_many_pages_stop_the_read() -> None:
    turns = iter(range(1000))

    def handle(asked: Asked) -> Answer:
        number = next(turns)
        return Answer({"items": [{"id": number}], "next": str(number)})

    parts = stream(request=TOKEN, pages={"type": "cursor", "next": "next", "most": 3})
    with pytest.raises(SystemFailure, match="more than 3 pages"):
        read_all(parts, handle)
