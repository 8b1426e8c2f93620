"""appliance.configuration: the box as files"""

import json
from pathlib import Path

import pytest
from django.db import connection

from appliance import configuration
from appliance.configuration import Applied, NotReadable, apply_files, export_files, read_files
from connector.audit.models import Entry
from connector.flows.apply import NotApplied
from connector.flows.flow_files import DocumentError
from connector.flows.models import Connection, Flow, ValueMap
from connector.vault.models import Credential
from connector.webhooks.models import Endpoint
from tests.appliance.conftest import SECRET, change

pytestmark = pytest.mark.django_db
THINGS = (Connection, Flow, ValueMap, Endpoint, Credential)


def put(folder: Path, *, check: bool = False) -> Applied:
    return apply_files(read_files(folder), actor="omar", check=check)


def counted() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (*THINGS, Entry)}


def test_everything_in_the_files_is_made(files: Path) -> None:
    applied = put(files)

    assert {f"{one.action} {one.section}/{one.slug}" for one in applied.changes} == {
        "create connections/erp",
        "create connections/ap",
        "create value_maps/gl-accounts",
        "create flows/vendors-to-ap",
        "create flows/bills-to-ap",
        "create endpoints/erp-events",
    }
    entry = Entry.objects.get(action="config.applied")
    facts = json.loads(entry.facts)
    assert (entry.actor, facts["created"], facts["changed"]) == ("omar", 6, 0)


def test_a_second_time_there_is_nothing_to_do(files: Path) -> None:
    put(files)
    before = counted()

    applied = put(files)

    assert not applied.differs
    assert counted() == before


def test_a_check_says_the_same_and_keeps_nothing(files: Path) -> None:
    before = counted()

    checked = put(files, check=True)

    assert counted() == before
    assert checked.changes == put(files).changes


def test_only_what_changed_is_changed(files: Path) -> None:
    put(files)
    change(files / "flows.yaml", "every 5m", "every 15m")

    applied = put(files)

    changed = [one for one in applied.changes if one.action != "unchanged"]
    assert [(one.action, one.slug) for one in changed] == [("change", "vendors-to-ap")]
    assert Flow.objects.get(slug="vendors-to-ap").versions.count() == 2
    assert Flow.objects.get(slug="bills-to-ap").versions.count() == 1


def test_what_is_written_out_and_read_again_is_the_same_box(files: Path, tmp_path: Path) -> None:
    put(files)
    folder = tmp_path / "written"
    folder.mkdir()
    for name, text in export_files().items():
        (folder / name).write_text(text)

    applied = put(folder)

    assert not applied.differs
    assert len(applied.changes) == 6


def test_no_secret_is_written_out_or_recorded(files: Path) -> None:
    put(files)

    assert SECRET not in "".join(export_files().values())
    assert SECRET not in str(list(Entry.objects.values_list("facts", flat=True)))


def test_only_what_is_asked_for_is_written_out(files: Path) -> None:
    put(files)

    text = export_files(["flows/bills-to-ap"])["box.yaml"]

    assert "bills-to-ap" in text
    assert "vendors-to-ap:" not in text
    assert "connections:" not in text


def test_what_is_not_there_can_t_be_written_out(files: Path) -> None:
    put(files)

    with pytest.raises(NotReadable, match="there is no flows/absent in this box"):
        export_files(["flows/absent", "flows/bills-to-ap"])


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("connections.yaml", "system: sandbox_ap", "system: sandbox_xx", "sandbox_xx"),
        ("connections.yaml", "title: Practice ERP", "titel: Practice ERP", "titel"),
        ("connections.yaml", "zone: Europe/Berlin", "zone: Europe/Nowhere", "zone"),
        ("connections.yaml", "{file: erp-client-id}", "plain-text-secret", "client_id"),
        ("connections.yaml", "{file: erp-client-id}", "{file: absent}", "client_id"),
        ("connections.yaml", "format: 1", "format: 2", "format"),
        ("flows.yaml", "trigger: {schedule: every 5m}", "trigger: {schedule: often}", "schedule"),
        ("flows.yaml", "object: vendor}", "object: vendour}", "vendour"),
        ("flows.yaml", "stream: vendors}", "stream: vendours}", "vendours"),
        ("flows.yaml", "connection: ap, object: vendor", "connection: no, object: vendor", "no"),
        ("flows.yaml", "reference: {from: id}", "referense: {from: id}", "referense"),
        ("flows.yaml", "do: [{money: currency}]", "do: [{munny: currency}]", "munny"),
        ("flows.yaml", "name: {from: name", "name: {frum: name", "frum"),
        ("flows.yaml", "terms_days: 30", "terms_days: 31", "terms_days"),
        ("flows.yaml", "flows:", "flows: [", "flows.yaml"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_changes_nothing(
    files: Path, file: str, old: str, new: str, words: str
) -> None:
    change(files / file, old, new)
    before = counted()

    with pytest.raises((DocumentError, NotApplied)) as refused:
        put(files)

    assert isinstance(refused.value, DocumentError | NotApplied)
    assert refused.value.problems
    assert all(problem.file == file for problem in refused.value.problems)
    assert all(problem.line > 0 for problem in refused.value.problems)
    assert words in str(refused.value)
    assert "plain-text-secret" not in str(refused.value)
    assert counted() == before


def test_a_mistake_of_one_line_is_said_with_that_line(files: Path) -> None:
    line = change(files / "connections.yaml", "title: Practice ERP", "titel: Practice ERP")

    with pytest.raises(DocumentError, match=rf"connections\.yaml:({line}|{line - 1}):"):
        put(files)


def test_a_secret_that_can_t_be_found_changes_nothing(files: Path, secrets: Path) -> None:
    (secrets / "ap-password").unlink()
    before = counted()

    with pytest.raises(NotApplied, match="password"):
        put(files)

    assert counted() == before


def test_a_secret_is_never_read_outside_its_folder(files: Path, secrets: Path) -> None:
    (secrets / "ap-password").unlink()
    (secrets / "ap-password").symlink_to("/etc/hostname")

    with pytest.raises(NotApplied, match="password"):
        put(files)


def test_a_secret_may_come_from_the_environment(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(files / "connections.yaml", "{file: ap-password}", "{env: AP_PASSWORD}")
    monkeypatch.setenv("AP_PASSWORD", SECRET)

    assert put(files).differs


@pytest.mark.parametrize("broken", ["there is no", "not UTF-8", "larger than"])
def test_files_that_can_t_be_read_are_named(
    files: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = files
    if broken == "there is no":
        path = files / "absent"
    elif broken == "not UTF-8":
        (files / "flows.yaml").write_bytes(b"\xff\xfe")
    else:
        monkeypatch.setattr(configuration, "MOST_BYTES", 100)

    with pytest.raises(NotReadable, match=broken):
        read_files(path)


def test_one_file_brings_the_files_that_it_names(files: Path) -> None:
    assert set(read_files(files / "connections.yaml")) == {"connections.yaml", "gl-accounts.csv"}


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        "purchase_order_id",  # a field that the mapping reads
        "lines and tax add up",  # a check
        "Kraft Werkzeuge",  # a stored test
        "127.0.0.1:9001/",  # an address with its path
    ],
)
def test_neither_secrets_nor_mappings_stand_in_the_database_in_clear(
    files: Path, text: str
) -> None:
    put(files)

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE strpos(t::text, %s) > 0'
                " OR strpos(t::text, %s) > 0",
                [text, text.encode().hex()],
            )
            assert cursor.fetchone() == (0,), table
