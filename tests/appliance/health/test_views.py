"""appliance.health.views"""

import pytest
from django.db import DatabaseError, connection
from django.test import Client


def test_alive_is_said_without_a_look_at_the_database(client: Client) -> None:
    answer = client.get("/health/live")

    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready_is_said_while_the_database_answers(client: Client) -> None:
    answer = client.get("/health/ready")

    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_without_a_database_it_is_not_ready_and_tells_no_details(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseError("connection to server on socket /run/secret failed")

    monkeypatch.setattr(connection, "cursor", refuse)

    answer = client.get("/health/ready")

    assert (answer.status_code, answer.content) == (503, b"no database")


def test_it_is_only_looked_at(client: Client) -> None:
    assert client.post("/health/live").status_code == 405


def test_no_cookie_is_given(client: Client) -> None:
    assert not client.get("/health/live").cookies
