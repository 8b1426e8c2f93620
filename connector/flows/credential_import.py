"""Entering many credentials at once: all of them, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto.secret import Secret
from connector.flows import connections, secrets
from connector.flows.credential_rows import EXPIRES, ImportRefused, Problem, Row
from connector.flows.errors import BadDefinition
from connector.flows.models import Connection
from connector.systems.spec import System
from connector.vault.errors import VaultError


@dataclass(slots=True)
class Entry:
    """What the rows of a file say of one connection."""

    connection: Connection
    spec: System
    line: int
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)
    lines: dict[str, int] = field(default_factory=dict)
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was entered, or would be: short names of connections, and how many fields."""

    slugs: tuple[str, ...]
    fields: int


@transaction.atomic
def enter(rows: Sequence[Row], *, actor: str, dry_run: bool = False) -> Imported:
    """Enter the credentials of a file; what a connection has already is rotated and tested.

    Args:
        dry_run: do everything and keep nothing.

    Raises:
        ImportRefused: every problem with its line: unknown connection or field, one that
            stands twice or is missing, a value that can't be one. Nothing was changed.
    """
    entries, problems = _sorted_out(rows)
    for entry in entries:
        problems += _missing(entry)
    if not problems:
        problems = [found for entry in entries if (found := _put(entry, actor))]
    if problems:
        raise ImportRefused(sorted(problems, key=lambda one: one.line))
    done = Imported(
        tuple(sorted(entry.connection.slug for entry in entries)),
        sum(len(entry.secrets) for entry in entries),
    )
    log.record(
        Action.CREDENTIALS_IMPORTED,
        actor=actor,
        subject="credentials",
        connections=", ".join(done.slugs),
        fields=done.fields,
    )
    if dry_run:
        transaction.set_rollback(True)
    return done


def _sorted_out(rows: Sequence[Row]) -> tuple[list[Entry], list[Problem]]:
    known: dict[str, list[Connection]] = {}
    for one in Connection.objects.filter(archived_at=None).select_related("credential"):
        known.setdefault(_plain(one.slug), []).append(one)
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for row in rows:
        same = known.get(_plain(row.connection), [])
        exact = [one for one in same if one.slug == row.connection] or same
        if len(exact) != 1:
            problems.append(
                Problem(row.line, "the name fits several connections; use CSV")
                if exact
                else Problem(row.line, "there is no connection of this name")
            )
            continue
        connection = exact[0]
        try:
            entry = entries.get(connection.slug) or Entry(
                connection, connections.system_of(connection), row.line
            )
        except BadDefinition as wrong:
            problems.append(Problem(row.line, wrong.summary, connection.slug))
            continue
        entries[connection.slug] = entry
        problems += _taken(entry, row)
    return list(entries.values()), problems


def _taken(entry: Entry, row: Row) -> list[Problem]:
    """Put a row into its entry, or say why not."""
    slug = entry.connection.slug
    fields = {_plain(one.name): one for one in entry.spec.credential}
    found = fields.get(_plain(row.name))
    if found is None and _plain(row.name) == _plain(EXPIRES):
        return _dated(entry, row.line, row.value.reveal().strip())
    if found is None:
        names = ", ".join(one.name for one in entry.spec.credential) or "none"
        return [Problem(row.line, f"there is no such field; the fields are {names}", slug)]
    name = f"{slug}.{found.name}"
    if found.name in entry.secrets:
        return [Problem(row.line, f"stands in line {entry.lines[found.name]} already", name)]
    entry.secrets[found.name], entry.lines[found.name] = row.value, row.line
    wrong = secrets.problem(found, row.value.reveal())
    problems = [Problem(row.line, wrong, name)] if wrong else []
    return problems + (_dated(entry, row.line, row.expires) if row.expires else [])


def _dated(entry: Entry, line: int, text: str) -> list[Problem]:
    slug = entry.connection.slug
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return [Problem(line, "the last day is not a day like 2027-03-31", slug)]
    if day < timezone.localdate():
        return [Problem(line, "the last day has gone by", slug)]
    if entry.expires_on not in (None, day):
        return [Problem(line, "another line gives another last day", slug)]
    entry.expires_on = day
    return []


def _missing(entry: Entry) -> list[Problem]:
    return [
        Problem(entry.line, "is missing", f"{entry.connection.slug}.{one.name}")
        for one in entry.spec.credential
        if one.required and one.name not in entry.secrets
    ]


def _put(entry: Entry, actor: str) -> Problem | None:
    given: Mapping[str, Secret] = entry.secrets
    try:
        connections.change(
            entry.connection, secrets=given, expires_on=entry.expires_on, actor=actor
        )
    except (BadDefinition, VaultError) as refused:
        return Problem(entry.line, str(refused), entry.connection.slug)
    return None


def _plain(name: str) -> str:
    """A name without what variables of the shell can't have: case, and dashes for underscores."""
    return name.lower().replace("-", "_")
