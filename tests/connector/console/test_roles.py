"""Who may use what: every address of the box, by every method, for every role and for nobody"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from connector.api import tokens
from connector.console.access import WHO, abilities
from connector.flows.models import Flow
from tests.connector.console import box
from tests.connector.console.addresses import METHODS, NOBODY, Address, addresses

pytestmark = pytest.mark.django_db
ALL = addresses()
EVERYBODY = (NOBODY, *box.ROLES)
DOORS = {
    "sign-in",
    "sign-out",
    "set-up",
    "invited",
    "account_login",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "openid_connect_login",
    "openid_connect_callback",
    "health-live",
    "health-ready",
    "security-txt",
    "robots-txt",
    "hook",
    "oauth-callback",
}
SIGN_IN, REFUSED, NO_METHOD = "sign in", "refused", "no method"
ABSENT, AWAY, OPEN = "absent", "sent away", "open"
Cell = tuple[str, str, str, str]


def test_every_address_has_a_rule() -> None:
    """Deny by default: an address that states nothing fails here."""
    assert [one.path for one in ALL if one.rule is None] == []


def test_only_these_doors_are_open_to_everybody() -> None:
    assert {one.name for one in ALL if one.rule and "" in one.rule.values()} == DOORS


def test_each_ability_has_at_least_one_role_and_only_known_ones() -> None:
    for ability, roles in WHO.items():
        assert roles, ability
        assert roles <= set(box.ROLES), ability
    assert abilities("stranger") == frozenset()


@pytest.mark.parametrize("role", EVERYBODY)
def test_pages_open_for_whom_the_table_says(role: str, flow: Flow, web: None) -> None:
    client = Client()
    if role != NOBODY:
        client.force_login(box.a_person(role))

    found = list(_walk(client, role, _of("page")))

    assert [" ".join(cell) for cell in found if not _fits(cell)] == []


@pytest.mark.parametrize("role", EVERYBODY)
def test_the_api_opens_for_tokens_of_whom_the_table_says(role: str, flow: Flow, web: None) -> None:
    client = Client()
    if role != NOBODY:
        scopes = tokens.scopes_for(role)
        maker = box.a_person(role)
        text, _ = tokens.create(maker=maker, title="All", scopes=scopes, days=1, actor=role)
        client = Client(headers={"Authorization": f"Bearer {text.reveal()}"})

    found = list(_walk(client, role, _of("api")))

    assert [" ".join(cell) for cell in found if not _fits(cell)] == []


@pytest.mark.parametrize("role", [NOBODY, "operator", "viewer"])
def test_nobody_else_sees_anything_of_the_auditors_site(role: str, flow: Flow, web: None) -> None:
    client = Client()
    if role != NOBODY:
        client.force_login(box.a_person(role))

    found = list(_walk(client, role, _of("auditors")))

    assert [" ".join(cell) for cell in found if cell[3] == OPEN] == []


@pytest.mark.parametrize("role", sorted(WHO["box.inspect"]))
def test_who_may_sees_the_auditors_site_and_writes_nothing(
    role: str, flow: Flow, web: None
) -> None:
    client = Client()
    client.force_login(box.a_person(role))
    writing = [a for a in _of("auditors") if a.name.endswith(("_add", "_change", "_delete"))]
    lists = [a for a in _of("auditors") if a.name.endswith(("index", "changelist"))]

    refused = {cell[3] for cell in _walk(client, role, writing, ("POST", "DELETE"))}
    shown = {cell[3] for cell in _walk(client, role, lists, ("GET",))}

    assert refused <= {REFUSED, AWAY, NO_METHOD}
    assert shown == {OPEN}


def test_the_internal_interface_is_closed_to_every_role(web: None) -> None:
    for role in EVERYBODY:
        client = Client()
        if role != NOBODY:
            client.force_login(box.a_person(role))

        assert {cell[3] for cell in _walk(client, role, _of("internal"))} == {SIGN_IN, NO_METHOD}


def _of(site: str) -> list[Address]:
    found = {one.path: one for one in ALL if one.site == site}
    return list(found.values())


def _walk(
    client: Client, role: str, these: Iterable[Address], methods: Iterable[str] = METHODS
) -> Iterator[Cell]:
    """What each method of each address answered; whatever it changed is taken back."""
    cookies = SimpleCookie(client.cookies)
    for address in these:
        for method in methods:
            with _taken_back():
                answer: HttpResponse = client.generic(method, address.path)  # type: ignore[assignment]
            client.cookies = SimpleCookie(cookies)
            yield role, method, address.path, _said(answer)


def _fits(cell: Cell) -> bool:
    role, method, path, said = cell
    address = next(one for one in ALL if one.path == path)
    if address.name in DOORS:
        return True  # it answers as it sees fit, and has tests of its own
    if address.may(role, method):
        return said in (OPEN, AWAY, ABSENT, NO_METHOD)
    if role == NOBODY:
        return said in (SIGN_IN, NO_METHOD)
    return said == ABSENT if address.rule == {} else said in (REFUSED, NO_METHOD)


def _said(answer: HttpResponse) -> str:
    if answer.status_code == 401 or answer.get("Location", "").startswith("/sign-in/"):
        return SIGN_IN
    if answer.status_code in (301, 302):
        return AWAY
    return {403: REFUSED, 404: ABSENT, 405: NO_METHOD}.get(answer.status_code, OPEN)


@contextmanager
def _taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
