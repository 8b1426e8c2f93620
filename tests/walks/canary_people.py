"""Secrets of people and programs, put into a running box over HTTP as they come in life."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from appliance.quickstart.children import ROOT, environment
from tests.walks.live import Live

SETUP = "from appliance.accounts.setup import create_link; print(create_link())"
TOKEN = """
from appliance.accounts.models import User
from connector.api import tokens
maker = User.objects.get(email=sys.argv[1])
secret, _ = tokens.create(
    maker=maker, title="of a canary", scopes=list(tokens.SCOPES), days=1, actor="test")
print(secret.reveal())
"""


def inside(live: Live, code: str, *arguments: str) -> str:
    """What a few lines print that run as the web process does."""
    whole = f"import sys, django; django.setup()\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", whole, *arguments],
        env=environment(live.home, "web"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class Browser:
    """Pages and forms of a box, with cookies. `said` keeps every answer."""

    def __init__(self, live: Live, said: dict[str, str], who: str) -> None:
        self.url, self.said, self.who = live.state["url"], said, who
        self.cookies, self.at = CookieJar(), ""
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies)
        ).open

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        request = urllib.request.Request(
            self.url + path, data=body, headers=dict(headers or {}), method=method
        )
        try:
            with self._open(request, timeout=20) as answer:
                status, text, self.at = answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as refused:
            with refused:
                status, text, self.at = refused.code, refused.read().decode(), refused.url
        place = re.sub("[^/]{20,}", "…", self.at.removeprefix(self.url).partition("?")[0])
        self.said[f"{len(self.said)} {self.who} at {place}"] = text
        return status, text

    def send(self, path: str, given: Mapping[str, str]) -> tuple[int, str]:
        """Fill in the form of a page and send it."""
        _, page = self.ask(path)
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:600]
        body = urlencode({"csrfmiddlewaretoken": token[-1], **given}).encode()
        return self.ask(path, body, method="POST", headers={"Referer": self.url + path})

    def program(
        self, path: str, token: str, given: object = None, *, method: str = "GET"
    ) -> tuple[int, str]:
        """A call with a bearer token."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = None if given is None else json.dumps(given).encode()
        return self.ask(path, body, method=method, headers=headers)

    def secrets(self) -> dict[str, str]:
        """The cookies that sign in."""
        return {
            f"cookie {one.name}": str(one.value) for one in self.cookies if "session" in one.name
        }
