"""connector.systems: whatever a foreign system sends is understood or refused, never a crash."""

from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.addresses import Guard
from connector.systems.classify import Trouble, id_text, judge, messages, read_answer
from connector.systems.context import utc_now
from connector.systems.errors import SystemFailure
from connector.systems.hosts import Hosts
from connector.systems.outcomes import Prepared
from connector.systems.paging.link_header import link
from connector.systems.reading.marks import Marks
from connector.systems.reply import AnswerTooLong, BadEncoding, Reply, unpacked
from connector.systems.retry import asked_wait
from connector.systems.spec_objects import Cursor
from tests.fakes.systems import described

HOSTS = Hosts(("api.example.com", "*.eu.example.com"), ("api.example.com", "*.eu.example.com"), "A")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
RULED = described(
    errors=[
        {
            "when": [{"at": "errors", "any": {"at": "code", "is": "x"}}],
            "kind": "duplicate",
            "message": ["errors", "*", "text"],
            "id": {"header": "Location", "part": "last_segment"},
        }
    ],
    success={"require": [{"at": ["a", 0], "exists": True}]},
)


@given(st.text() | st.from_regex(r"https?://[a-z.@:\\\[\]/?#%0-9]{0,40}", fullmatch=True))
def test_any_address_is_on_the_list_or_refused(url: str) -> None:
    try:
        target = HOSTS.target(url)
    except SystemFailure:
        return
    assert target.scheme == "https"
    assert target.host == "api.example.com" or target.host.endswith(".eu.example.com")


@given(st.ip_addresses())
def test_every_address_is_judged(address: Any) -> None:
    public = not Guard().why_not("x", address)
    assert not public or address.is_global


@given(st.text())
def test_any_pause_is_between_nothing_and_an_hour(text: str) -> None:
    wait = asked_wait(text, now=utc_now())
    assert wait is None or 0 <= wait <= 3600


@given(st.text(alphabet='<>;,=" relnxt/:'))
def test_any_link_header_is_read(text: str) -> None:
    assert isinstance(link(text, "next"), str)


@given(st.binary(max_size=300), st.integers(100, 999), st.sampled_from(["json", "text", "none"]))
def test_any_bytes_are_judged(body: bytes, status: int, wanted: str) -> None:
    answer, fits = read_answer(Reply(status, {"location": "x"}, body), wanted)
    trouble = judge(RULED, "create", answer, fits=fits, now=utc_now())
    assert trouble is None or isinstance(trouble, Trouble)


@given(JSON)
def test_any_json_is_judged(body: Any) -> None:
    answer, _ = read_answer(Reply(200, {}, b""), "json")
    answer = type(answer)(200, {"location": "//["}, body)
    judge(RULED, "create", answer, fits=True, now=utc_now())
    assert messages(answer, (("a",), ("*",), ("*", "b"))).isprintable()
    assert id_text(body) is None or id_text(body)


@given(st.binary(max_size=200))
def test_any_packed_bytes_are_unpacked_or_refused(data: bytes) -> None:
    with suppress(AnswerTooLong, BadEncoding):
        assert len(unpacked(data, 100)) <= 100


@given(JSON, st.sampled_from(["millisecond", "day", "integer", "text"]))
def test_any_cursor_field_gives_a_mark_that_can_be_read_back(value: Any, grain: Any) -> None:
    marks = Marks(Cursor(("at",), grain), UTC)
    try:
        mark = marks.highest("", [{"at": value}], None)
    except SystemFailure:
        return
    assert marks.highest(mark, [], None) == mark


@given(st.binary() | st.none(), st.text(), st.dictionaries(st.text(), st.text()))
def test_a_prepared_write_is_the_same_after_json(
    body: bytes | None, target: str, headers: dict[str, str]
) -> None:
    prepared = Prepared("bill", "create", "POST", "main", target, headers, body)
    assert Prepared.from_json(prepared.to_json()) == prepared


def test_the_strategies_reach_what_is_allowed() -> None:
    assert HOSTS.target("https://a.eu.example.com/").host == "a.eu.example.com"
    with pytest.raises(SystemFailure):
        HOSTS.target("https://eu.example.com/")
