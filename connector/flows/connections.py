"""Everything that changes a connection: its settings, its credential, the wish for a test."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import secrets as secrets_of
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection
from connector.jobs import queue
from connector.jobs.registry import Kind
from connector.systems import registry
from connector.systems.errors import SpecError, UnknownSystem
from connector.systems.hosts import allowed_hosts
from connector.systems.settings import check_settings
from connector.systems.spec import System
from connector.vault import store as vault


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    system: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, Secret],
    actor: str,
    secret_references: Mapping[str, Any] | None = None,
    expires_on: date | None = None,
) -> Connection:
    """Connect one account at a system.

    Raises:
        BadDefinition: unknown system, or settings and secrets that its description
            does not allow; all problems at once.
    """
    spec = registry.get(system)
    checked = _checked(spec, settings, secrets if secrets else None)
    hosts = allowed_hosts(spec, checked)
    row = Connection(
        id=uuid4(),
        slug=slug,
        title=title,
        system=system,
        hosts=list(hosts),
        secret_references=dict(secret_references or {}),
    )
    row.settings_sealed = envelope.seal_json(Domain.CONFIG, checked, place=row.settings_place)
    if secrets:
        row.credential = vault.create(
            label=title,
            system=system,
            hosts=hosts,
            fields=secrets,
            expires_on=expires_on,
            actor=actor,
        )
    row.save(force_insert=True)
    log.record(
        Action.CONNECTION_CREATED,
        actor=actor,
        subject=subject(row),
        slug=slug,
        system=system,
        hosts=", ".join(hosts),
    )
    return row


@transaction.atomic
def change(
    connection: Connection,
    *,
    actor: str,
    title: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    secret_references: Mapping[str, Any] | None = None,
    expires_on: date | None = None,
) -> Connection:
    """Change a connection. Other hosts need the credential again: it is bound to the old ones.

    New secrets for the same hosts are a new version, which is used when it has passed
    its test; until then runs use the old one. The test is asked for here.

    Args:
        expires_on: the last day on which the new secrets work.

    Raises:
        BadDefinition: settings that don't fit, or other hosts without the secrets.
    """
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    spec = system_of(row)
    wanted = settings if settings is not None else settings_of(row)
    checked = _checked(spec, wanted, secrets, secret_references or ())
    hosts = allowed_hosts(spec, checked)
    moved = set(hosts) != set(row.hosts)
    if moved and row.credential and not secrets:
        raise BadDefinition(
            f"{row.title} would be called at {', '.join(hosts)}; its credential was entered for "
            f"{', '.join(row.hosts)}. Enter the credential again together with the new address."
        )
    changed = []
    if title is not None and title != row.title:
        row.title = title
        changed.append("title")
    if settings is not None and checked != settings_of(row):
        row.settings_sealed = envelope.seal_json(Domain.CONFIG, checked, place=row.settings_place)
        changed.append("settings")
    if secret_references is not None and dict(secret_references) != row.secret_references:
        row.secret_references = dict(secret_references)
        changed.append("secret references")
    if not secrets or moved or changed:
        row.health, row.health_message = Connection.Health.UNKNOWN, ""
    if secrets:
        _put_secrets(row, secrets, hosts=hosts, moved=moved, expires_on=expires_on, actor=actor)
        changed.append("credential")
    if not changed:
        return row
    row.hosts = list(hosts)
    row.save()
    log.record(
        Action.CONNECTION_CHANGED,
        actor=actor,
        subject=subject(row),
        slug=row.slug,
        fields=", ".join(changed),
        hosts=", ".join(hosts),
    )
    if secrets:
        ask_test(row, actor=actor)  # until it has passed, the new version is not used
    return row


@transaction.atomic
def delete_credential(connection: Connection, *, actor: str) -> None:
    """Shred the credential for good; until another is entered nothing runs on the connection.

    Raises:
        BadDefinition: it has none.
        CredentialGone: it was deleted a moment ago.
    """
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    if row.credential is None:
        raise BadDefinition(f"{row.title} has no credential.")
    vault.delete(row.credential, actor=actor)
    for one in Connection.objects.filter(credential=row.credential_id):
        one.credential = None
        one.health = Connection.Health.UNKNOWN
        one.health_message = "Its credential was deleted. Enter a new one."
        one.save(update_fields=["credential", "health", "health_message"])
        log.record(
            Action.CONNECTION_CHANGED,
            actor=actor,
            subject=subject(one),
            slug=one.slug,
            fields="credential",
            hosts=", ".join(one.hosts),
        )


@transaction.atomic
def ask_use(connection: Connection, *, actor: str) -> None:
    """Ask the worker to use the new version of the credential untested, and to test it then.

    Raises:
        BadDefinition: there is no credential.
        NothingPending: no new version waits.
    """
    if connection.credential is None:
        raise BadDefinition(f"{connection.title} has no credential.")
    vault.ask_use(connection.credential, actor=actor)
    Connection.objects.filter(pk=connection.pk).update(test_asked_at=timezone.now())


@transaction.atomic
def ask_test(connection: Connection, *, actor: str) -> None:
    """Ask the worker to test a connection; the answer appears on its row."""
    Connection.objects.filter(pk=connection.pk).update(test_asked_at=timezone.now())
    queue.enqueue(
        Kind.FLOWS_TEST,
        args={"connection": str(connection.pk)},
        dedupe_key=f"{Kind.FLOWS_TEST}:{connection.pk}",
        priority=10,
    )
    log.record(
        Action.CONNECTION_TEST_ASKED,
        actor=actor,
        subject=subject(connection),
        slug=connection.slug,
    )


def settings_of(connection: Connection) -> dict[str, Any]:
    """The settings in clear; they hold no secret."""
    opened: dict[str, Any] = envelope.open_json(
        Domain.CONFIG, bytes(connection.settings_sealed), place=connection.settings_place
    )
    return opened


def system_of(connection: Connection) -> System:
    """The description of a connection's system.

    Raises:
        BadDefinition: it is gone, or not right any more.
    """
    try:
        return registry.get(connection.system)
    except (SpecError, UnknownSystem) as wrong:
        raise BadDefinition(
            f"{connection.title}: the description of its system can't be used.",
            str(wrong).splitlines(),
        ) from None


def hosts_for(spec: System, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The hosts that a connection with these settings would call.

    Raises:
        BadDefinition: settings that don't fit.
    """
    return allowed_hosts(spec, _checked(spec, settings, None))


def subject(connection: Connection) -> str:
    """How the audit log names a connection."""
    return f"connection:{connection.pk}"


def _checked(
    spec: System,
    settings: Mapping[str, Any],
    secrets: Mapping[str, Secret] | None,
    references: Iterable[str] = (),
) -> dict[str, Any]:
    """Settings with their defaults, or all that is wrong with them and with the secrets' names."""
    checked, problems = check_settings(spec, settings)
    problems += secrets_of.problems(spec, secrets, references)
    if problems:
        raise BadDefinition(f"{spec.title} can't be connected like this.", problems)
    return checked


def _put_secrets(
    row: Connection,
    secrets: Mapping[str, Secret],
    *,
    hosts: tuple[str, ...],
    moved: bool,
    expires_on: date | None,
    actor: str,
) -> None:
    if row.credential is None:
        row.credential = vault.create(
            label=row.title,
            system=row.system,
            hosts=hosts,
            fields=secrets,
            expires_on=expires_on,
            actor=actor,
        )
    elif moved:
        vault.replace(
            row.credential, hosts=hosts, fields=secrets, expires_on=expires_on, actor=actor
        )
    else:
        vault.rotate(row.credential, secrets, expires_on=expires_on, actor=actor)
