"""The recovery kit: the root key of a box, sealed by a passphrase, to be kept away from the box.

It is a text file, so that it can be printed. Its first lines are in clear, and bound to the rest:

    ml-connector recovery kit 1
    cell: 02d7c3a9684a4456
    backup key: 1f9981b3efd56597
    generations: vault 2, payload 3

    <the sealed root key in base64, lines of 64 characters>

The line of generations is there once a key was rotated; a domain that it does not name is in its
first. With the kit and its passphrase the keyrings can be made anew, and backups opened. Without,
a lost keyring means entering every credential again, and backups that nobody can open.
"""

import base64
import binascii
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.keyrings import derive
from connector.crypto import mac, passphrase
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import KEY_BYTES, Domain
from connector.crypto.secret import Secret

TITLE = "ml-connector recovery kit 1"
_GENERATIONS = "generations: "


@dataclass(frozen=True, slots=True)
class Root:
    """The key that all keys of a box come from. It lives in memory for the span of a command.

    `generations` are the newest of the domains that were rotated, as far as the kit knows.
    """

    material: bytes = field(repr=False)
    generations: Mapping[Domain, int] = field(default_factory=dict)

    @property
    def cell(self) -> str:
        return derive.cell_of(self.material)

    def generation(self, domain: Domain) -> int:
        return self.generations.get(domain, 1)


def new_root() -> Root:
    """Draw the root key of a new box."""
    return Root(mac.random_bytes(KEY_BYTES))


def new_passphrase() -> Secret:
    """Draw a passphrase of 120 bits: six groups of four letters and digits, easy to write down."""
    text = base64.b32encode(mac.random_bytes(15)).decode().lower()
    return Secret("-".join(textwrap.wrap(text, 4)))


def write_kit(root: Root, secret: Secret, *, cost: passphrase.Cost = passphrase.USUAL) -> str:
    """The text of a kit.

    Raises:
        ValueError: the passphrase is too short.
    """
    backup = derive.backup_private_key(root.material, root.generation(Domain.BACKUP))
    lines = [TITLE, f"cell: {root.cell}", f"backup key: {backup.id}"]
    if root.generations:
        named = (f"{domain} {number}" for domain, number in sorted(root.generations.items()))
        lines.append(_GENERATIONS + ", ".join(named))
    header = "\n".join(lines)
    sealed = passphrase.seal(root.material, secret, header=header.encode(), cost=cost)
    body = "\n".join(textwrap.wrap(base64.b64encode(sealed).decode(), 64))
    return f"{header}\n\n{body}\n"


def open_kit(text: str, secret: Secret) -> Root:
    """The root key from the text of a kit. Line ends and spaces around lines may differ.

    Raises:
        CannotOpen: wrong passphrase, changed, or it is no kit.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines[:1] != [TITLE]:
        raise UnknownFormat(f"This is not a recovery kit: its first line is not {TITLE!r}.")
    clear = [line for line in lines[1:] if ":" in line]  # base64 has no colon
    head, body = [TITLE, *clear], "".join(line for line in lines[1:] if ":" not in line)
    try:
        sealed = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise CannotOpen("The recovery kit is damaged: its last part is not base64.") from None
    material = passphrase.open_sealed(sealed, secret, header="\n".join(head).encode())
    root = Root(material, _generations(head))
    if f"cell: {root.cell}" not in head:
        raise CannotOpen("The recovery kit is damaged: it names another box.")
    return root


def _generations(head: list[str]) -> dict[Domain, int]:
    """Only read after the seal proved that the header is as it was written."""
    named = next((line.removeprefix(_GENERATIONS) for line in head if _GENERATIONS in line), "")
    pairs = (one.split() for one in named.split(",") if one)
    try:
        return {Domain(domain): int(number) for domain, number in pairs}
    except ValueError:
        raise UnknownFormat(
            "This recovery kit names a kind of key that this version does not know. "
            "Use the version of the product that wrote it, or a newer one."
        ) from None
