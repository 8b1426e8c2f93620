"""Who may use what: every address of the box, by every method, for every role and for nobody"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from connector.api import tokens
from connector.console.access import SAFE, WHO, abilities
from connector.flows.models import Flow
from tests.connector.console import box
from tests.connector.console.addresses import METHODS, NOBODY, Address, addresses

pytestmark = pytest.mark.django_db
ALL = addresses()
BY_PATH = {one.path: one for one in ALL}  # several names may stand on one path
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
DANGEROUS = {
    *("connection-add", "connection-rotate", "connection-change", "credential-delete"),
    *("webhook-rotate", "token-new", "account-password", "sign-in-rules"),
    *("invite", "person-role", "person-switch", "person-second-factor", "person-sessions"),
}
SIGN_IN, REFUSED, NO_METHOD = "sign in", "refused", "no method"
ABSENT, AWAY, OPEN = "absent", "sent away", "open"
Cell = tuple[str, str, str, str]


def test_every_address_has_a_rule() -> None:
    """Deny by default: an address that states nothing fails here."""
    assert [one.path for one in ALL if one.rule is None] == []


def test_only_these_doors_are_open_to_everybody() -> None:
    assert {one.name for one in ALL if one.rule and "" in one.rule.values()} == DOORS


def test_what_is_dangerous_asks_first_whether_it_is_still_they(flow: Flow, web: None) -> None:
    assert {one.name for one in ALL if one.confirm} >= DANGEROUS
    client = _signed_in("owner")
    before = box.state()

    for address in (one for one in ALL if one.confirm):
        for method in ("get", "post"):
            answer = getattr(client, method)(address.path)
            asked = answer.get("Location", "").startswith("/confirm/")
            assert asked or answer.status_code == 405, (method, address.path)

    assert box.state() == before


def test_each_ability_has_at_least_one_role_and_only_known_ones() -> None:
    for ability, roles in WHO.items():
        assert roles, ability
        assert roles <= set(box.ROLES), ability
    assert abilities("stranger") == frozenset()


def test_pages_open_for_whom_the_table_says(
    flow: Flow, web: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody is told that there is no such method, no role is tried: that is said first."""
    # What the pages show has tests of its own; here it would be most of the time.
    monkeypatch.setattr("django.template.base.Template.render", lambda *_: "")
    found = list(_walk(Client(), NOBODY, _of("page")))
    left = [(method, path) for _, method, path, said in found if said != NO_METHOD]

    for role in box.ROLES:
        client = _signed_in(role)
        for method, path in left:
            found += _walk(client, role, [BY_PATH[path]], (method,))

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


def test_nobody_else_sees_anything_of_the_auditors_site(flow: Flow, web: None) -> None:
    found = list(_walk(Client(), NOBODY, _of("auditors")))
    for role in ("operator", "viewer"):
        found += _walk(_signed_in(role), role, _of("auditors"), ("GET", "POST"))

    assert [" ".join(cell) for cell in found if cell[3] == OPEN] == []


@pytest.mark.parametrize("role", sorted(WHO["box.inspect"]))
def test_who_may_sees_the_auditors_site_and_writes_nothing(
    role: str, flow: Flow, web: None
) -> None:
    client = _signed_in(role)
    writing = [a for a in _of("auditors") if a.name.endswith(("_add", "_change", "_delete"))]
    lists = [a for a in _of("auditors") if a.name.endswith(("index", "changelist"))]

    refused = {cell[3] for cell in _walk(client, role, writing, ("POST", "DELETE"))}
    shown = {cell[3] for cell in _walk(client, role, lists, ("GET",))}

    assert refused <= {REFUSED, AWAY, NO_METHOD}
    assert shown == {OPEN}


def test_the_internal_interface_is_closed_to_every_role(web: None) -> None:
    for role in EVERYBODY:
        client = Client() if role == NOBODY else _signed_in(role)

        assert {cell[3] for cell in _walk(client, role, _of("internal"))} == {SIGN_IN, NO_METHOD}


def _signed_in(role: str) -> Client:
    """Somebody of a role, who proved long ago who they are."""
    client = Client()
    client.force_login(box.a_person(role))
    return client


def _of(site: str) -> list[Address]:
    return [one for one in ALL if one.site == site and one is BY_PATH[one.path]]


def _walk(
    client: Client, role: str, these: Iterable[Address], methods: Iterable[str] = METHODS
) -> Iterator[Cell]:
    """What each method of each address answered; whatever it changed is taken back."""
    cookies = SimpleCookie(client.cookies)
    for address in these:
        for method in methods:
            changes = method not in SAFE and address.may(role, method)
            with _taken_back() if changes else nullcontext():
                answer: HttpResponse = client.generic(method, address.path)  # type: ignore[assignment]
            client.cookies = SimpleCookie(cookies)
            yield role, method, address.path, _said(answer)


def _fits(cell: Cell) -> bool:
    role, method, path, said = cell
    address = BY_PATH[path]
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
