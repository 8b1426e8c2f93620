"""Who may do what in the console: one table, and one decorator that every view carries."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.module_loading import import_string

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponse]

OWNER, OPERATOR, VIEWER, AUDITOR = "owner", "operator", "viewer", "auditor"
ALL = frozenset({OWNER, OPERATOR, VIEWER, AUDITOR})
DATA = frozenset({OWNER, OPERATOR, VIEWER})
HANDS = frozenset({OWNER, OPERATOR})
SAFE = ("GET", "HEAD", "OPTIONS")

WHO: dict[str, frozenset[str]] = {
    "overview.see": ALL,
    "inbox.see": DATA,
    "inbox.answer": HANDS,
    "flows.see": ALL,
    "flows.run": HANDS,
    "flows.switch": HANDS,
    "mapping.see": DATA,
    "mapping.change": HANDS,
    "maps.see": DATA,
    "maps.change": HANDS,
    "runs.see": ALL,
    "deliveries.see": ALL,
    "payloads.see": DATA,
    "connections.see": ALL,
    "connections.test": HANDS,
    "connections.change": frozenset({OWNER}),
    "credentials.change": frozenset({OWNER}),
    "webhooks.see": ALL,
    "webhooks.change": HANDS,
    "audit.see": frozenset({OWNER, AUDITOR}),
    "box.inspect": frozenset({OWNER, AUDITOR}),  # the auditors' site
    "account.own": ALL,  # one's own password, second factor and sessions
    "tokens.own": ALL,
    "tokens.all": frozenset({OWNER}),
    "people.change": frozenset({OWNER}),
    "sign_in.rules": frozenset({OWNER}),
}


def abilities(role: str) -> frozenset[str]:
    """All that a role may do; nothing for a role that isn't in the table."""
    return frozenset(ability for ability, roles in WHO.items() if role in roles)


def role_of(request: HttpRequest) -> str:
    """The role of who asks; empty for somebody who isn't signed in."""
    return str(getattr(request.user, "role", "")) if request.user.is_authenticated else ""


def actor_of(request: HttpRequest) -> str:
    """How the audit log names who asks."""
    return request.user.get_username()


def allowed(ability: str, *, post: str = "", confirm: bool = False) -> Callable[[View[P]], View[P]]:
    """Let a view be used only by the roles that have the ability.

    Somebody who isn't signed in is sent to the sign-in page and back; a fragment that
    polls sends the whole page there. A role without the ability gets 403.

    Args:
        post: the ability that sending a form needs, if it is another one than looking.
        confirm: the view does something dangerous. Who has not proved a short while ago that
            it is still they (the function named by CONNECTOR_CONFIRMED decides) is sent to the
            page `confirm` and back.
    """
    sending = post or ability

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            asked = ability if request.method in SAFE else sending
            if role_of(request) not in WHO[asked]:
                raise PermissionDenied(asked)
            if confirm and not import_string(settings.CONNECTOR_CONFIRMED)(request):
                return _to_confirm(request)
            answer = view(request, *args, **kwargs)
            # After signing out, the back button must not show what was seen before.
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer

        guarded.ability = ability  # type: ignore[attr-defined]
        guarded.sending = sending  # type: ignore[attr-defined]
        guarded.confirm = confirm  # type: ignore[attr-defined]
        return cast("View[P]", guarded)

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    sign_in = resolve_url(settings.LOGIN_URL)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in})
    if request.method != "GET":
        return redirect(sign_in)
    return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


def _to_confirm(request: HttpRequest) -> HttpResponse:
    """To the page that asks again, and from there to the page at hand: nothing is done yet."""
    page = request.get_full_path()
    if request.method not in ("GET", "HEAD"):
        came_from = urlsplit(request.headers.get("Referer", ""))
        same_site = came_from.netloc == request.get_host()
        page = came_from.path if same_site and came_from.path else resolve_url("overview")
    address = f"{resolve_url('confirm')}?{urlencode({'next': page})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return redirect(address)


def everybody(reason: str) -> Callable[[View[P]], View[P]]:
    """Say that a view is open to people who aren't signed in, and why."""

    def decorate(view: View[P]) -> View[P]:
        view.open_because = reason  # type: ignore[attr-defined]
        return view

    return decorate
