"""Who may ask: a process of this machine that has a token, and never through the proxy."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from appliance.internal import tokens

View = Callable[[HttpRequest], HttpResponse]

# The proxy writes these on all that it passes on; a call from inside has none.
PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded")
INSIDE = ("", "127.0.0.1", "::1")  # "" is a peer at our Unix socket


def internal(view: View) -> View:
    """Let a view be asked from inside with a token only.

    Through the proxy it is not there (404). A missing, unknown or revoked token is answered
    alike, after the same work.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _is_inside(request):
            raise Http404
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if not tokens.is_valid(text if scheme.lower() == "bearer" else ""):
            return JsonResponse(
                {"error": "a valid bearer token is needed"},
                status=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        answer = view(request)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    guarded.internal = True  # type: ignore[attr-defined]
    return require_GET(guarded)


def _is_inside(request: HttpRequest) -> bool:
    passed_on = any(name in request.headers for name in PASSED_ON)
    return not passed_on and request.META.get("REMOTE_ADDR", "") in INSIDE
