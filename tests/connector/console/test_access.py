"""Who may use what: every address of the box, for every role and for nobody."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from connector.console.access import WHO, abilities
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

# Views that aren't pages of the console, and why they carry no ability.
OPEN = {"hook": "a delivery is proved by its signature"}
ELSEWHERE = {"auditors": "the site of the auditors checks its role itself, see test_pages there"}
GIVEN = {"pk": None, "slug": "bills", "flow": "bills", "cause": "0" * 32, "system": "ledger_books"}


def patterns(
    resolver: URLResolver | None = None, namespace: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, entry.namespace or namespace)
        else:
            yield namespace, entry


PAGES = [
    pattern
    for namespace, pattern in patterns()
    if namespace not in ELSEWHERE and hasattr(pattern.callback, "ability")
]


def test_every_view_states_who_may_use_it() -> None:
    silent = [
        pattern.name
        for namespace, pattern in patterns()
        if namespace not in ELSEWHERE
        and pattern.name not in OPEN
        and not hasattr(pattern.callback, "ability")
        and not getattr(pattern.callback, "open_because", "")
    ]

    assert silent == []


def test_only_people_s_doors_are_open_to_everybody() -> None:
    opened = {
        pattern.name for _, pattern in patterns() if getattr(pattern.callback, "open_because", "")
    }

    signing_in = {"account_login", "mfa_authenticate", "mfa_login_webauthn", "sign-out"}
    assert opened == {"sign-in", "set-up", "health-live", "health-ready"} | signing_in


def test_each_ability_has_at_least_one_role_and_only_known_ones() -> None:
    for ability, roles in WHO.items():
        assert roles, ability
        assert roles <= set(box.ROLES), ability
    assert abilities("stranger") == frozenset()


def address_of(pattern: URLPattern) -> str:
    given: dict[str, object] = {}
    for name, converter in pattern.pattern.converters.items():
        if name == "pk":
            given[name] = uuid4() if type(converter).__name__ == "UUIDConverter" else 1
        else:
            given[name] = GIVEN[name]
    return reverse(str(pattern.name), kwargs=given)


@pytest.mark.parametrize("pattern", PAGES, ids=lambda pattern: str(pattern.name))
def test_nobody_gets_in_without_signing_in(pattern: URLPattern, db: None) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(address_of(pattern))

        assert answer.status_code in (302, 405), pattern.name
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("pattern", PAGES, ids=lambda pattern: str(pattern.name))
def test_a_role_without_the_ability_is_refused(
    pattern: URLPattern, signed_in: SignIn, web: None
) -> None:
    allowed = WHO[pattern.callback.ability]  # type: ignore[attr-defined]
    for role in set(box.ROLES) - allowed:
        for method in ("get", "post"):
            answer = getattr(signed_in(role), method)(address_of(pattern))

            assert answer.status_code in (403, 405), (pattern.name, role)


def test_a_fragment_sends_somebody_whose_session_is_over_to_the_sign_in_page(db: None) -> None:
    answer = Client().get(reverse("run-progress", args=[uuid4()]), headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/"
