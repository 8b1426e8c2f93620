"""Secrets of people and programs, put into a running box over HTTP as they come in life."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from tests.walks.live import Live

SETUP = "from appliance.accounts.setup import create_link; print(create_link())"
SEED = """
from allauth.mfa.models import Authenticator
print(Authenticator.objects.get(user__email="{}", type="recovery_codes").data["seed"])
"""


def field(page: str, name: str) -> str:
    """The value of a field that is shown to be copied."""
    found = re.findall(f'<input id="{name}" type="text" readonly value="([^"]+)"', page)
    assert len(found) == 1, page
    return str(found[0])


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
            path if path.startswith("http") else self.url + path,
            data=body,
            headers=dict(headers or {}),
            method=method,
        )
        try:
            with self._open(request, timeout=20) as answer:
                status, text, self.at = answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as refused:
            with refused:
                status, text, self.at = refused.code, refused.read().decode(), refused.url
        if self.at.startswith(self.url):
            place = re.sub("[^/]{20,}", "…", self.at.removeprefix(self.url).partition("?")[0])
            self.said[f"{len(self.said)} {self.who} at {place}"] = text
        return status, text

    def send(
        self, path: str, given: Mapping[str, str | list[str]], *, page: str = ""
    ) -> tuple[int, str]:
        """Fill in the form of a page, which may stand on another page, and send it."""
        _, page = self.ask(page or path)
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:600]
        body = urlencode({"csrfmiddlewaretoken": token[-1], **given}, doseq=True).encode()
        return self.ask(path, body, method="POST", headers={"Referer": self.url + path})

    def call(
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
