"""The console in a real browser: content policy, widths, keys, polling, without scripts."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from appliance.accounts.models import User
from connector.flows.models import Run
from tests.browser import chrome as browser
from tests.browser.album import session_of
from tests.browser.served import served
from tests.browser.world import fill, pages
from tests.connector.console import box

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        browser.program() is None and os.environ.get("CI") != "true",
        reason="NOT TESTED in a browser: no Chromium here",
    ),
]
KEYS = "document.getElementById('keys')"
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def tab() -> Iterator[browser.Tab]:
    with browser.chrome() as one:
        yield one


@pytest.fixture
def address() -> Iterator[str]:
    with served() as one:
        yield one


@pytest.fixture
def owner(tab: browser.Tab, address: str) -> User:
    """The owner of a box that has been at work, signed in."""
    person = fill()
    tab.errors.clear()
    tab.cookie(address, settings.SESSION_COOKIE_NAME, session_of(person))
    return person


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_breaks_the_content_policy_or_scrolls_sideways(
    width: int, tab: browser.Tab, address: str, owner: User
) -> None:
    for name, path in pages().items():
        tab.look(width=width, dark=width == 390)
        tab.open(address + path)

        assert tab.errors == [], name
        if not name.startswith("auditors"):
            assert not tab.say(SIDEWAYS), name


def test_a_live_run_is_polled_and_the_polling_ends_with_it(
    tab: browser.Tab, address: str, owner: User
) -> None:
    run = Run.objects.get(state=Run.State.RUNNING)
    tab.look(width=1280)
    tab.open(address + reverse("run", args=[run.pk]))
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.FINISHED, finished_at=timezone.now(), read=1_285, delivered=1_103
    )

    tab.say("new Promise(done => setTimeout(done, 3500))", wait=True)

    assert tab.say("document.querySelector('#progress .proved').textContent") == "1,285"
    assert tab.say("document.querySelector('#progress').hasAttribute('hx-get')") is False
    asked = "performance.getEntriesByType('resource').filter(x => /progress/.test(x.name)).length"
    before = tab.say(asked)
    tab.say("new Promise(done => setTimeout(done, 2500))", wait=True)
    assert tab.say(asked) == before
    assert tab.errors == []


def test_keys_lead_to_pages_and_can_be_switched_off(
    tab: browser.Tab, address: str, owner: User
) -> None:
    tab.look(width=1280)
    tab.open(f"{address}/")
    tab.press("?")
    assert tab.say(f"{KEYS}.open")

    closed = f"{KEYS}.addEventListener('close', () => done())"
    pressed = f"{KEYS}.querySelector('form button').click()"
    tab.say(f"new Promise(done => {{ {closed}; {pressed} }})", wait=True)
    tab.press("j")
    assert tab.say("document.activeElement.closest('.todo, tbody') !== null")

    tab.press("g")
    tab.press("i", moves=True)
    assert tab.say("location.pathname") == "/inbox/"

    tab.say("document.getElementById('keys-off').click()")
    tab.press("g")
    tab.press("o")
    assert tab.say("location.pathname") == "/inbox/"


def test_a_person_signs_in_and_starts_a_run_without_any_script(
    tab: browser.Tab, address: str
) -> None:
    box.a_busy_box()
    box.a_person("operator", "omar")
    tab.errors.clear()
    tab.cookie(address, settings.SESSION_COOKIE_NAME, "")
    tab.look(width=390, scripts=False)
    tab.open(f"{address}/flows/bills/")
    tab.fill({"login": "omar", "password": box.PASSWORD})
    tab.submit("/sign-in/")

    tab.submit("/flows/bills/run/")

    run = Run.objects.get(state=Run.State.QUEUED)
    assert run.actor == "omar"
    assert tab.say("document.querySelector('h1').textContent").startswith("Run of")
    assert tab.errors == []
