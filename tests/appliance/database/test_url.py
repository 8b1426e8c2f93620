"""appliance.database.url"""

import pytest
from django.core.exceptions import ImproperlyConfigured

from appliance.database import url


def test_a_socket_needs_no_proof() -> None:
    found = url.from_url("postgres:///box?host=/run/postgresql", password="word")

    assert (found["HOST"], found["NAME"], found["PASSWORD"]) == ("/run/postgresql", "box", "word")
    assert "sslmode" not in found["OPTIONS"]


def test_a_server_on_a_network_has_to_prove_who_it_is() -> None:
    found = url.from_url(
        "postgresql://me@db.example:6432/box?sslmode=verify-full&sslrootcert=/ca.pem", password="x"
    )

    assert (found["HOST"], found["PORT"], found["USER"]) == ("db.example", "6432", "me")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["sslrootcert"] == "/ca.pem"


@pytest.mark.parametrize(
    "query",
    ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=disable", "?sslmode=verify-full%20"],
)
def test_a_server_that_need_not_prove_itself_is_refused(query: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="sslmode=verify-full"):
        url.from_url(f"postgres://me@db.example/box{query}", password="x")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mysql://db.example/box", "must start with postgres://"),
        ("postgres:///box", "no host"),
        ("postgres:///box?host=/run&options=-csearch_path%3Dx", "unknown options: options"),
    ],
)
def test_what_is_not_understood_is_refused(given: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        url.from_url(given, password="x")


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        url.from_url("postgres://me:hunter2@db.example/box", password=None)
    assert "hunter2" not in str(refused.value)


def test_the_password_file_wins_over_the_address() -> None:
    given = "postgres://me:a%2Fb@/box?host=/run"

    assert url.from_url(given, password=None)["PASSWORD"] == "a/b"
    assert url.from_url(given, password="file")["PASSWORD"] == "file"
