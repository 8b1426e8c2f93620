"""manage.py credentials import"""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connector.audit.models import Entry
from connector.jobs.models import Job
from connector.vault.models import CredentialVersion
from tests.connector.console import box

pytestmark = pytest.mark.django_db
KEY = "sk-live-from-a-file"
HEAD = "connection,field,value,expires\n"
GOOD = f"{HEAD}books,user,robot,\nbooks,key,{KEY},2099-03-31\nerp,user,robot,\nerp,key,{KEY}-2,\n"
ENV = f"BOOKS__USER=robot\nBOOKS__KEY={KEY}\nBOOKS__EXPIRES=2099-03-31\n"


@pytest.fixture(autouse=True)
def _connections() -> None:
    box.a_system()
    box.a_connection("books", "Ledger Books")
    box.a_connection("erp", "Halden ERP", host="erp")


def imported(path: Path, text: str, *options: str) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    out = StringIO()
    call_command("credentials", "import", str(path), *options, stdout=out)
    return out.getvalue()


def pending() -> list[str]:
    rows = CredentialVersion.objects.filter(state="pending").order_by("credential__label")
    return list(rows.values_list("credential__label", flat=True))


def state() -> tuple[int, int, int]:
    return CredentialVersion.objects.count(), Entry.objects.count(), Job.objects.count()


def test_all_rows_are_entered_tested_and_recorded_by_name(tmp_path: Path) -> None:
    said = imported(tmp_path / "secrets.csv", GOOD)

    assert said.startswith("2 credentials with 4 fields: books, erp.")
    assert pending() == ["Halden ERP", "Ledger Books"]
    assert Job.objects.filter(kind="flows.test").count() == 2
    entry = Entry.objects.get(action="credentials.imported")
    assert (entry.actor, entry.facts) == (
        "command:credentials",
        '{"connections": "books, erp", "fields": 4}',
    )
    days = CredentialVersion.objects.filter(state="pending").values_list("expires_on", flat=True)
    assert sorted(str(day) for day in days) == ["2099-03-31", "None"]
    assert KEY not in said + "".join(Entry.objects.values_list("facts", flat=True))


def test_names_may_be_those_of_variables(tmp_path: Path) -> None:
    assert "1 credential with 2 fields: books." in imported(tmp_path / "secrets.env", ENV)
    assert pending() == ["Ledger Books"]


def test_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    before = state()

    assert imported(tmp_path / "secrets.csv", GOOD, "--dry-run").startswith("Tried, nothing kept")
    assert state() == before


def test_a_wiped_file_is_gone(tmp_path: Path) -> None:
    imported(tmp_path / "secrets.csv", GOOD, "--wipe")

    assert not (tmp_path / "secrets.csv").exists()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            f"books,key,{KEY},\nbooks,key,{KEY}x,\nbooks,user,r,",
            "line 3: books.key: stands in line 2",
        ),
        (f"bokos,key,{KEY},", "line 2: there is no connection of this name"),
        (f"{KEY},books,key,", "line 2: there is no connection of this name"),
        (f"books,{KEY},key,", "line 2: books: there is no such field; the fields are user, key"),
        (f"books,key,{KEY},", "line 2: books.user: is missing"),
        ("books,user,r,\nbooks,key,,", "line 3: books.key: is empty"),
        (f"books,user,r,\nbooks,key,{KEY}\u202e,", "line 3: books.key: holds an invisible"),
        (f'books,user,r,\nbooks,key,"{KEY}\nx",', "line 3: books.key: has a line break"),
        (f"books,user,r,\nbooks,key,{KEY},2020-01-01", "line 3: books: the last day has gone by"),
        (f"books,user,r,\nbooks,key,{KEY},{KEY}", "line 3: books: the last day is not a day"),
        (f"books,user,r,2098-01-01\nbooks,key,{KEY},2099-01-01", "line 3: books: another line"),
    ],
)
def test_one_wrong_row_and_nothing_is_entered(tmp_path: Path, rows: str, says: str) -> None:
    before = state()
    text = f"{HEAD}{rows}\nerp,user,robot,\nerp,key,{KEY}-2,\n"

    with pytest.raises(CommandError) as ended:
        imported(tmp_path / "secrets.csv", text, "--wipe")

    assert says in str(ended.value)
    assert "Nothing was changed." in str(ended.value)
    assert KEY not in str(ended.value)
    assert ended.value.returncode == 3
    assert state() == before
    assert (tmp_path / "secrets.csv").read_text() == text


def test_every_wrong_row_is_named_at_once(tmp_path: Path) -> None:
    text = f"{HEAD}nobody,key,{KEY},\nbooks,key,{KEY},\nerp,user,,\n"

    with pytest.raises(CommandError) as ended:
        imported(tmp_path / "secrets.csv", text)

    lines = str(ended.value).splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == ["line 2", "line 3", "line 4", "line 4"]


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secrets.csv"
    path.write_text(GOOD)
    path.chmod(mode)

    with pytest.raises(CommandError, match="chmod 600"):
        call_command("credentials", "import", str(path))

    assert pending() == []


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_bytes(b"BOOKS__KEY=\xff" + KEY.encode())
    path.chmod(0o600)

    with pytest.raises(CommandError, match="not UTF-8") as ended:
        call_command("credentials", "import", str(path))

    assert KEY not in str(ended.value)
    assert pending() == []
