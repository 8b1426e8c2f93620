"""connector.systems.writing: what goes out, what is certain afterwards, and the look-up."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import (
    Ambiguous,
    Delivered,
    Duplicate,
    Found,
    Gone,
    NoneThere,
    NotSent,
    Outcome,
    Prepared,
    Refused,
    Stale,
    Uncertain,
    Unlike,
    Warned,
)
from connector.systems.spec import System
from connector.systems.writing.prepare import ChangedAfterFinal
from tests.fakes.server import Answer, Asked, Fake, cut, raw, serve
from tests.fakes.systems import client
from tests.fakes.writing import BILL, VALUES, write


def created(answer: Any, system: System | None = None) -> tuple[Outcome, list[Asked]]:
    """What comes of one create that is answered like this."""
    with serve(lambda _: answer) as fake, client(fake, system or write()) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k1", external_id="e1"))
        return outcome, fake.asked


def test_a_create_goes_out_as_described_and_gives_id_and_take() -> None:
    answer = Answer({"id": 17, "version": "3"}, 201, {"ETag": "x1"})

    outcome, asked = created(answer)

    assert outcome == Delivered("17", {"etag": "x1", "version": "3"})
    assert (asked[0].method, asked[0].path) == ("POST", "/v1/bills")
    assert asked[0].headers["idempotency-key"] == "k1"
    assert asked[0].headers["content-type"] == "application/json"
    assert asked[0].body == (
        b'{"head":{"number":"R-1"},"total":1180.10,"due":"2026-11-03",'
        b'"lines":[{"amount":1180.10,"text":"Paper"}],"ref":"e1"}'
    )


def test_a_prepared_write_survives_json_and_is_sent_again_byte_for_byte() -> None:
    with serve(lambda _: Answer({"id": 1})) as fake, client(fake, write()) as acme:
        prepared = acme.prepare_create("bill", VALUES, key="k1", external_id="e1")
        again = Prepared.from_json(json.loads(json.dumps(prepared.to_json())))
        acme.send(prepared)
        acme.send(again)

    assert again == prepared
    assert fake.asked[0] == fake.asked[1]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"text": "Bad."}, 422), Refused("Acme refused it (422).")),
        (Answer({}, 400), Refused("Acme refused it (400).")),
        (Answer({}, 404), Refused("Acme does not know this (404).")),
        (Answer({}, 412), Stale("Acme says that the record was changed in the meantime (412).")),
    ],
)
def test_a_clear_no_is_refused_or_stale(answer: Answer, expected: Outcome) -> None:
    assert created(answer)[0] == expected


@pytest.mark.parametrize(
    "answer",
    [
        cut,
        raw(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"),
        Answer({}, 500),
        Answer({}, 408),
        Answer({}, 502),
        Answer(b"<html>", 200),
        Answer({}, 200),
        Answer({"id": ""}, 200),
        Answer({"id": None}, 200),
        Answer({"id": {}}, 200),
        Answer(b"", 204),
        Answer({"id": 1}, 302, {"Location": "/elsewhere"}),
        Answer({"id": 1}, 600),
        Answer(b"x" * 20_000_000, 200),
    ],
)
def test_an_answer_that_proves_nothing_is_uncertain_and_never_delivered(answer: Any) -> None:
    outcome, asked = created(answer)
    assert isinstance(outcome, Uncertain)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer({}, 401), Kind.CONFIG),
        (Answer({}, 403), Kind.CONFIG),
        (Answer({}, 429, {"Retry-After": "99"}), Kind.RATE_LIMITED),
        (Answer({}, 503, {"Retry-After": "99"}), Kind.RATE_LIMITED),
    ],
)
def test_what_surely_did_not_happen_may_be_sent_again(answer: Answer, kind: Kind) -> None:
    outcome, _ = created(answer)
    assert isinstance(outcome, NotSent)
    assert outcome.failure.kind is kind


def test_an_unreachable_system_got_nothing() -> None:
    with serve(lambda _: Answer({})) as fake:
        pass
    with client(fake, write()) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
    assert isinstance(outcome, NotSent)
    assert outcome.failure.kind is Kind.TRANSIENT


RULES = [
    {"when": [{"at": "code", "is": "dup"}], "kind": "duplicate", "id": ["old", "id"]},
    {"when": [{"at": "code", "is": "warn"}], "kind": "warning", "message": "text"},
    {"when": [{"at": "code", "is": "busy"}], "kind": "refused", "done": "maybe"},
    {"when": [{"at": "code", "is": "lock"}], "kind": "transient", "done": "no"},
    {"when": [{"at": "code", "is": "gone"}], "kind": "missing"},
]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"code": "dup", "old": {"id": 9}}, Duplicate("9", "Acme has this already (200).")),
        ({"code": "dup"}, Duplicate(None, "Acme has this already (200).")),
        ({"code": "warn", "text": "Sure?"}, Warned("Sure?")),
        ({"code": "busy"}, Uncertain("Acme refused it (200).")),
        ({"code": "gone"}, Refused("Acme does not know this (200).")),
    ],
)
def test_rules_decide_about_a_write(body: Any, expected: Outcome) -> None:
    assert created(Answer({"id": 1, **body}), write(errors=RULES))[0] == expected


def test_a_passing_failure_that_surely_did_nothing_was_not_sent() -> None:
    outcome, _ = created(Answer({"id": 1, "code": "lock"}), write(errors=RULES))
    assert isinstance(outcome, NotSent)


def test_the_proof_of_success_decides_about_a_write() -> None:
    system = write(success={"status": [200], "require": [{"at": "ok", "is": True}]})

    assert isinstance(created(Answer({"id": 1, "ok": True}), system)[0], Delivered)
    assert isinstance(created(Answer({"id": 1}), system)[0], Uncertain)
    assert isinstance(created(Answer({"id": 1, "ok": True}, 201), system)[0], Uncertain)


def test_the_id_may_stand_in_a_header_or_be_ours() -> None:
    header = {**BILL["create"], "id": {"header": "Location", "part": "last_segment"}}
    system = write({"create": header})
    location = Answer(b"", 204, {"Location": "https://x/v1/bills/a%2Fb/"})
    assert created(location, system)[0] == Delivered("a/b", {})

    request = {"method": "PUT", "path": "bills/eid:{{ external_id }}"}
    upsert = {"kind": "upsert", "by": "external_id"}
    system = write({"create": {"request": request, "id": "given"}, "idempotency": upsert})
    outcome, asked = created(Answer(b"", 204), system)
    assert outcome == Delivered("e1", {})
    assert asked[0].path == "/v1/bills/eid:e1"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({**VALUES, "number": None}, "number"),
        ({name: value for name, value in VALUES.items() if name != "total"}, "total"),
        ({**VALUES, "number": "x" * 21}, "number"),
        ({**VALUES, "extra": 1}, "extra"),
        ({**VALUES, "due": "soon"}, "due"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(values: Any, words: str) -> None:
    with serve(lambda _: Answer({"id": 1})) as fake, client(fake, write()) as acme:
        with pytest.raises(SystemFailure, match=words) as caught:
            acme.prepare_create("bill", values, key="k", external_id="e")
        assert caught.value.kind is Kind.REFUSED
        assert fake.asked == []


def test_a_form_is_sent_as_a_form_in_minor_units() -> None:
    create = {**BILL["create"], "request": {**BILL["create"]["request"]}}
    create["request"] = {
        "method": "POST", "path": "bills", "form": {"$fields": "record"},
        "headers": {"Idempotency-Key": "{{ key }}"},
    }  # fmt: skip
    system = write({"create": create}, wire={"money": "minor", "date": "epoch_s"})

    _, asked = created(Answer({"id": 1}), system)

    assert asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked[0].body == (
        b"head[number]=R-1&total=118010&due=1793664000&lines[0][amount]=118010&lines[0][text]=Paper"
    )


def change(
    answer: Callable[[Asked], Any], system: System, *, take: dict[str, Any] | None = None
) -> tuple[Outcome, Fake]:
    with serve(answer) as fake, client(fake, system) as acme:
        prepared = acme.prepare_update(
            "bill",
            {"memo": None, "total": Decimal("5.00")},
            remote_id="1/7",
            take=take or {},
            key="k",
        )
        return acme.send(prepared), fake


def test_an_update_sends_what_it_is_given_and_clears_what_became_empty() -> None:
    outcome, fake = change(lambda _: Answer(b"", 204), write())

    assert outcome == Delivered("1/7", {})
    assert (fake.asked[0].method, fake.asked[0].path) == ("PATCH", "/v1/bills/1%2F7")
    assert fake.asked[0].body == b'{"total":5.00,"memo":null}'


def test_an_update_of_what_is_gone_says_so() -> None:
    assert isinstance(change(lambda _: Answer({}, 404), write())[0], Gone)


def reading(record: dict[str, Any]) -> Callable[[Asked], Any]:
    return lambda asked: (
        Answer(record, headers={"ETag": "new"}) if asked.method == "GET" else Answer({"id": 1})
    )


def test_a_record_that_must_be_read_first_lends_its_etag_to_the_update() -> None:
    request = {**BILL["update"]["request"], "headers": {"If-Match": "{{ remote.etag }}"}}
    system = write({"update": {"request": request, "read_first": True}})

    outcome, fake = change(reading({"id": 1}), system, take={"etag": "old"})

    assert isinstance(outcome, Delivered)
    assert [one.method for one in fake.asked] == ["GET", "PATCH"]
    assert fake.asked[1].headers["if-match"] == "new"


def test_a_whole_record_is_laid_over_what_was_read() -> None:
    update = {**BILL["update"], "read_first": True, "partial": False, "merge": "read"}
    theirs = {"id": 1, "head": {"number": "R-1", "place": "x"}, "total": 1, "other": [1]}

    _, fake = change(reading(theirs), write({"update": update}))

    assert fake.asked[1].json == {**theirs, "total": 5.0, "memo": None}


def test_a_final_record_takes_no_change_and_none_is_sent() -> None:
    system = write({"final": {"at": "state", "in": ["paid"]}})
    with serve(reading({"id": 1, "state": "paid"})) as fake, client(fake, system) as acme:
        with pytest.raises(ChangedAfterFinal):
            acme.prepare_update("bill", {"memo": "x"}, remote_id="1", take={}, key="k")
        assert [one.method for one in fake.asked] == ["GET"]


def test_lines_that_cannot_be_replaced_may_only_stay_as_they_are() -> None:
    system = write({"update": {**BILL["update"], "lines": False}})
    theirs = {"id": 1, "lines": [{"amount": "1180.1", "text": "Paper", "tax": 3}]}
    same = {"memo": "x", "lines": VALUES["lines"]}
    other = {"memo": "x", "lines": [{"amount": Decimal("1"), "text": "Paper"}]}
    with serve(reading(theirs)) as fake, client(fake, system) as acme:
        acme.send(acme.prepare_update("bill", same, remote_id="1", take={}, key="k"))
        assert fake.asked[-1].json == {"memo": "x"}
        with pytest.raises(ChangedAfterFinal):
            acme.prepare_update("bill", other, remote_id="1", take={}, key="k")


def test_a_record_is_read_back_typed() -> None:
    theirs = {"id": 1, "head": {"number": "R-1"}, "total": "5.10", "due": "2026-11-03T00:00:00Z"}
    with serve(reading(theirs)) as fake, client(fake, write()) as acme:
        seen = acme.read_back("bill", "1")

    assert seen is not None
    assert seen.values == {"number": "R-1", "total": Decimal("5.10"), "due": VALUES["due"]}
    assert (seen.take, seen.final) == ({"etag": "new"}, False)


def test_a_void_is_one_call() -> None:
    with serve(lambda _: Answer(b"ok")) as fake, client(fake, write()) as acme:
        prepared = acme.prepare_void("bill", remote_id="7", take={}, key="k")
        assert acme.send(prepared) == Delivered("7", {})
    assert (fake.asked[0].method, fake.asked[0].path) == ("DELETE", "/v1/bills/7")


def there(number: str = "R-1", total: Any = "1180.1", **more: Any) -> dict[str, Any]:
    return {"id": more.pop("id", 4), "head": {"number": number}, "total": total, **more}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], NoneThere),
        ([there()], Found),
        ([there(), there()], Found),
        ([there(total=1180)], Unlike),
        ([there(total=None)], Unlike),
        ([there(), there(id=5)], Ambiguous),
        ([there(), there(id=5, total=1)], Unlike),
        ([there(number=" R-1 ")], Found),
        ([there(number="R-10")], NoneThere),
        ([{"head": {"number": "R-1"}, "total": "1180.1"}], Unlike),
    ],
)
def test_the_look_up_compares_typed(records: list[Any], expected: type) -> None:
    def handle(asked: Asked) -> Answer:
        return (
            Answer({"items": records})
            if asked.path == "/v1/find"
            else Answer({}, headers={"ETag": "e"})
        )

    with serve(handle) as fake, client(fake, write()) as acme:
        result = acme.find("bill", VALUES, external_id="e1")

    assert isinstance(result, expected)
    assert fake.asked[0].query == {"number": "R-1"}
    if isinstance(result, Found):
        assert (result.remote_id, result.take) == ("4", {"etag": "e"})


def test_what_was_found_by_our_own_id_is_this_record_however_it_looks() -> None:
    request = {"path": "find", "query": {"external_id": "{{ external_id }}"}}
    system = write({"find": {**BILL["find"], "request": request}})
    with (
        serve(lambda _: Answer({"items": [there(number="R-9")]})) as fake,
        client(fake, system) as acme,
    ):
        assert isinstance(acme.find("bill", VALUES, external_id="e1"), Unlike)


def test_a_look_up_that_failed_proves_nothing() -> None:
    for answer in (Answer({}), Answer({}, 403), Answer({"items": "x"})):
        with (
            serve(lambda _, a=answer: a) as fake,  # type: ignore[misc]
            client(fake, write()) as acme,
            pytest.raises(SystemFailure),
        ):
            acme.find("bill", VALUES, external_id="e1")


def test_absence_counts_as_far_as_the_description_says() -> None:
    find = {
        **BILL["find"],
        "lag_s": 30,
        "proves_absence": False,
        "where": [{"at": "ok", "is": True}],
    }
    with (
        serve(lambda _: Answer({"items": [there()]})) as fake,
        client(fake, write({"find": find})) as acme,
    ):
        assert acme.find("bill", VALUES, external_id="e1") == NoneThere(proven=False, after_s=30)


def test_a_look_up_by_address_finds_one_record_or_none() -> None:
    find = {**BILL["find"], "request": {"path": "bills/eid:{{ external_id }}"}, "records": []}
    answers = {"/v1/bills/eid:yes": Answer(there())}

    def handle(asked: Asked) -> Answer:
        return answers.get(asked.path) or Answer({}, 404)

    with serve(handle) as fake, client(fake, write({"find": find})) as acme:
        assert isinstance(acme.find("bill", VALUES, external_id="yes"), Found)
        assert acme.find("bill", VALUES, external_id="no") == NoneThere(proven=True)


@pytest.mark.parametrize(
    ("idempotency", "window"),
    [
        (BILL["idempotency"], 900),
        ({"kind": "lookup"}, 0),
        ({"kind": "none", "accept": True}, 0),
    ],
)
def test_how_long_the_same_call_may_be_made_again(idempotency: Any, window: float) -> None:
    with (
        serve(lambda _: Answer({})) as fake,
        client(fake, write({"idempotency": idempotency})) as acme,
    ):
        assert acme.repeat_window_s("bill", "create") == window
        assert acme.may_repeat("bill", "create") is (window > 0)
        assert acme.looks_first("bill") is (idempotency["kind"] == "lookup")
        assert acme.may_repeat("bill", "update")
