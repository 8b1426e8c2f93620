"""connector.api.credentials: entered, rotated, replaced, deleted; never read"""

import json

import pytest
from django.http import HttpResponse

from connector.audit.models import Entry
from connector.flows.models import Connection, Flow
from connector.vault.models import CredentialVersion
from tests.connector.api.conftest import MakeProgram, Program
from tests.connector.console import box

pytestmark = pytest.mark.django_db
ADDRESS = "connections/books/credential/"
NEW = "sk-live-brand-new-0815"


@pytest.fixture
def owner(flow: Flow, program: MakeProgram, web: None) -> Program:
    return program("owner")


def fields(key: str = NEW) -> dict[str, object]:
    return {"fields": {"user": "robot-two", "key": key}}


def states() -> list[str]:
    row = Connection.objects.get(slug="books")
    return list(
        CredentialVersion.objects.filter(credential=row.credential)
        .order_by("number")
        .values_list("state", flat=True)
    )


def test_a_rotation_waits_for_its_test_and_nothing_comes_back(owner: Program) -> None:
    answer = owner.send("post", f"{ADDRESS}rotate/", {**fields(), "expires_on": "2027-01-31"})

    assert answer.status_code == 202, answer.content
    assert states() == ["current", "pending"]
    newest = answer.json()["versions"][0]  # type: ignore[attr-defined]
    assert newest["expires_on"] == "2027-01-31"
    assert newest["created_by"].endswith(" of owner")
    assert_silent(answer)
    assert Entry.objects.filter(action="credential.entered").count() == 1


def test_another_host_takes_the_credential_only_anew_and_shreds_the_old_one(
    owner: Program,
) -> None:
    answer = owner.send("put", ADDRESS, {**fields(), "settings": {"host": "eu.example.com"}})

    assert answer.status_code == 200, answer.content
    assert states() == ["shredded", "current"]
    assert answer.json()["hosts"] == ["eu.example.com"]  # type: ignore[attr-defined]
    assert_silent(answer)


def test_a_deleted_one_can_be_entered_again_and_is_a_first_one(owner: Program) -> None:
    assert owner.send("post", ADDRESS, fields()).status_code == 409
    assert owner.send("delete", ADDRESS).status_code == 204
    assert owner.get(ADDRESS).status_code == 404
    assert owner.send("delete", ADDRESS).status_code == 404
    assert owner.send("post", f"{ADDRESS}rotate/", fields()).status_code == 404

    answer = owner.send("post", ADDRESS, fields())

    assert answer.status_code == 201
    assert states() == ["current"]
    assert_silent(answer)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"fields": "text"}, 400),
        ({"fields": {"user": "robot", "key": {"a": NEW}}}, 400),
        ({"fields": {}}, 422),
        ({"fields": {"user": "robot"}}, 422),
        ({"fields": {"user": "robot", "key": NEW, "more": NEW}}, 422),
        ({"fields": {"user": "robot", "key": ""}}, 422),
        ({"fields": {"user": "robot", "key": f"{NEW}\u200b"}}, 422),
        ({"fields": {"user": "robot", "key": f"{NEW}\x00"}}, 400),
        ({"fields": {"user": "robot", "key": NEW * 2_000}}, 422),
        ({"fields": {"user": "robot", "key": NEW}, "expires_on": NEW}, 400),
        ({"fields": {"user": "robot", "key": NEW}, "hosts": ["evil.example.com"]}, 400),
    ],
)
def test_what_can_t_be_a_credential_changes_nothing_and_is_not_repeated(
    body: object, status: int, owner: Program
) -> None:
    before = box.state()

    answer = owner.send("post", f"{ADDRESS}rotate/", body)

    assert answer.status_code == status, answer.content
    assert box.state() == before
    assert_silent(answer)


@pytest.mark.parametrize("role", ["operator", "viewer", "auditor"])
def test_only_an_owner_s_token_writes_credentials(
    role: str, flow: Flow, program: MakeProgram
) -> None:
    asks = program(role)
    before = box.state()

    for method, address in (
        ("post", ADDRESS),
        ("put", ADDRESS),
        ("delete", ADDRESS),
        ("post", f"{ADDRESS}rotate/"),
    ):
        assert asks.send(method, address, fields()).status_code == 403

    assert box.state() == before
    assert_silent(asks.get(ADDRESS))


def assert_silent(answer: HttpResponse) -> None:
    """No field, no part of one, no length, and no stars that look like one."""
    said = answer.content.decode()
    for hidden in (NEW, NEW[:8], NEW[-6:], box.SECRET, box.SECRET[:8], "robot", "***", "•", "…"):
        assert hidden not in said
    if answer.status_code in (200, 201, 202):
        names = set(json.loads(said)) | set(json.loads(said)["versions"][0])
        assert not {name for name in names if "length" in name or "sealed" in name}
