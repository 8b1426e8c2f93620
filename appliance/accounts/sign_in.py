"""Sign in and out, audited, with a limit on guesses."""

import json
from datetime import timedelta

from django.contrib.auth import authenticate, login, logout
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import User
from connector.audit import log
from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto import mac
from connector.crypto.keyring import Domain

WINDOW = timedelta(minutes=15)
TRIES_FROM_ONE_ADDRESS = 5
TRIES_IN_ALL = 20


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: the peer, or what the proxy in front of our socket wrote last."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if peer:
        return peer[:45]
    return str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", 1)[-1].strip()[:45]


@transaction.atomic
def sign_in(request: HttpRequest, name: str, password: str) -> bool:
    """Check name and password and start a session; False says no more than that.

    Refusals are counted in the audit log itself. After TRIES_FROM_ONE_ADDRESS for a name from one
    address, or TRIES_IN_ALL for a name, within WINDOW, nothing is checked any more, and nothing is
    written, until the oldest of them is older than WINDOW. One name is tried by one request at a
    time, so that many at once are no way round. A name that isn't known costs the same time and
    stands in the log as a keyed hash: people type passwords into the wrong field.
    """
    address = client_address(request)
    subject = _subject(name)
    _one_at_a_time(subject)
    if _is_paused(subject, address):
        return False
    user = authenticate(request, username=name, password=password)
    if not isinstance(user, User):
        log.record(
            Action.SIGN_IN_REFUSED,
            actor="anonymous",
            subject=subject,
            address=address,
            reason="name or password",
        )
        return False
    login(request, user)
    log.record(Action.SIGNED_IN, actor=user.get_username(), subject=subject, address=address)
    return True


@transaction.atomic
def sign_out(request: HttpRequest, *, actor: str) -> None:
    """End the session."""
    log.record(
        Action.SIGNED_OUT, actor=actor, subject=_subject(actor), address=client_address(request)
    )
    logout(request)


def _subject(name: str) -> str:
    if User.objects.filter(username=name).exists():
        return f"account:{name}"[:150]
    return f"account:~{mac.keyed_hash(Domain.AUDIT, 'unknown name', name.encode()).hex()}"


def _one_at_a_time(subject: str) -> None:
    number = int.from_bytes(mac.sha256(subject.encode())[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _is_paused(subject: str, address: str) -> bool:
    recent = list(
        Entry.objects.filter(
            subject=subject,
            action__in=[Action.SIGN_IN_REFUSED, Action.SIGNED_IN],
            at__gt=timezone.now() - WINDOW,
        ).order_by("-number")[:TRIES_IN_ALL]
    )
    refused = []
    for entry in recent:
        if entry.action == Action.SIGNED_IN:
            break
        refused.append(entry)
    here = sum(1 for entry in refused if _address(entry) == address)
    return here >= TRIES_FROM_ONE_ADDRESS or len(refused) >= TRIES_IN_ALL


def _address(entry: Entry) -> str:
    return str(json.loads(entry.facts).get("address", ""))
