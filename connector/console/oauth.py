"""Connecting by granting access: to the system and back, with the session cookie left at home.

The session cookie is Strict, so the browser does not send it when the system sends the person
back. What it sends is a cookie of its own, Lax and for ten minutes. The page of the callback
goes on to a page of ours, and that is where the session is seen again and checked.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from connector.console import public
from connector.console.access import actor_of, allowed, everybody
from connector.crypto.secret import Secret
from connector.flows import connections
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection
from connector.systems.auth.oauth2_person import with_state
from connector.systems.settings import check_settings
from connector.systems.spec import System
from connector.systems.spec_auth import OAuth2Auth
from connector.vault.oauth import authorize
from connector.vault.oauth.errors import Refused
from connector.vault.oauth.models import Authorization, Grant

State = Authorization.State
MOST_CODE = 8_000
PATIENCE = timedelta(minutes=1)
_DENIED = {"access_denied": "Access was denied there.", "consent_required": "Nobody consented."}


@dataclass(frozen=True, slots=True)
class Access:
    """What the page of a connection shows: the tokens kept, and the last try to connect."""

    grant: Grant | None
    last: Authorization | None

    @property
    def trying(self) -> bool:
        """Whether the worker is at the last try."""
        return self.last is not None and self.last.state in (State.FINISHED, State.EXCHANGING)


def access(row: Connection, spec: System) -> Access | None:
    """None where nobody grants access, or there is no credential to do it with yet."""
    if not _by_person(spec) or row.credential is None:
        return None
    return Access(
        row.credential.grants.first(), Authorization.objects.filter(connection=row.pk).first()
    )


@require_POST
@allowed("credentials.change", confirm=True)
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker where to send the person: only it can open the client id."""
    row = _connection(slug)
    if row.credential is None or not _by_person(connections.system_of(row)):
        return redirect("connection", slug=slug)
    begun = authorize.begin(
        row.credential,
        connection=row.pk,
        redirect_uri=public.address(request, reverse("oauth-callback")),
        session=request.session.session_key or "",
        actor=actor_of(request),
    )
    return redirect("connect-wait", slug=slug, pk=begun.pk)


@require_GET
@allowed("credentials.change")
def wait(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """A page between: it asks again until the worker has made the address.

    The way to the system starts with a page and not with a form, since the policy of the
    console lets no form lead elsewhere.
    """
    row = _authorization(slug, pk)
    if row.state == State.ASKED and timezone.now() - row.created_at > PATIENCE:
        return _refused(request, "No worker has taken this up. Is it running?", slug=slug)
    if row.state == State.ASKED:
        return _onward(request, request.path, seconds=1, title="One moment")
    if row.state == State.READY:
        return _onward(request, reverse("connect-go", args=[slug, pk]), title="On to the system")
    return redirect("connection", slug=slug)


@require_GET
@allowed("credentials.change")
def go(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """To the system, with a state in the address and its other half in a cookie."""
    try:
        sent = authorize.send(_authorization(slug, pk))
    except Refused:
        return redirect("connection", slug=slug)
    address = with_state(sent.address.url, sent.state)
    answer = HttpResponse(status=303, headers={"Location": address})
    answer.set_cookie(
        cookie_name(),
        sent.binder,
        max_age=authorize.LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


@require_GET
@everybody("who comes from a system has no session yet; a state used once and a cookie decide")
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the system: use up the state, seal the code, and go on to a page of ours."""
    try:
        row = authorize.use_state(request.GET.get("state", ""))
        binder = request.COOKIES.get(cookie_name(), "")
        authorize.check_sender(row, binder=binder, issuer=request.GET.get("iss", ""))
        connection = Connection.objects.get(pk=row.connection)
        code = request.GET.get("code", "")
        if "error" in request.GET or not 0 < len(code) <= MOST_CODE:
            authorize.deny(row, _DENIED.get(request.GET.get("error", ""), "It gave no access."))
        authorize.returned(row, Secret(code), _came(request, row, connection))
    except Refused as refused:
        answer = _refused(request, refused.message, status=400)
    else:
        answer = _onward(
            request,
            reverse("connect-finish", args=[connection.slug, row.pk]),
            title="Access was granted",
        )
    answer.delete_cookie(cookie_name(), samesite="Lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_GET
@allowed("credentials.change")
def finish(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The session is back: only who began may finish."""
    row = _authorization(slug, pk)
    try:
        authorize.finish(row, session=request.session.session_key or "", actor=actor_of(request))
    except Refused as refused:
        return _refused(request, refused.message, slug=slug, status=403)
    return redirect("connection", slug=slug)


def cookie_name() -> str:
    """With the prefix that only a secure cookie of this very host may bear, where there is TLS."""
    return "__Host-oauth" if settings.SESSION_COOKIE_SECURE else "oauth"


def _came(request: HttpRequest, row: Authorization, connection: Connection) -> dict[str, str]:
    """What the system sent along for the settings, if it is what the description asks for."""
    try:
        spec = connections.system_of(connection)
    except BadDefinition as gone:
        authorize.deny(row, gone.summary)
    names = {one.name: one.from_callback for one in spec.settings if one.from_callback}
    came = {name: request.GET.get(sent, "") for name, sent in names.items()}
    _, problems = check_settings(spec, {**connections.settings_of(connection), **came})
    lacking = [one.name for one in spec.settings if one.required and not came.get(one.name, "-")]
    if problems or lacking:
        authorize.deny(row, f"What it sent along does not fit: {', '.join(names)}.")
    return {name: value for name, value in came.items() if value}


def _onward(request: HttpRequest, address: str, *, title: str, seconds: int = 0) -> HttpResponse:
    """A page of our own that goes on by itself, so that the next request comes from our site."""
    context = {"address": address, "title": title, "seconds": seconds}
    return render(request, "console/oauth/onward.html", context)


def _refused(request: HttpRequest, why: str, *, slug: str = "", status: int = 200) -> HttpResponse:
    context = {"why": why, "slug": slug}
    return render(request, "console/oauth/refused.html", context, status=status)


def _by_person(spec: System) -> bool:
    return isinstance(spec.auth, OAuth2Auth) and spec.auth.grant == "authorization_code"


def _connection(slug: str) -> Connection:
    rows = Connection.objects.filter(archived_at=None).select_related("credential")
    return get_object_or_404(rows, slug=slug)


def _authorization(slug: str, pk: UUID) -> Authorization:
    rows = Authorization.objects.select_related("credential")
    return get_object_or_404(rows, pk=pk, connection=_connection(slug).pk)
