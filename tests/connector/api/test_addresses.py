"""connector.api: what each address answers, and that it is the same act as the console's"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connector.audit.models import Entry
from connector.flows.models import Connection, Delivery, Flow, Run
from connector.jobs.models import Job
from tests.connector.api.conftest import MakeProgram, Program
from tests.connector.console import box

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(flow: Flow, program: MakeProgram, web: None) -> Program:
    return program("owner")


LISTS = ("flows/", "runs/", "connections/", "deliveries/", "inbox/", "audit/")


@pytest.mark.parametrize("address", LISTS)
def test_a_list_answers_rows_in_json(address: str, owner: Program) -> None:
    answer = owner.get(address)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["rows"]  # type: ignore[attr-defined]


def test_nothing_sealed_and_no_secret_is_in_any_answer(owner: Program) -> None:
    run = Run.objects.all()[0]
    more = [*LISTS, "flows/bills/", f"runs/{run.pk}/", "connections/books/", "health/"]

    said = " ".join(owner.get(a).content.decode() for a in [*more, "connections/books/credential/"])

    for hidden in (box.SECRET, "robot", "Kessler", "INV-1", "sealed", "example.com/"):
        assert hidden not in said


def test_a_run_is_started_by_the_token_and_seen(owner: Program) -> None:
    answer = owner.send("post", "flows/bills/run/", {"kind": "full"})

    assert answer.status_code == 202
    said = answer.json()  # type: ignore[attr-defined]
    assert (said["flow"], said["kind"], said["state"]) == ("bills", "full", "queued")
    assert owner.get(f"runs/{said['id']}/").json() == said  # type: ignore[attr-defined]
    entry = Entry.objects.get(action="run.asked")
    assert entry.actor.startswith("mlc_")
    assert entry.actor.endswith(" of owner")
    assert Job.objects.get(kind="flows.run").args == {"run": said["id"]}


def test_a_second_run_of_its_kind_is_refused_and_one_can_be_cancelled(owner: Program) -> None:
    first = owner.send("post", "flows/bills/run/").json()  # type: ignore[attr-defined]

    again = owner.send("post", "flows/bills/run/")
    ended = owner.send("post", f"runs/{first['id']}/cancel/")
    late = owner.send("post", f"runs/{first['id']}/cancel/")

    assert (again.status_code, ended.status_code, late.status_code) == (409, 202, 409)
    assert ended.json()["state"] == "cancelled"  # type: ignore[attr-defined]
    assert again.json()["error"]["code"] == "not_possible"  # type: ignore[attr-defined]


def test_a_flow_that_is_off_is_not_started(owner: Program, flow: Flow) -> None:
    Flow.objects.filter(pk=flow.pk).update(enabled=False)

    answer = owner.send("post", "flows/bills/run/")

    assert answer.status_code == 409
    assert "is off. Nothing was started." in answer.content.decode()


def test_a_test_is_asked_of_the_worker(owner: Program) -> None:
    answer = owner.send("post", "connections/books/test/")

    assert answer.status_code == 202
    assert answer.json()["test_asked_at"]  # type: ignore[attr-defined]
    assert Job.objects.filter(kind="flows.test").count() == 1


@pytest.mark.parametrize(
    ("address", "params", "status"),
    [
        ("runs/", {"state": "odd"}, 400),
        ("deliveries/", {"state": "odd"}, 400),
        ("audit/", {"action": "odd"}, 400),
        ("runs/", {"after": "odd"}, 400),
        ("deliveries/", {"before": "x"}, 400),
        ("runs/", {"flow": "absent"}, 404),
        ("runs/not-a-run/", {}, 404),
        ("runs/00000000-0000-4000-8000-000000000000/", {}, 404),
        ("flows/absent/", {}, 404),
        ("connections/absent/credential/", {}, 404),
        ("", {}, 404),
        ("nonsense", {}, 404),
    ],
)
def test_what_is_not_understood_or_not_there_is_said_in_one_shape(
    address: str, params: dict[str, str], status: int, owner: Program
) -> None:
    answer = owner.get(address, **params)

    assert answer.status_code == status
    error = answer.json()["error"]  # type: ignore[attr-defined]
    assert set(error) == {"code", "message", "details"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'{"kind": "held"}', "application/json", 400),
        (b'{"knid": "full"}', "application/json", 400),
        (b"kind=full", "application/x-www-form-urlencoded", 415),
        (b'"' + b"a" * 300_000 + b'"', "application/json", 413),
        (b'"' + b"a" * 3_000_000 + b'"', "application/json", 413),
    ],
)
def test_a_body_that_can_t_be_read_starts_nothing(
    body: bytes, kind: str, status: int, owner: Program
) -> None:
    answer = owner.client.post("/api/v1/flows/bills/run/", data=body, content_type=kind)

    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert not Entry.objects.filter(action="run.asked").exists()


def test_html_is_not_offered(owner: Program) -> None:
    answer = owner.client.get("/api/v1/runs/", headers={"Accept": "text/html"})

    assert answer.status_code == 406


def test_a_fault_of_the_box_has_the_same_shape_and_says_nothing_of_it(
    owner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[object]:
        raise ZeroDivisionError("mlc_a_secret")

    monkeypatch.setattr("connector.flows.inbox.groups", broken)

    answer = owner.get("inbox/")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "broken"  # type: ignore[attr-defined]
    assert "mlc_a_secret" not in answer.content.decode()


def test_the_pages_of_a_list_meet_without_gap_or_repeat(flow: Flow, program: MakeProgram) -> None:
    asks = program("owner")
    run = Run.objects.filter(flow=flow)[0]
    for number in range(120):
        box.a_delivery(run, f"P-{number}")
    address, found = "deliveries/", list[int]()
    while address:
        page = asks.get(address).json()  # type: ignore[attr-defined]
        found += [row["id"] for row in page["rows"]]
        address = (page["after"] or "").removeprefix("/api/v1/")

    assert found == list(Delivery.objects.order_by("-id").values_list("id", flat=True))


@pytest.mark.parametrize("address", LISTS)
def test_a_list_asks_as_much_for_many_rows_as_for_few(
    address: str, flow: Flow, program: MakeProgram
) -> None:
    asks = program("owner")
    asks.get(address)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert asks.get(address).status_code == 200
        return sum("rekey_expectedkey" not in one["sql"] for one in found)  # asked each second

    few = asked()
    run = box.a_run(flow)
    for number in range(12):
        box.a_delivery(run, f"Q-{number}")
        box.a_held_record(run, f"Q-{number}")
        box.a_connection(f"q-{number}", f"Q {number}")
        box.a_run(box.a_flow(f"q-{number}", f"Q {number}"))

    assert asked() == few
    assert few <= 9


def test_health_counts_what_is_due_and_what_waits(owner: Program) -> None:
    said = owner.get("health/").json()  # type: ignore[attr-defined]

    assert said["connections"] == {"unknown": Connection.objects.count(), "ok": 0, "failing": 0}
    assert said["records_waiting"] == 4
    assert said["jobs_due"] == Job.objects.filter(state="waiting").count()
