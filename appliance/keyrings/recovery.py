"""The recovery kit: the root key of a box, sealed by a passphrase, to be kept away from the box.

It is a text file, so that it can be printed. Its first lines are in clear, and bound to the rest:

    ml-connector recovery kit 1
    cell: 02d7c3a9684a4456
    backup key: 1f9981b3efd56597

    <the sealed root key in base64, lines of 64 characters>

With it and its passphrase the keyrings can be made anew, and backups opened. Without, a lost
keyring means entering every credential again, and backups that nobody can open.
"""

import base64
import binascii
import textwrap
from dataclasses import dataclass, field

from appliance.keyrings import derive
from connector.crypto import mac, passphrase
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import KEY_BYTES
from connector.crypto.secret import Secret

TITLE = "ml-connector recovery kit 1"


@dataclass(frozen=True, slots=True)
class Root:
    """The key that all keys of a box come from. It lives in memory for the span of a command."""

    material: bytes = field(repr=False)

    @property
    def cell(self) -> str:
        return derive.cell_of(self.material)


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
    header = "\n".join(
        (TITLE, f"cell: {root.cell}", f"backup key: {derive.backup_private_key(root.material).id}")
    )
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
    head, body = lines[:3], "".join(lines[3:])
    try:
        sealed = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise CannotOpen("The recovery kit is damaged: its last part is not base64.") from None
    root = Root(passphrase.open_sealed(sealed, secret, header="\n".join(head).encode()))
    if f"cell: {root.cell}" not in head:
        raise CannotOpen("The recovery kit is damaged: it names another box.")
    return root
