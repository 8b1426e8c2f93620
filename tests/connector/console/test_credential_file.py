"""Credentials from a file, in the console"""

import io

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from connector.audit.models import Entry
from connector.console import credential_file
from connector.vault.models import CredentialVersion
from tests.connector.console.box import actions, state

pytestmark = pytest.mark.django_db
KEY = "sk-live-from-a-file"
GOOD = f"connection,field,value\nbooks,user,robot\nbooks,key,{KEY}\n"
ADDRESS = reverse("connection-import")


def sent(
    owner: Client, text: str | bytes, name: str = "secrets.csv", **more: str
) -> tuple[int, str]:
    content = text.encode() if isinstance(text, str) else text
    answer = owner.post(ADDRESS, {"file": SimpleUploadedFile(name, content), **more}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_file_is_entered_and_nothing_of_it_comes_back(owner: Client) -> None:
    status, page = sent(owner, GOOD)

    assert status == 200
    assert "1 credential entered" in page
    assert CredentialVersion.objects.filter(state="pending").count() == 1
    assert actions()[-1] == "credentials.imported"
    assert KEY not in page + "".join(Entry.objects.values_list("facts", flat=True))


def test_variables_are_taken_too(owner: Client) -> None:
    assert "1 credential entered" in sent(owner, f"BOOKS__USER=r\nBOOKS__KEY={KEY}", "box.env")[1]


def test_a_try_keeps_nothing(owner: Client) -> None:
    before = state()

    assert "would be entered" in sent(owner, GOOD, dry_run="on")[1]
    assert state() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{GOOD}nobody,key,{KEY}\n", "no connection of this name"),
        (f"{GOOD}books,key,{KEY}\n", "stands in line 3 already"),
        (f"{GOOD}books,{KEY},x\n", "no such field"),
        (GOOD.encode() + b"\xff", "not UTF-8"),
        ("", "empty"),
        ("x" * 5_000_001, "at most 5 MB"),
    ],
)
def test_a_wrong_file_enters_nothing_and_is_not_repeated(
    owner: Client, text: str | bytes, says: str
) -> None:
    before = state()

    status, page = sent(owner, text)

    assert (status, says in page, KEY in page) == (422, True, False)
    assert state() == before


def test_what_was_uploaded_is_overwritten_in_memory(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    real = credential_file._rows

    def kept(given: InMemoryUploadedFile) -> object:
        rows = real(given)
        assert isinstance(given.file, io.BytesIO)
        seen.append(given.file.getvalue())
        return rows

    monkeypatch.setattr(credential_file, "_rows", kept)
    sent(owner, GOOD)

    assert seen == [bytes(len(GOOD))]


def test_an_upload_larger_than_the_memory_for_it_is_dropped_and_not_written_to_a_disk(
    owner: Client,
) -> None:
    status, page = sent(owner, "x" * 10_600_000)

    assert (status, "at most 5 MB" in page) == (422, True)
