"""Sessions of people: which there are, ending them, and noting that they are in use."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from appliance.accounts.limits import client_address
from appliance.accounts.models import Session, User
from appliance.accounts.session_store import alive, hash_of
from connector.audit import log
from connector.audit.actions import Action

NOTED_EVERY = timedelta(minutes=1)
MOST_SHOWN = 50


def of(user: User) -> list[Session]:
    """The sessions of a person that are alive, the latest used first, at most MOST_SHOWN."""
    return list(alive().filter(user=user).order_by("-seen_at")[:MOST_SHOWN])


def own_hash(request: HttpRequest) -> bytes:
    """The hash of the key of this session."""
    return hash_of(request.session.session_key)


@transaction.atomic
def end(user: User, session: UUID, *, actor: str) -> int:
    """End one session of a person; 0 if it was over already."""
    ended, _ = Session.objects.filter(user=user, id=session).delete()
    _record(user, ended, "ended by hand", actor)
    return ended


@transaction.atomic
def end_all(user: User, *, reason: str, actor: str, keep: bytes = b"") -> int:
    """End all sessions of a person: called with each change of password, role or access.

    Args:
        keep: hash of the key of the one session that stays.
    """
    ended, _ = Session.objects.filter(user=user).exclude(key_hash=keep).delete()
    _record(user, ended, reason, actor)
    return ended


def note_device(request: HttpRequest) -> None:
    """Note where a new session is, for its person to recognise it."""
    Session.objects.filter(key_hash=own_hash(request)).update(
        address=client_address(request), device=request.headers.get("User-Agent", "")[:200]
    )


class InUse:
    """Middleware: a request of a person keeps a session alive; a page that asks by itself doesn't.

    Noted once in NOTED_EVERY, so that a session may end so much earlier than its idle limit.
    """

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self.get_response(request)
        seen_at = getattr(request.session, "seen_at", None)
        polls = request.method == "GET" and request.headers.get("HX-Request") == "true"
        now = timezone.now()
        if seen_at and not polls and seen_at < now - NOTED_EVERY:
            Session.objects.filter(key_hash=own_hash(request)).update(seen_at=now)
        return answer


def _record(user: User, ended: int, reason: str, actor: str) -> None:
    if ended:
        log.record(
            Action.SESSIONS_ENDED,
            actor=actor,
            subject=f"account:{user.username}",
            sessions=ended,
            reason=reason,
        )
