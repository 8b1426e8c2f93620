"""Everything that changes an endpoint. Only the receiver opens its secret."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope, mac
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows.models import Connection
from connector.systems import registry
from connector.systems.errors import UnknownSystem
from connector.systems.spec import Webhooks
from connector.webhooks import handshakes, schemes
from connector.webhooks.errors import BadEndpoint, EndpointGone
from connector.webhooks.models import Endpoint

OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=90)
SHORTEST_SECRET, LONGEST_SECRET = 8, 1_000
UNSIGNED = "path_secret"


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    connection: Connection,
    actor: str,
    events: Sequence[str] = (),
    secret: Secret | None = None,
    secret_references: Mapping[str, Any] | None = None,
) -> Endpoint:
    """Make an address for a connection's events. Without a secret it refuses every delivery.

    Args:
        events: types that count, which may end in "*"; all of the system's, if empty.
        secret: what the system signs with.

    Raises:
        BadEndpoint: the system sends no webhooks, the slug was used before, or the secret is
            not of the scheme's form.
    """
    spec = webhooks_of(connection)
    if Endpoint.objects.filter(slug=slug).exists():
        raise BadEndpoint(f"There is or was an endpoint {slug}. Take another name.")
    row = Endpoint(
        id=uuid4(),
        slug=slug,
        path=mac.token(),
        title=title,
        connection=connection,
        scheme=spec.scheme,
        events=list(events),
        secret_references=dict(secret_references or {}),
    )
    if secret is not None:
        row.secret_sealed = _sealed(row, secret)
    row.save(force_insert=True)
    log.record(
        Action.ENDPOINT_CREATED, actor=actor, subject=subject(row), slug=slug, scheme=row.scheme
    )
    return row


@transaction.atomic
def change(
    endpoint: Endpoint,
    *,
    actor: str,
    title: str | None = None,
    events: Sequence[str] | None = None,
    secret_references: Mapping[str, Any] | None = None,
) -> Endpoint:
    """Change what is given; what is as it was already is not recorded. Raises EndpointGone."""
    row = _locked(endpoint)
    wanted = {
        "title": title,
        "events": None if events is None else list(events),
        "secret_references": None if secret_references is None else dict(secret_references),
    }
    changed = [name for name, value in wanted.items() if value not in (None, getattr(row, name))]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        row.save(update_fields=changed)
        _record_change(row, ", ".join(changed), actor=actor)
    return row


@transaction.atomic
def switch(endpoint: Endpoint, *, on: bool, actor: str) -> Endpoint:
    """Take deliveries, or refuse them as if there were no such address. Raises EndpointGone."""
    row = _locked(endpoint)
    if row.enabled != on:
        row.enabled = on
        row.save(update_fields=["enabled"])
        _record_change(row, "on" if on else "off", actor=actor)
    return row


@transaction.atomic
def archive(endpoint: Endpoint, *, actor: str) -> None:
    """Close the address for good and shred its secrets; events stay. Raises EndpointGone."""
    row = _locked(endpoint)
    row.secret_sealed = row.previous_sealed = b""
    row.previous_until = None
    row.enabled = False
    row.archived_at = timezone.now()
    row.save()
    _record_change(row, "archived", actor=actor)


@transaction.atomic
def rotate_secret(
    endpoint: Endpoint, secret: Secret, *, actor: str, overlap: timedelta = OVERLAP
) -> Endpoint:
    """Put a new secret in place; the previous one is taken as well until the overlap is over.

    Raises:
        BadEndpoint: the secret is not of the scheme's form, or an overlap out of bounds.
        EndpointGone: it was archived.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise BadEndpoint(f"The overlap is from 0 to {LONGEST_OVERLAP.days} days.")
    row = _locked(endpoint)
    now = timezone.now()
    if row.secret_sealed and overlap:
        old = envelope.open_sealed(
            Domain.RECEIVER, bytes(row.secret_sealed), place=row.place("secret")
        )
        row.previous_sealed = envelope.seal(Domain.RECEIVER, old, place=row.place("previous"))
        row.previous_until = now + overlap
    else:
        row.previous_sealed, row.previous_until = b"", None
    row.secret_sealed = _sealed(row, secret)
    row.rotated_at = now
    row.save(update_fields=["secret_sealed", "previous_sealed", "previous_until", "rotated_at"])
    log.record(Action.ENDPOINT_SECRET_ROTATED, actor=actor, subject=subject(row), slug=row.slug)
    return row


def address(path: str) -> str:
    """The public address that is given to the other system."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('hook', args=[path])}"


def webhooks_of(connection: Connection) -> Webhooks:
    """What the description of a connection's system says of webhooks.

    Raises:
        BadEndpoint: nothing, or there is no such system or scheme.
    """
    try:
        system = registry.get(connection.system)
    except UnknownSystem as error:
        raise BadEndpoint(f"{error}.") from None
    spec = system.webhooks
    if spec is None:
        raise BadEndpoint(f"{system.title} sends no webhooks. Read it on a schedule instead.")
    if spec.scheme != UNSIGNED and spec.scheme not in schemes.known_schemes():
        raise BadEndpoint(f'{system.title} asks for the signature scheme "{spec.scheme}", unknown.')
    if spec.handshake not in handshakes.SUPPORTED:
        raise BadEndpoint(
            f'{system.title} asks for the handshake "{spec.handshake}", unknown here.'
        )
    if spec.scheme == UNSIGNED and not any(one.is_secret for one in spec.account):
        raise BadEndpoint(
            f"{system.title} neither signs its webhooks nor sends a secret with them, so nothing "
            "would prove that an event is genuine."
        )
    return spec


def subject(endpoint: Endpoint) -> str:
    """How the audit log names an endpoint."""
    return f"endpoint:{endpoint.pk}"


def _locked(endpoint: Endpoint) -> Endpoint:
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    if row.archived_at:
        raise EndpointGone(f"The endpoint {row.title} was archived.")
    return row


def _record_change(row: Endpoint, fields: str, *, actor: str) -> None:
    log.record(
        Action.ENDPOINT_CHANGED, actor=actor, subject=subject(row), slug=row.slug, fields=fields
    )


def _sealed(row: Endpoint, secret: Secret) -> bytes:
    text = secret.reveal()
    if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET:
        raise BadEndpoint(f"A webhook secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters.")
    if not text.isprintable() or text != text.strip():
        raise BadEndpoint("The secret holds a line break or starts or ends with a space.")
    if row.scheme != UNSIGNED and not schemes.key_bytes(schemes.get(row.scheme), text):
        title = schemes.get(row.scheme).title
        raise BadEndpoint(f"This is not a secret of {title}: copy it whole, as it is shown.")
    return envelope.seal(Domain.RECEIVER, text.encode(), place=row.place("secret"))
