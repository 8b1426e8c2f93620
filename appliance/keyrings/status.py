"""What keyrings a home holds, whether they can be used and fit together. Shows no key, only ids."""

from dataclasses import dataclass
from pathlib import Path

from appliance.keyrings import derive, files
from appliance.keyrings.create import KIT_NAME
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain, Role


@dataclass(frozen=True, slots=True)
class Line:
    """One key of one keyring."""

    process: str
    domain: Domain
    role: Role
    id: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Status:
    """`cell` is "" where no keyring could be read; `problems` is empty where all is well."""

    cell: str
    lines: tuple[Line, ...]
    problems: tuple[str, ...]
    kit_beside: bool


def status(directory: Path) -> Status:
    """Read both keyrings of a home and compare them."""
    problems: list[str] = []
    opened: list[files.Opened] = []
    for process in ("web", "worker"):
        try:
            found = files.read(directory / f"{process}.keyring")
        except CryptoError as exc:
            problems.append(str(exc))
            continue
        if found.process != process:
            problems.append(f"{process}.keyring is the keyring of {found.process}.")
        opened.append(found)
    problems.extend(_differences(opened))
    cell = opened[0].keyring.cell if opened else ""
    lines = tuple(line for found in opened for line in _lines(found))
    return Status(cell, lines, tuple(problems), (directory / KIT_NAME).exists())


def _lines(opened: files.Opened) -> list[Line]:
    return [
        Line(
            opened.process,
            key.domain,
            key.role,
            key.id,
            primary=opened.keyring.primary(key.domain, role=key.role).id == key.id,
        )
        for key in opened.keyring.all_keys()
    ]


def _differences(opened: list[files.Opened]) -> list[str]:
    if len(opened) < 2:
        return []
    web, worker = (found.keyring for found in opened)
    if web.cell != worker.cell:
        return [f"web.keyring is of the box {web.cell}, worker.keyring of {worker.cell}."]
    held = {(key.domain, key.role, key.id) for key in worker.all_keys()}
    shared = derive.may_hold("worker")
    return [
        f"worker.keyring lacks the key {key.id} ({key.domain}, {key.role}) of web.keyring."
        for key in web.all_keys()
        if (key.domain, key.role) in shared and (key.domain, key.role, key.id) not in held
    ]
