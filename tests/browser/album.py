"""Pictures of every page of a box that has been at work, at two widths and in both themes."""

import time
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test.utils import setup_test_environment, teardown_test_environment

from appliance.accounts.models import User
from appliance.accounts.session_store import SessionStore
from tests.browser.chrome import chrome
from tests.browser.served import served
from tests.browser.world import fill, pages
from tests.connector.console.box import just_proved

LOOKS = ((1280, False), (1280, True), (390, False), (390, True))


def take(folder: Path, wanted: list[str]) -> None:
    """Fill a test database, take the pictures, and leave nothing else behind.

    Prints what scrolls sideways and what the browser's console says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    setup_test_environment()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        owner = fill()
        session = session_of(owner)
        with served() as address, chrome() as tab:
            for page, path in {"sign-in": "/sign-in/", **pages()}.items():
                if wanted and page not in wanted:
                    continue
                tab.cookie(
                    address, settings.SESSION_COOKIE_NAME, "" if page == "sign-in" else session
                )
                for width, dark in LOOKS:
                    tab.look(width=width, dark=dark)
                    tab.open(address + path)
                    theme = "dark" if dark else "light"
                    tab.shot(folder / f"{page}-{width}-{theme}.png", whole=True)
                    if tab.say("document.documentElement.scrollWidth > innerWidth"):
                        print(f"{page} at {width}: scrolls sideways")
            for error in dict.fromkeys(tab.errors):
                print("console:", error)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


def session_of(person: User) -> str:
    """The key of a new session of this person, who has just signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session["account_authentication_methods_user"] = str(person.pk)
    session["account_authentication_methods"] = [
        {"method": "sign-in", "at": time.time(), "reauthenticated": True}
    ]
    just_proved(person, session)
    return str(session.session_key)
