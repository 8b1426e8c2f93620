"""Web without its keys: a page says so, and what to do. Nothing is read or written."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from appliance.keyrings import gate
from appliance.keyrings.gate import Trouble
from connector.crypto.errors import CryptoError

RETRY_S = 30
ALIVE = "/health/live"
PAGE = """\
This box is up, but it can't use its keys.

{what}
{expected}
Nothing was changed, and nothing is lost as long as the keys are kept somewhere. What to do:

1. Put the right web.keyring back. It is taken within a second; no restart is needed.
2. If it is lost, make it again from the recovery kit: manage.py keys recover --kit FILE
3. `manage.py keys status` says which keys there are.
"""


class KeyringGate:
    """503 for everything but the health check and static files while the keyring is not right."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == ALIVE or request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        trouble = gate.watched("no page is served")
        return _closed(trouble) if trouble else self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """One value that does not open takes down the page that is about it, and no other."""
        if not isinstance(error, CryptoError):
            return None
        return render(request, "unreadable.html", {"why": str(error)}, status=503)


def _closed(trouble: Trouble) -> HttpResponse:
    wanted = "".join(f"  {key}\n" for key in trouble.expected)
    text = PAGE.format(
        what=trouble.what, expected=f"\nThe keys that it should hold:\n{wanted}" if wanted else ""
    )
    answer = HttpResponse(
        text,
        status=503,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": str(RETRY_S), "Cache-Control": "no-store"},
    )
    answer._has_been_logged = True  # type: ignore[attr-defined]  # once, by the gate; not each time
    return answer
