"""The headers of every answer: of each address, and of each kind of error"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.headers import ALWAYS
from tests.connector.console import box
from tests.connector.console.addresses import addresses

pytestmark = pytest.mark.django_db
EVERYWHERE = {
    **ALWAYS,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PATHS = sorted({one.path for one in addresses()})
INLINE = re.compile(
    r"<script(?![^>]*(?:\ssrc=|type=\"application/json\"))|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:"
)


@pytest.fixture(scope="module")
def busy(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A busy box, once for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        box.a_busy_box()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def owner(busy: None) -> Client:
    """The owner of a busy box, who has just proved who it is."""
    client = Client(raise_request_exception=False)
    person = User.objects.filter(username="owner").first() or box.a_person("owner")
    client.force_login(person)
    box.just_proved(person, client.session)
    return client


def problems(answer: HttpResponseBase) -> Iterator[str]:
    """What is wrong with the headers of an answer."""
    for name, value in EVERYWHERE.items():
        if answer.get(name) != value:
            yield f"{name}: {answer.get(name)}"
    policy = policy_of(answer)
    if policy.get("default-src") != "'none'" or policy.get("frame-ancestors") != "'none'":
        yield "no policy"
    if "unsafe" in str(policy) or "*" in str(policy) or "http" in str(policy):
        yield f"a loose policy: {policy}"
    if "no-store" not in answer.get("Cache-Control", ""):
        yield f"Cache-Control: {answer.get('Cache-Control')}"
    if answer.get("Access-Control-Allow-Origin") or answer.get("Server"):
        yield "says more than it should"


def policy_of(answer: HttpResponseBase) -> Mapping[str, str]:
    parts = answer.get("Content-Security-Policy", "").split(";")
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in parts)}


@pytest.mark.parametrize("who", ["nobody", "owner"])
def test_every_address_answers_with_all_headers(who: str, owner: Client) -> None:
    client = owner if who == "owner" else Client(raise_request_exception=False)
    cookies = client.cookies.copy()
    found = []
    for path in PATHS:
        for method in ("GET", "POST"):
            answer = client.generic(method, path)
            found += [f"{method} {path} {answer.status_code} {one}" for one in problems(answer)]
            assert answer.status_code != 500, (method, path)
            if answer.get("Content-Type", "").startswith("text/html"):
                found += [f"{path} {one}" for one in INLINE.findall(answer.content.decode())]
            client.cookies.clear()
            client.cookies.update(cookies)

    assert found == []


def test_each_kind_of_error_answers_with_all_headers(owner: Client) -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    viewer = Client()
    viewer.force_login(box.a_person("viewer"))
    large: dict[str, Any] = {
        "CONTENT_LENGTH": "99999999",
        "content_type": "multipart/form-data; boundary=x",
    }
    hook = reverse("hook", args=["x" * 22])
    answers = {
        400: owner.get("/", headers={"Host": "evil.example.com"}),
        401: owner.post(hook, data=b"{}", content_type="application/json"),
        403: strict.post(reverse("sign-in"), {"login": "owner"}),
        404: owner.get("/no/such/page/"),
        405: owner.get(reverse("flow-run", args=["bills"])),
        413: owner.post(reverse("theme"), **large),
    }
    with mock.patch("connector.console.audit.render", side_effect=RuntimeError("secret")):
        answers[500] = owner.get(reverse("audit"))
    with mock.patch("appliance.keyrings.gate.watched", return_value=mock.Mock(expected=())):
        answers[503] = owner.get("/")

    assert {status: answer.status_code for status, answer in answers.items()} == {
        status: status for status in answers
    }
    assert viewer.post(reverse("flow-run", args=["bills"])).status_code == 403
    assert {status: list(problems(answer)) for status, answer in answers.items()} == {
        status: [] for status in answers
    }
    assert b"secret" not in answers[500].content


@pytest.mark.parametrize(
    "host",
    (
        *("evil.example.com", "testserver.evil.com", "testserver@evil.com", "testserver:80:80"),
        *("", "a b", "testserver/evil", "localhost\r\nX: 1", "127.0.0.1.nip.io", "[::1]evil"),
    ),
)
def test_no_address_answers_to_another_host(host: str, owner: Client) -> None:
    for path in ("/", "/health/live", "/sign-in/", "/robots.txt", reverse("hook", args=["x" * 22])):
        for name in ("Host", "X-Forwarded-Host"):
            answer = owner.get(path, headers={name: host})
            if name == "Host":
                assert answer.status_code == 400, (path, host)
            assert "evil" not in str(answer.headers)
            assert b"evil" not in answer.content


def test_a_longer_body_than_a_page_takes_is_not_read(owner: Client) -> None:
    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("it was read")

        readline = read

    unread: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": "11000001"}
    for path in PATHS:
        if path.startswith("/hooks/"):
            continue
        answer = owner.generic(
            "POST",
            path,
            content_type="application/x-www-form-urlencoded",
            **unread,
        )
        assert answer.status_code in (413, 404, 401, 405), (path, answer.status_code)
    assert owner.post("/theme/", CONTENT_LENGTH="-1").status_code == 413
    assert owner.post("/theme/", CONTENT_LENGTH="1e3").status_code == 413


def test_whom_to_tell_of_a_weakness(client: Client, settings: Settings) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404

    settings.CONNECTOR_SECURITY_CONTACT = "mailto:security@example.com"
    settings.PUBLIC_URL = "https://box.example.com"
    answer = client.get("/.well-known/security.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://box.example.com/.well-known/security.txt"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT00:00:00Z", fields["Expires"])


@pytest.mark.parametrize("contact", ["security@example.com", "http://a", "mailto:a\nExpires: x"])
def test_a_contact_that_nobody_could_use_is_said_at_the_start(
    contact: str, settings: Settings
) -> None:
    from appliance.well_known import check_contact

    settings.CONNECTOR_SECURITY_CONTACT = contact

    assert [one.id for one in check_contact()] == ["appliance.E001"]


def test_robots_read_nothing(client: Client) -> None:
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


def test_a_delivery_neither_gets_nor_makes_a_session(owner: Client) -> None:
    with mock.patch("django.contrib.sessions.backends.base.SessionBase._get_session") as touched:
        answer = owner.post(
            reverse("hook", args=["x" * 22]), data=b"{}", content_type="application/json"
        )

    assert answer.status_code == 401
    assert not touched.called
    assert not answer.cookies
