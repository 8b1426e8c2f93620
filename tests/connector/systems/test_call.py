"""connector.systems.call and classify: what an answer means, and when a call is made again."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from connector.systems.context import utc_now
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import NotSent, Uncertain
from connector.systems.retry import asked_wait, wait_before_retry
from tests.fakes.server import Answer, Asked, cut, serve
from tests.fakes.systems import client, described
from tests.fakes.writing import VALUES, write


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def read(answer: Any, **parts: Any) -> tuple[SystemFailure, list[Asked]]:
    """The failure of a read that is answered like this, and the calls that were made."""
    with serve(lambda _: answer) as fake, client(fake, described(**parts)) as acme:
        with pytest.raises(SystemFailure) as caught:
            acme.read_page("items", position=None, mark="")
        return caught.value, fake.asked


@pytest.mark.parametrize(
    ("status", "headers", "kind", "calls"),
    [
        (400, {}, Kind.REFUSED, 1),
        (401, {}, Kind.CONFIG, 1),
        (403, {}, Kind.CONFIG, 1),
        (404, {}, Kind.CONFIG, 1),
        (408, {}, Kind.TRANSIENT, 3),
        (409, {}, Kind.REFUSED, 1),
        (422, {}, Kind.REFUSED, 1),
        (429, {"Retry-After": "1"}, Kind.RATE_LIMITED, 2),
        (429, {"Retry-After": "60"}, Kind.RATE_LIMITED, 1),
        (429, {}, Kind.RATE_LIMITED, 2),
        (500, {}, Kind.TRANSIENT, 3),
        (503, {}, Kind.TRANSIENT, 3),
        (503, {"Retry-After": "60"}, Kind.RATE_LIMITED, 1),
        (304, {}, Kind.TRANSIENT, 1),
    ],
)
def test_what_http_says(status: int, headers: dict[str, str], kind: Kind, calls: int) -> None:
    failure, asked = read(Answer({"secret": "x"}, status, headers))

    assert (failure.kind, len(asked)) == (kind, calls)
    assert "secret" not in failure.message


def test_a_read_is_tried_again_after_a_cut_and_a_passing_failure() -> None:
    answers: Iterator[Any] = iter([cut, Answer(status=502), Answer({"items": []})])
    with serve(lambda _: next(answers)) as fake, client(fake) as acme:
        assert acme.read_page("items", position=None, mark="").records == ()
        assert len(fake.asked) == 3


def test_an_answer_that_is_no_json_is_a_passing_failure() -> None:
    failure, asked = read(Answer(b"<html>maintenance</html>"))
    assert (failure.kind, len(asked)) == (Kind.TRANSIENT, 3)


def test_the_first_rule_that_matches_wins_over_http() -> None:
    rules = [
        {"status": [400], "when": [{"at": "code", "is": "B"}], "kind": "config", "say": "Wrong."},
        {"when": [{"at": "errors", "any": {"at": "code", "is": "X"}}], "kind": "refused",
         "message": [["errors", "*", "text"], ["more"]]},
        {"status": [400], "kind": "transient"},
        {"on": ["create"], "when": [{"at": "ok", "is": False}], "kind": "config"},
        {"when": [{"header": "X-Fail", "exists": True}], "kind": "rate_limited", "wait_s": 99},
    ]  # fmt: skip

    assert read(Answer({"code": "B"}, 400), errors=rules)[0].message == "Wrong."
    assert read(Answer({"code": "C"}, 400), errors=rules)[0].kind is Kind.TRANSIENT
    many = {"errors": [{"code": "X", "text": " one\ntwo"}, {"text": "three"}], "more": 4}
    assert read(Answer(many, 200), errors=rules)[0].message == "one two three 4"
    limited, _ = read(Answer({"items": []}, 200, {"X-Fail": "1"}), errors=rules)
    assert (limited.kind, limited.wait_s) == (Kind.RATE_LIMITED, 99)


def test_the_longest_of_all_waits_counts() -> None:
    rules = [{"status": [429], "kind": "rate_limited", "wait_s": 20, "wait_header": "X-Wait"}]
    headers = {"Retry-After": "30", "X-Wait": "40"}
    assert read(Answer({}, 429, headers), errors=rules)[0].wait_s == 40


def test_an_answer_that_fails_the_proof_of_success_is_no_success() -> None:
    success = {"require": [{"at": "ok", "is": True}]}
    assert read(Answer({"items": []}), success=success)[0].kind is Kind.TRANSIENT


def test_a_message_is_one_printable_line_of_at_most_500_characters() -> None:
    rules = [{"status": [400], "kind": "refused", "message": "text"}]
    failure, _ = read(Answer({"text": "a\x00\x1b[31m\u202e" + "b" * 9000}, 400), errors=rules)

    assert len(failure.message) == 500
    assert failure.message.isprintable()


def test_a_message_does_not_repeat_the_credential() -> None:
    rules = [{"status": [400], "kind": "refused", "message": "text"}]
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.key }}"}}}
    system = described(errors=rules, auth=auth, credential=[{"name": "key", "label": "Key"}])
    echo = Answer({"text": "x" * 498 + " the key sk_live_12345 is wrong: sk_live_12345"}, 400)
    with (
        serve(lambda _: echo) as fake,
        client(fake, system, credential={"key": "sk_live_12345"}) as acme,
        pytest.raises(SystemFailure) as caught,
    ):
        acme.read_page("items", position=None, mark="")

    assert fake.asked[0].headers["x-key"] == "sk_live_12345"
    for text in (caught.value.message, caught.value.detail, repr(acme), str(acme.__dict__)):
        assert "sk_live" not in text


def test_a_client_that_only_reads_writes_nothing() -> None:
    with (
        serve(lambda _: Answer({"items": []})) as fake,
        client(fake, write(), read_only=True) as acme,
    ):
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))

        assert isinstance(outcome, NotSent)
        assert outcome.failure.kind is Kind.CONFIG
        assert fake.asked == []
        acme.find("bill", VALUES, external_id="e")
        assert len(fake.asked) == 1


def test_a_write_is_never_tried_again_by_itself(_no_pauses: list[float]) -> None:
    for answer in (cut, Answer(status=500), Answer(status=408), Answer(b"<html>")):
        with serve(lambda _, a=answer: a) as fake, client(fake, write()) as acme:  # type: ignore[misc]
            outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
            assert isinstance(outcome, Uncertain)
            assert len(fake.asked) == 1


def test_a_write_is_made_once_more_after_a_short_pause_that_the_system_asked_for(
    _no_pauses: list[float],
) -> None:
    answers = iter([Answer(status=429, headers={"Retry-After": "2"}), Answer({"id": 7})])
    with serve(lambda _: next(answers)) as fake, client(fake, write()) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))

    assert outcome.remote_id == "7"  # type: ignore[union-attr]
    assert 1.5 < sum(_no_pauses) < 2.5
    assert fake.asked[0].body == fake.asked[1].body


def test_the_budget_in_headers_is_waited_for(_no_pauses: list[float]) -> None:
    limits = {"remaining": {"header": "X-Left", "reset": "X-Reset", "as": "seconds"}}
    answer = Answer({"items": []}, headers={"X-Left": "0", "X-Reset": "3"})
    with serve(lambda _: answer) as fake, client(fake, described(limits=limits)) as acme:
        acme.read_page("items", position=None, mark="")
        acme.read_page("items", position=None, mark="")
    assert 2 < sum(_no_pauses) < 4


def test_points_are_waited_for_before_they_run_out(_no_pauses: list[float]) -> None:
    points = {"asked": 100, "available": 150, "maximum": 1000, "rate": 50}
    limits = {"cost": {"asked": "asked", "available": "available", "maximum": "maximum",
                       "restore_per_s": "rate", "reserve": 100}}  # fmt: skip
    with (
        serve(lambda _: Answer({"items": [], **points})) as fake,
        client(fake, described(limits=limits)) as acme,
    ):
        acme.read_page("items", position=None, mark="")
        assert _no_pauses == []
        acme.read_page("items", position=None, mark="")
    assert 0.8 < sum(_no_pauses) < 1.1


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("5", 5), (" 1.5 ", 1.5), ("0", 0), ("99999999", 3600), ("-1", None), ("soon", None),
        ("", None), (None, None), ("1e9", None), ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_understood_in_both_forms(text: str | None, wait: float | None) -> None:
    assert asked_wait(text, now=utc_now()) == wait


def test_waits_double_and_end() -> None:
    assert [wait_before_retry(n, jitter=0) for n in (1, 2, 3)] == [0.5, 1, 2]
    assert wait_before_retry(1000, jitter=0.9) == 3600
    with pytest.raises(ValueError, match="from 1"):
        wait_before_retry(0, jitter=0)


def test_the_check_shows_whose_account_it_is() -> None:
    check = {
        "request": {"path": "me", "query": {"a": "b c/ä&"}},
        "show": {"company": ["data", "name"], "gone": "gone"},
        "expect": [{"at": ["data", "id"], "is": "{{ settings.post }}"}],
    }
    answer = Answer({"data": {"name": "Acme Ltd", "id": "7"}})
    with serve(lambda _: answer) as fake:
        with client(fake, described(check=check), settings={"post": "7"}) as acme:
            assert acme.check().account == {"company": "Acme Ltd"}
            assert fake.asked[0].target == "/v1/me?a=b%20c%2F%C3%A4%26"
        with (
            client(fake, described(check=check), settings={"post": "8"}) as acme,
            pytest.raises(SystemFailure, match="not the account"),
        ):
            acme.check()


def test_the_check_may_be_a_stream() -> None:
    with (
        serve(lambda _: Answer({"items": []})) as fake,
        client(fake, described(check={"stream": "items"})) as acme,
    ):
        assert acme.check().account == {}
    assert fake.asked[0].path == "/v1/items"


def test_a_host_that_the_credential_is_not_bound_to_is_not_called() -> None:
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.key }}"}}}
    system = described(auth=auth, credential=[{"name": "key", "label": "Key"}])
    with serve(lambda _: Answer({"items": []})) as fake:
        elsewhere = {"url": f"http://localhost:{fake.port}"}
        with (
            client(fake, system, credential={"key": "secret"}, settings=elsewhere) as acme,
            pytest.raises(SystemFailure, match="the credential was not entered for"),
        ):
            acme.check()
    assert fake.asked == []


@pytest.mark.parametrize("kind", ["rate_limited", "session_expired", "refused"])
def test_a_write_that_may_have_happened_is_not_made_again_whatever_the_reason(kind: str) -> None:
    rules = [{"when": [{"at": "code", "is": "x"}], "kind": kind, "done": "maybe"}]
    with (
        serve(lambda _: Answer({"id": 1, "code": "x"})) as fake,
        client(fake, write(errors=rules)) as acme,
    ):
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
        assert isinstance(outcome, Uncertain)
        assert len(fake.asked) == 1


def test_headers_of_the_description_go_over_our_own_whatever_their_case() -> None:
    request = {"path": "items", "headers": {"accept": "application/x", "USER-agent": "Own/1"}}
    streams = {"items": {"title": "I", "request": request, "records": "items", "key": "id"}}
    system = described(streams=streams, headers={"X-Version": "7", "Accept": "text/x"})
    with serve(lambda _: Answer({"items": []})) as fake, client(fake, system) as acme:
        acme.read_page("items", position=None, mark="")
        headers = fake.asked[0].headers
    assert (headers["accept"], headers["user-agent"]) == ("application/x", "Own/1")
    assert (headers["x-version"], headers["accept-encoding"]) == ("7", "gzip")
