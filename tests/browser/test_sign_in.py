"""Second factors in a real browser: a passkey, and the pages of signing in by keyboard"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings

from connector.audit.models import Entry
from tests.browser import chrome as browser
from tests.browser.album import session_of
from tests.browser.served import served
from tests.connector.console import box

AT = "`${document.readyState} ${location.pathname}`"
ADD = "/account/passkeys/add/"
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(browser.program() is None, reason="Chromium is not installed"),
]


@pytest.fixture
def tab() -> Iterator[browser.Tab]:
    with browser.chrome() as tab:
        tab.look(width=1280)
        tab.call("WebAuthn.enable")
        tab.call(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            },
        )
        yield tab


def until(tab: browser.Tab, expression: str, wanted: Any) -> None:
    deadline = time.monotonic() + 10
    while tab.say(expression) != wanted:
        assert time.monotonic() < deadline, (
            tab.say(expression),
            tab.say("document.body.innerText"),
        )
        time.sleep(0.05)


def press_passkey(tab: browser.Tab) -> None:
    tab.say("document.querySelector('[data-passkey] button').click()")


def test_a_passkey_is_made_signs_in_alone_and_confirms(tab: browser.Tab) -> None:
    mara = box.a_person("owner", "mara")
    with served() as address:
        address = address.replace("127.0.0.1", "localhost")  # a passkey needs a name
        tab.cookie(address, settings.SESSION_COOKIE_NAME, session_of(mara))
        tab.open(f"{address}{ADD}")
        until(tab, AT, f"complete {ADD}")
        press_passkey(tab)
        until(tab, "location.pathname", "/account/codes/")
        assert Authenticator.objects.filter(user=mara, type="webauthn").count() == 1

        tab.cookie(address, settings.SESSION_COOKIE_NAME, "")
        tab.open(f"{address}/sign-in/")
        until(tab, AT, "complete /sign-in/")
        press_passkey(tab)
        until(tab, "location.pathname", "/")
        entry = Entry.objects.filter(action="account.signed_in").latest("number")
        assert (entry.actor, '"second factor"' in entry.facts) == ("mara", True)

        tab.open(f"{address}/confirm/passkey/?next=/runs/")
        until(tab, AT, "complete /confirm/passkey/")
        press_passkey(tab)
        until(tab, "location.pathname", "/runs/")
        assert Entry.objects.filter(action="account.confirmed", actor="mara").exists()
    assert tab.errors == []


def test_signing_in_and_the_account_work_by_keyboard_and_without_any_script(
    tab: browser.Tab,
) -> None:
    box.a_person("owner", "mara")
    with served() as address:
        tab.look(width=390, scripts=False)
        tab.open(f"{address}/sign-in/?next=/account/")
        tab.fill({"login": "mara", "password": "wrong"})
        tab.submit("/sign-in/")
        tab.errors.clear()  # of the refusal
        tab.fill({"password": box.PASSWORD})
        tab.submit("/sign-in/")
        tab.fill({"full_name": " Lindt"})
        tab.submit("/account/name/")
        tab.submit("/account/sessions/end/")
    assert tab.errors == []
    assert Entry.objects.filter(action="account.renamed", actor="mara").count() == 1
