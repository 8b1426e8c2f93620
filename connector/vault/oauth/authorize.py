"""One try of a person to grant access, step by step. Web does these steps; it can open no code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope, mac, vault_box
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.jobs import queue
from connector.jobs.registry import Kind
from connector.vault import trail
from connector.vault.models import Credential
from connector.vault.oauth.errors import Refused
from connector.vault.oauth.models import Authorization

State = Authorization.State
LIFE = timedelta(minutes=10)
OVER = "This request to connect is over. Begin again."
UNKNOWN = "This answer belongs to no request of this box, or to one that was answered before."


@dataclass(frozen=True, slots=True)
class Address:
    """Where the person is sent; `issuer` or one of `hosts` must send them back."""

    url: str
    issuer: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes out of the door with the person, in the address and in a cookie."""

    address: Address
    state: str
    binder: str


@transaction.atomic
def begin(
    credential: Credential, *, connection: UUID, redirect_uri: str, session: str, actor: str
) -> Authorization:
    """Ask the worker for the address to send a person to.

    Args:
        session: the key of the person's session; only it may finish what is begun here.
    """
    row = Authorization.objects.create(
        credential=credential,
        connection=connection,
        redirect_uri=redirect_uri,
        session_hash=_hash(session),
        actor=actor,
        expires_at=timezone.now() + LIFE,
    )
    queue.enqueue(Kind.OAUTH_PREPARE, args={"authorization": str(row.pk)}, priority=1)
    log.record(
        Action.OAUTH_ASKED,
        actor=actor,
        subject=trail.subject(credential.pk),
        label=credential.label,
    )
    return row


@transaction.atomic
def send(row: Authorization) -> Sent:
    """Draw the state and the binder of an authorization that is ready, once.

    Raises:
        Refused: it is not ready, or too old.
    """
    row = Authorization.objects.select_for_update().get(pk=row.pk)
    if row.state != State.READY or row.expires_at <= timezone.now():
        raise Refused(OVER)
    state, binder = mac.token(), mac.token()
    row.state, row.state_hash, row.binder_hash = State.SENT, _hash(state), _hash(binder)
    row.save(update_fields=["state", "state_hash", "binder_hash"])
    return Sent(address_of(row), state, binder)


@transaction.atomic
def use_state(state: str) -> Authorization:
    """Use up a state: of two who come with the same, one gets the authorization.

    Raises:
        Refused: no such state, or used before. Nothing is said of which.
    """
    rows = Authorization.objects.filter(state_hash=_hash(state), used_at=None, state=State.SENT)
    row = rows.select_for_update().select_related("credential").first() if state else None
    if row is None or not rows.update(used_at=timezone.now()):
        raise Refused(UNKNOWN)
    return row


def check_sender(row: Authorization, *, binder: str, issuer: str) -> None:
    """Whether it is the browser that was sent, sent back by whom it was sent to, and in time.

    Raises:
        Refused: it is not; the authorization has failed, and that is recorded.
    """
    if row.expires_at <= timezone.now():
        _refuse(row, "The system answered after more than ten minutes. Begin again.")
    if not binder or not mac.equal(_hash(binder), bytes(row.binder_hash)):
        _refuse(row, "The answer came to another browser than the one that asked. Begin again.")
    if not _is_sender(address_of(row), issuer):
        _refuse(row, "The answer names another sender than the system that was asked.")


def deny(row: Authorization, reason: str) -> NoReturn:
    """The system, or the person there, said no. Raises Refused, always."""
    _refuse(row, reason)


@transaction.atomic
def returned(row: Authorization, code: Secret, settings: Mapping[str, str]) -> None:
    """Seal the code to the worker, and keep what else came for the settings of the connection."""
    row.code_sealed = vault_box.seal({"code": code}, binding=row.binding("code"))
    row.settings_sealed = envelope.seal_json(
        Domain.CONFIG, dict(settings), place=row.place("settings")
    )
    row.state = State.RETURNED
    row.save(update_fields=["code_sealed", "settings_sealed", "state"])


def finish(row: Authorization, *, session: str, actor: str) -> None:
    """The person who began is here again: let the worker exchange the code.

    Raises:
        Refused: somebody else is here, or there is nothing to finish. Nothing is exchanged.
    """
    if row.state in (State.FINISHED, State.EXCHANGING, State.DONE):
        return  # the page was loaded twice
    if row.state != State.RETURNED or row.expires_at <= timezone.now():
        raise Refused(OVER)
    if row.actor != actor or not mac.equal(_hash(session), bytes(row.session_hash)):
        _refuse(row, "Somebody else, or another session, began to connect. Begin again.", actor)
    with transaction.atomic():
        if Authorization.objects.filter(pk=row.pk, state=State.RETURNED).update(
            state=State.FINISHED
        ):
            queue.enqueue(Kind.OAUTH_EXCHANGE, args={"authorization": str(row.pk)}, priority=1)


def address_of(row: Authorization) -> Address:
    """Where the person is sent, as the worker made it."""
    said = envelope.open_json(Domain.CONFIG, bytes(row.address_sealed), place=row.place("address"))
    return Address(said["url"], said["issuer"], tuple(said["hosts"]))


@transaction.atomic
def fail(row: Authorization, reason: str, *, actor: str) -> None:
    """Write down that it came to nothing, and take away what was sealed for it."""
    Authorization.objects.filter(pk=row.pk).exclude(state=State.DONE).update(
        state=State.FAILED, problem=reason[:300], code_sealed=b"", verifier_sealed=b""
    )
    log.record(
        Action.OAUTH_REFUSED,
        actor=actor,
        subject=trail.subject(row.credential_id),
        label=row.credential.label,
        reason=reason[:200],
    )


def _refuse(row: Authorization, reason: str, actor: str = "") -> NoReturn:
    fail(row, reason, actor=actor or row.actor)
    raise Refused(reason)


def _is_sender(address: Address, issuer: str) -> bool:
    """Source: RFC 9207 2.4. Where no issuer is known, its host must be one that was sent to."""
    if address.issuer:
        return mac.equal(issuer.encode(), address.issuer.encode())
    scheme, found, rest = issuer.partition("://")
    return not issuer or (
        scheme in ("https", "http") and bool(found) and rest.partition("/")[0] in address.hosts
    )


def _hash(text: str) -> bytes:
    return mac.sha256(text.encode())
