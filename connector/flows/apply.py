"""Flows as code, put into the box: what a document says becomes true, what is so already stays.

Runs inside the caller's transaction, so that a check is the same work, rolled back.
Endpoints belong to the floor of webhooks and are applied there.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection, transaction

from connector.crypto.secret import Secret
from connector.flows import connections, definition, maps, store
from connector.flows.compiled import entries_of
from connector.flows.definition import Definition
from connector.flows.documents import (
    ConnectionDecl,
    Document,
    FlowDecl,
    Origin,
    SecretRef,
    SystemDecl,
    ValueMapDecl,
)
from connector.flows.errors import BadDefinition, FlowsError
from connector.flows.flow_files import FileProblem
from connector.flows.mapping.value_maps import MapShape
from connector.flows.models import Connection, Flow, ValueMap
from connector.systems import registry, uploaded
from connector.systems.errors import SpecError, SystemFailure, UnknownSystem
from connector.systems.models import UploadedSystem
from connector.vault.errors import VaultError

Secrets = Callable[[str, str, SecretRef], Secret | None]
LOCK = 0x6170706C  # "appl": one apply at a time


@dataclass(frozen=True, slots=True)
class Change:
    """What applying did, or would do, to one thing."""

    section: str
    slug: str
    action: Literal["create", "change", "unchanged"]
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f": {'; '.join(self.details)}" if self.details else ""
        return f"{self.action:9} {self.section}/{self.slug}{more}"


class NotApplied(FlowsError):
    """The document can't be applied; nothing was changed. `problems` have file and line."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@transaction.atomic
def apply_document(
    document: Document,
    *,
    secrets: Secrets,
    actor: str,
    endpoints: Collection[str] = (),
    renew_secrets: bool = False,
) -> list[Change]:
    """Make systems, connections, value maps and flows what the document says.

    Args:
        secrets: gives the secret that a reference names, or None if there is none.
        endpoints: slugs of the endpoints that flows may name.
        renew_secrets: enter all secrets anew; else only where a connection has none.

    Raises:
        NotApplied: with every problem; the caller's transaction must be rolled back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK])
    work = _Work(document, secrets, actor, endpoints, renew_secrets)
    for section in ("systems", "connections", "value_maps", "flows"):
        for declared in getattr(document, section).values():
            work.one(section, declared)
        if work.problems:
            raise NotApplied(work.problems)
    return work.changes


class _Work:
    """One apply under way: what was done and what was wrong so far."""

    def __init__(
        self,
        document: Document,
        secrets: Secrets,
        actor: str,
        endpoints: Collection[str],
        renew_secrets: bool,
    ) -> None:
        self.document = document
        self.secrets = secrets
        self.actor = actor
        self.endpoints = endpoints
        self.renew = renew_secrets
        self.changes: list[Change] = []
        self.problems: list[FileProblem] = []
        self.acts: Mapping[str, Callable[[Any], Change]] = {
            "systems": self.system,
            "connections": self.connection,
            "value_maps": self.value_map,
            "flows": self.flow,
        }

    def one(self, section: str, declared: Any) -> None:
        try:
            with transaction.atomic():
                self.changes.append(self.acts[section](declared))
        except SpecError as error:
            self.problems += [FileProblem(p.file, p.line, p.path, p.text) for p in error.problems]
        except BadDefinition as error:
            self.note(section, declared, error.summary, *error.findings)
        except (FlowsError, VaultError, SystemFailure) as error:
            self.note(section, declared, error.message)
        except UnknownSystem as error:
            self.note(section, declared, str(error))

    def note(self, section: str, declared: Any, *texts: str) -> None:
        origin: Origin = declared.origin
        path = f"{section}.{declared.slug}"
        self.problems += [FileProblem(origin.file, origin.line, path, text) for text in texts]

    def system(self, declared: SystemDecl) -> Change:
        known = UploadedSystem.objects.filter(name=declared.slug).exists()
        saved = uploaded.save(declared.text, filename=declared.file, actor=self.actor)
        if not saved:
            return Change("systems", declared.slug, "unchanged")
        return Change("systems", declared.slug, "change" if known else "create")

    def connection(self, declared: ConnectionDecl) -> Change:
        references = {
            name: {ref.kind: ref.name} for name, ref in declared.secrets.items() if ref.name
        }
        row = Connection.objects.filter(slug=declared.slug).first()
        if row is None:
            connections.create(
                slug=declared.slug,
                title=declared.title,
                system=declared.system,
                settings=declared.settings,
                secrets=self.secrets_of(declared),
                secret_references=references,
                actor=self.actor,
            )
            return Change("connections", declared.slug, "create")
        if row.system != declared.system:
            raise BadDefinition(
                f"the connection is to {row.system}, not to {declared.system}; use another slug"
            )
        moved = self.moves(row, declared)
        wanted = self.renew or moved or (row.credential is None and bool(declared.secrets))
        before = (row.title, connections.settings_of(row), row.secret_references)
        row = connections.change(
            row,
            title=declared.title,
            settings=declared.settings,
            secrets=self.secrets_of(declared) if wanted else None,
            secret_references=references,
            actor=self.actor,
        )
        after = (row.title, connections.settings_of(row), row.secret_references)
        if before == after and not wanted:
            return Change("connections", declared.slug, "unchanged")
        details = ["credential entered again"] if wanted else []
        return Change("connections", declared.slug, "change", tuple(details))

    def moves(self, row: Connection, declared: ConnectionDecl) -> bool:
        hosts = connections.hosts_for(registry.get(row.system), declared.settings)
        return set(hosts) != set(row.hosts)

    def secrets_of(self, declared: ConnectionDecl) -> dict[str, Secret]:
        found = {
            name: secret
            for name, ref in declared.secrets.items()
            if (secret := self.secrets(declared.slug, name, ref)) is not None
        }
        missing = [
            f"{name} ({ref.kind} {ref.name})"
            for name, ref in declared.secrets.items()
            if name not in found and ref.kind != "unset"
        ]
        if missing:
            raise BadDefinition(f"secrets are missing: {', '.join(missing)}")
        return found

    def value_map(self, declared: ValueMapDecl) -> Change:
        shape = declared.shape
        row = ValueMap.objects.filter(slug=declared.slug).select_related("current").first()
        if row is None:
            maps.create(
                slug=declared.slug,
                title=shape.title,
                keys=shape.keys,
                value_type=shape.value,
                unknown=unknown_of(shape),
                ignore_case=shape.ignore_case,
                entries=declared.entries,
                actor=self.actor,
            )
            return Change(
                "value_maps", declared.slug, "create", (f"{len(declared.entries)} entries",)
            )
        reshaped = maps.reshape(row, shape)
        old = dict(entries_of(row.current)) if row.current else {}
        added, changed, removed = maps.differences(old, dict(declared.entries))
        version = maps.save_entries(row, declared.entries, actor=self.actor)
        if version is None and not reshaped:
            return Change("value_maps", declared.slug, "unchanged")
        detail = f"{len(added)} added, {len(changed)} changed, {len(removed)} removed"
        return Change("value_maps", declared.slug, "change", (detail,))

    def flow(self, declared: FlowDecl) -> Change:
        said = Definition(
            mapping=declared.mapping,
            trigger=declared.trigger,
            policies=declared.policies,
            params=declared.source.get("params", {}),
        )
        ends: dict[str, Any] = {
            "source": self.connected(declared.source["connection"], "source"),
            "stream": str(declared.source["stream"]),
            "destination": self.connected(declared.destination["connection"], "destination"),
            "object_": str(declared.destination["object"]),
        }
        self.triggered(declared)
        row = Flow.objects.filter(slug=declared.slug).select_related("current").first()
        if row is None:
            store.create(
                slug=declared.slug,
                title=declared.title,
                said=said,
                actor=self.actor,
                enabled=declared.enabled,
                **ends,
            )
            return Change("flows", declared.slug, "create")
        before = definition.of(row.current).as_json() if row.current else {}
        details = []
        version = store.save_version(row, said, actor=self.actor, **ends)
        if version:
            changed = [name for name, value in said.as_json().items() if before.get(name) != value]
            details.append(f"new version {version.number} ({', '.join(changed) or 'ends'})")
        if store.retitle(row, declared.title):
            details.append("title")
        reason = "switched off in its file"
        if store.set_enabled(row, declared.enabled, actor=self.actor, reason=reason):
            details.append("on" if declared.enabled else "off")
        action: Literal["change", "unchanged"] = "change" if details else "unchanged"
        return Change("flows", declared.slug, action, tuple(details))

    def connected(self, slug: str, end: str) -> Connection:
        row = Connection.objects.filter(slug=slug, archived_at=None).first()
        if row is None:
            raise BadDefinition(f'{end}: there is no connection "{slug}"')
        return row

    def triggered(self, declared: FlowDecl) -> None:
        endpoint = declared.trigger.get("webhook")
        if endpoint and endpoint not in self.endpoints:
            raise BadDefinition(f'trigger.webhook: there is no endpoint "{endpoint}"')
        for slug in declared.trigger.get("after", ()):
            if slug not in self.document.flows and not Flow.objects.filter(slug=slug).exists():
                raise BadDefinition(f'trigger.after: there is no flow "{slug}"')


def unknown_of(shape: MapShape) -> dict[str, Any]:
    """What a missing entry does, as the table keeps it."""
    return {"kind": shape.unknown, "default": shape.default}
