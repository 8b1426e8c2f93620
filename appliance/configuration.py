"""The box as files: read a folder, make it so in one transaction, write it out again."""

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import transaction

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.crypto.secret import Secret
from connector.flows import apply, export
from connector.flows.apply import Change
from connector.flows.documents import Document, SecretRef
from connector.flows.flow_yaml import export as as_text
from connector.flows.flow_yaml import parse
from connector.webhooks import code as endpoints

MOST_BYTES = 10_500_000
SUFFIXES = (".yaml", ".yml", ".csv")


class NotReadable(Exception):
    """The files can't be read."""


class _RollBack(Exception):
    """Ends a check: everything was tried, nothing stays."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed, or would be."""

    changes: tuple[Change, ...]

    @property
    def differs(self) -> bool:
        return any(change.action != "unchanged" for change in self.changes)


def read_files(path: Path) -> dict[str, str]:
    """The YAML and CSV files of a folder by name; of one file, also the neighbours that it names.

    Raises:
        NotReadable: nothing there, not UTF-8, or too large.
    """
    if not path.exists():
        raise NotReadable(f"there is no {path}")
    folder = path if path.is_dir() else path.parent
    files = sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES)
    texts = {}
    for file in files:
        if file.stat().st_size > MOST_BYTES:
            raise NotReadable(f"{file} is larger than {MOST_BYTES:,} bytes")
        try:
            texts[str(file.relative_to(folder))] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise NotReadable(f"{file} is not UTF-8 text") from None
    if path.is_dir():
        return texts
    return _with_named(path.name, texts)


def _with_named(name: str, texts: dict[str, str]) -> dict[str, str]:
    """One file and those whose names stand in it."""
    main = texts[name]
    return {other: text for other, text in texts.items() if other == name or other in main}


def apply_files(
    texts: Mapping[str, str], *, actor: str, check: bool = False, renew_secrets: bool = False
) -> Applied:
    """Make the box what the files say: all of it, or nothing.

    Args:
        check: try everything and keep nothing.

    Raises:
        DocumentError, NotApplied: every problem with file and line; nothing was changed.
    """
    document = parse(texts)
    applied = Applied(())
    try:
        with transaction.atomic():
            applied = Applied(tuple(_apply(document, actor, renew_secrets)))
            if check:
                raise _RollBack
            if applied.differs:
                _record(texts, applied, actor)
    except _RollBack:
        pass
    return applied


def _apply(document: Document, actor: str, renew_secrets: bool) -> list[Change]:
    known = {*document.endpoints, *endpoints.slugs()}
    changes = apply.apply_document(
        document, secrets=secret_of, actor=actor, renew_secrets=renew_secrets, endpoints=known
    )
    changes += endpoints.apply_endpoints(
        document, secrets=secret_of, actor=actor, renew_secrets=renew_secrets
    )
    return changes


def secret_of(owner: str, name: str, reference: SecretRef) -> Secret | None:
    """The secret that a reference names: a variable, a file of the secrets folder, or typed in."""
    if reference.kind == "env":
        value = os.environ.get(reference.name)
        if value:
            return Secret(value)
    if reference.kind == "file":
        folder: Path | None = settings.CONNECTOR_SECRETS_DIRECTORY
        file = folder / reference.name if folder else None
        if folder and file and file.is_file() and file.resolve().parent == folder.resolve():
            return Secret(file.read_text(encoding="utf-8").rstrip("\n"))
    if sys.stdin.isatty():
        typed = getpass.getpass(f"{owner}: {name} (not shown): ")
        return Secret(typed) if typed else None
    return None


def export_files(only: Sequence[str] = ()) -> dict[str, str]:
    """The box as files: `box.yaml` and what it names.

    Args:
        only: `section/slug` of the things wanted; all if empty.
    """
    whole = replace(export.document(), endpoints=endpoints.declarations())
    if only:
        whole = _cut(whole, only)
    return {"box.yaml": as_text(whole), **export.files(whole)}


def _cut(whole: Document, only: Sequence[str]) -> Document:
    wanted = {tuple(name.split("/", 1)) for name in only}
    sections = ("systems", "connections", "value_maps", "flows", "endpoints")
    known = {(section, slug) for section in sections for slug in getattr(whole, section)}
    unknown = ["/".join(name) for name in wanted - known]
    if unknown:
        raise NotReadable(f"there is no {', '.join(sorted(unknown))} in this box")
    return Document(
        **{
            section: {
                slug: one
                for slug, one in getattr(whole, section).items()
                if (section, slug) in wanted
            }
            for section in sections
        }
    )


def _record(texts: Mapping[str, str], applied: Applied, actor: str) -> None:
    actions = [change.action for change in applied.changes]
    parts = [part.encode() for name in sorted(texts) for part in (name, texts[name])]
    log.record(
        Action.CONFIG_APPLIED,
        actor=actor,
        subject="config",
        digest=mac.sha256(mac.join(*parts)).hex(),
        created=actions.count("create"),
        changed=actions.count("change"),
        unchanged=actions.count("unchanged"),
    )
