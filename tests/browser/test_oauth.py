"""Connecting by granting access in a real browser, where the cookies decide

The system is on another site than the box (localhost is not 127.0.0.1), so the browser keeps
the Strict session cookie back when the system sends the person to the callback.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as box_settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from connector.console import oauth as console
from connector.flows import oauth as worker
from connector.jobs.running import RunningJob
from connector.vault.oauth.models import Authorization, Grant
from tests.browser import chrome as browser
from tests.browser.album import session_of
from tests.browser.served import served
from tests.connector.console import box
from tests.connector.flows.granted import a_connection
from tests.fakes.oauth_server import running

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        browser.program() is None and os.environ.get("CI") != "true",
        reason="NOT TESTED in a browser: no Chromium here",
    ),
]


def confirmed(request: object) -> bool:
    return True


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def sign_in(tab: browser.Tab, address: str, session: str) -> None:
    """As the box sets it: the cookie does not come along from another site."""
    name = box_settings.SESSION_COOKIE_NAME
    tab.call("Network.setCookie", url=address, name=name, value=session, sameSite="Strict")


def to_the_system(tab: browser.Tab, address: str, system: str) -> dict[str, str]:
    """Press "Connect", let the worker make the address, arrive there."""
    tab.open(address + reverse("connection", args=["granted"]))
    tab.submit(reverse("connection-connect", args=["granted"]))
    args = {"authorization": str(Authorization.objects.all()[0].pk)}
    worker.prepare(args, RunningJob(0))
    until(lambda: str(tab.say("location.href")).startswith(f"{system}/authorize"))
    until(lambda: bool(tab.say("document.readyState === 'complete'")))
    return args


def text(tab: browser.Tab) -> str:
    return str(tab.say("document.body ? document.body.innerText : ''"))


def test_the_cookies_of_the_browser_decide(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CONNECTOR_CONFIRMED = "tests.browser.test_oauth.confirmed"
    callbacks: list[set[str]] = []
    onward = console._onward

    def seen(request: HttpRequest, address: str, **more: Any) -> HttpResponse:
        if request.path == reverse("oauth-callback"):
            callbacks.append(set(request.COOKIES))
        return onward(request, address, **more)

    monkeypatch.setattr(console, "_onward", seen)
    with browser.chrome() as tab, served() as address, running() as (server, fake):
        settings.PUBLIC_URL = address
        system = f"http://localhost:{fake.port}"
        a_connection(system)
        mine, eves = session_of(box.a_person("owner")), session_of(box.a_person("owner", "eve"))
        tab.look(width=1280)

        # without the cookie of the browser that asked
        sign_in(tab, address, mine)
        to_the_system(tab, address, system)
        tab.call("Network.deleteCookies", name=console.cookie_name(), url=address)
        tab.submit("/allow")
        until(lambda: "another browser" in text(tab))
        assert callbacks == []

        # in the session of somebody else
        to_the_system(tab, address, system)
        sign_in(tab, address, eves)
        tab.submit("/allow")
        until(lambda: "Somebody else" in text(tab))
        assert Grant.objects.count() == server.counts.token_calls == 0

        # as it should be
        sign_in(tab, address, mine)
        args = to_the_system(tab, address, system)
        tab.submit("/allow")
        page = address + reverse("connection", args=["granted"])
        until(lambda: tab.say("location.href") == page)
        worker.exchange(args, RunningJob(0))
        assert (Grant.objects.get().state, server.counts.exchanged) == ("ok", 1)

    cookie = box_settings.SESSION_COOKIE_NAME
    assert [cookie in one for one in callbacks] == [False, False]
    assert all(console.cookie_name() in one for one in callbacks)
