"""appliance.keyrings.gate and its middleware: without the right keys a process does nothing"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from appliance.keyrings import gate, kept
from appliance.keyrings.gate import Gate
from appliance.queue import shared
from appliance.queue.broker import Broker
from appliance.queue.drain import drain
from connector.crypto import keyring
from connector.crypto.keyring import Domain
from connector.jobs.models import Job
from connector.rekey import expected, tasks
from connector.rekey.models import ExpectedKey
from tests import keyrings
from tests.appliance.keyrings.test_kept import write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The gate of a process that has just started, and looks each time."""
    made = Gate()
    monkeypatch.setattr(gate, "LOOK_S", 0.0)
    monkeypatch.setattr(kept, "LOOK_S", 0.0)
    monkeypatch.setattr(gate, "trouble", made.trouble)
    monkeypatch.setattr(gate, "watched", made.watched)
    yield


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    """Where the keyring of this web process should be."""
    settings.KEYRING_FILE = tmp_path / "web.keyring"
    settings.PROCESS = "web"
    settings.CONNECTOR_KEYRING = "appliance.keyrings.kept.load"
    keyring.reset()
    return tmp_path / "web.keyring"


@pytest.fixture
def noted() -> None:
    expected.note(keyrings.both())


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("harm", ["missing", "malformed", "cut", "newer", "other box", "lacks"])
def test_web_stays_up_says_what_it_needs_and_goes_on_by_itself(
    harm: str, file: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    content = write(file, keyrings.both()).read_bytes()
    if harm == "missing":
        file.unlink()
    elif harm == "malformed":
        file.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    elif harm == "cut":
        file.write_bytes(content[:-50])
    elif harm == "newer":
        file.write_bytes(content.replace(b'"format": 1', b'"format": 9'))
    elif harm == "other box":
        write(file, keyrings.other_box())
    else:
        write(file, keyrings.retired())
    before = list(ExpectedKey.objects.values_list("key_id", flat=True))

    pages = [client.get(path) for path in ("/", "/sign-in/", "/auditors/", "/health/ready")]
    hook = client.post("/hooks/anything/", b"{}", content_type="application/json")

    for answer in (*pages, hook):
        assert answer.status_code == 503
        assert answer["Retry-After"] == "30"
        assert "config aead 58582b3ece35f329" in answer.text
        assert "keys recover" in answer.text
        assert "django secret" not in answer.text
    assert client.get("/health/live").status_code == 200
    assert [record.name for record in caplog.records] == ["appliance.keyrings.gate"]
    assert list(ExpectedKey.objects.values_list("key_id", flat=True)) == before

    write(file, keyrings.both())

    assert client.get("/sign-in/").status_code == 200


@pytest.mark.usefixtures("noted")
def test_web_is_told_of_what_it_holds_itself_and_no_more(file: Path, client: Client) -> None:
    text = client.get("/").text

    assert "people aead" in text
    assert "vault seal" in text
    for never in ("vault open", "vault wrap", "ledger mac", "audit sign"):
        assert never not in text


def test_static_files_are_served_all_the_same(file: Path, client: Client) -> None:
    assert client.get("/static/absent.css").status_code == 404


@pytest.mark.usefixtures("noted")
def test_a_right_keyring_costs_no_query(
    file: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    write(file, keyrings.both())
    assert gate.trouble() is None

    with django_assert_num_queries(0):
        assert gate.trouble() is None


def test_keys_of_a_rotation_are_asked_about_once_more(file: Path) -> None:
    write(file, keyrings.both())
    assert gate.trouble() is None

    expected.note(keyrings.retired())
    write(file, keyrings.rotated())

    assert gate.trouble() is None


def test_the_first_start_of_the_worker_tells_the_database(file: Path, settings: Settings) -> None:
    settings.PROCESS = "worker"
    write(file, keyrings.both(), "worker")

    assert gate.trouble() is None

    known = set(ExpectedKey.objects.values_list("domain", "key_id"))
    assert known == {(k.domain, k.id) for k in keyrings.worker().all_keys()}
    assert not any(domain == Domain.PEOPLE for domain, _ in known)


@pytest.mark.usefixtures("noted")
def test_a_wrong_keyring_tells_the_database_nothing(file: Path, settings: Settings) -> None:
    settings.PROCESS = "worker"
    before = ExpectedKey.objects.count()
    write(file, keyrings.other_box(), "worker")

    found = gate.trouble()

    assert found
    assert "is that of the box" in found.what
    assert ExpectedKey.objects.count() == before


def test_without_a_database_the_keyring_is_not_held_for_wrong(file: Path) -> None:
    write(file, keyrings.both())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path TO nowhere")

    assert gate.trouble() is None


@pytest.mark.usefixtures("noted")
def test_the_worker_takes_no_job_says_so_once_and_goes_on_by_itself(
    file: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.PROCESS = "worker"
    monkeypatch.setattr(Broker, "_wait", lambda broker: None)
    tasks.ask(Domain.CONFIG)
    write(file, keyrings.other_box(), "worker")

    for _ in range(3):
        assert Broker().dequeue() is None
        drain()

    job = Job.objects.get()
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert [record.message.partition(":")[0] for record in caplog.records] == ["no job is taken"]
    assert shared.pulse_age_s() < 5

    write(file, keyrings.both(), "worker")
    assert len(Broker().dequeue() or []) == 1
    drain()

    assert Job.objects.get().state == Job.State.DONE
