"""Sealing of values for one field of one row, under a key that this process holds.

A sealed value, format 1:

    offset  bytes
    0       1      format version, 01
    1       1      domain: 02 receiver, 03 config, 04 payload, 05 people
    2       8      key id
    10      24     nonce, random
    34      n+16   XChaCha20-Poly1305 of the n plain bytes, with its tag

Bound to it (the associated data) are, each behind its length in 8 bytes:
version, domain, cell, table, row, field, key id. So a value moved to another row, field, box
or domain does not open. For example, 3 bytes sealed under the key 58582b3ece35f329:

    01 03 58582b3ece35f329 <24 bytes of nonce> <3 + 16 bytes>

The key is chosen by its id, never by trial; another version is refused, never tried.
"""

from dataclasses import dataclass
from typing import Any

from connector.crypto import aead, exact_json, mac
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import KEY_ID_BYTES, Domain, Key, Role, get_keyring

VERSION = b"\x01"
_DOMAIN_BYTE = {
    Domain.RECEIVER: b"\x02",
    Domain.CONFIG: b"\x03",
    Domain.PAYLOAD: b"\x04",
    Domain.PEOPLE: b"\x05",
}
_KEY_ID_ENDS = 2 + KEY_ID_BYTES


@dataclass(frozen=True, slots=True)
class Place:
    """The one field of the one row that a sealed value belongs to."""

    table: str
    row: str
    field: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}, {self.field}"


def seal(domain: Domain, plain: bytes, *, place: Place) -> bytes:
    """Seal bytes for a place, under the domain's primary key.

    Raises:
        NotHeld: this process does not hold a key to encrypt in the domain.
        ValueError: the domain is not for values in rows.
    """
    marker = _marker(domain)
    key = get_keyring().primary(domain, role=Role.AEAD)
    bound_to = _bound_to(marker, key, place)
    return (
        VERSION + marker + key.id_bytes + aead.encrypt(plain, key=key.material, bound_to=bound_to)
    )


def open_sealed(domain: Domain, blob: bytes, *, place: Place) -> bytes:
    """Open what was sealed for this place.

    Raises:
        CannotOpen: changed, moved, cut short, or of another domain.
        UnknownFormat: another format version (a kind of CannotOpen).
        UnknownKey, NotHeld: the key that it names is not held by this process.
    """
    marker = _marker(domain)
    key_id = _key_id(blob, place)
    if blob[1:2] != marker:
        raise CannotOpen(f"The value of {place} does not open: it is of another domain.")
    key = get_keyring().key(domain, key_id, role=Role.AEAD)
    return aead.decrypt(
        blob[_KEY_ID_ENDS:],
        key=key.material,
        bound_to=_bound_to(marker, key, place),
        what=f"The value of {place}",
    )


def seal_json(domain: Domain, value: Any, *, place: Place) -> bytes:
    """Seal a JSON value: None, bool, int, Decimal, text, lists and mappings of these.

    Raises:
        TypeError: anything else in it, a float above all; it names the path.
        NotHeld: as for seal().
    """
    return seal(domain, exact_json.encode(value), place=place)


def open_json(domain: Domain, blob: bytes, *, place: Place) -> Any:
    """The same value again: each number with a point or exponent is a Decimal, digit for digit.

    Raises:
        as open_sealed(); CannotOpen also for what is not JSON.
    """
    plain = open_sealed(domain, blob, place=place)
    try:
        return exact_json.decode(plain)
    except ValueError:
        raise CannotOpen(f"The value of {place} is not JSON.") from None


def key_id(blob: bytes) -> str:
    """The id of the key that a value was sealed under, to see whether it must be sealed anew.

    Raises:
        CannotOpen: it is no sealed value.
    """
    return _key_id(blob, "a field")


def _key_id(blob: bytes, place: Place | str) -> str:
    if blob[:1] != VERSION:
        raise UnknownFormat(
            f"The value of {place} is not of format {VERSION[0]}, the only one that is read."
        )
    if len(blob) < _KEY_ID_ENDS:
        raise CannotOpen(f"The value of {place} does not open: it was cut short.")
    return blob[2:_KEY_ID_ENDS].hex()


def _marker(domain: Domain) -> bytes:
    try:
        return _DOMAIN_BYTE[domain]
    except KeyError:
        raise ValueError(f"values in rows are not sealed in the domain {domain}") from None


def _bound_to(marker: bytes, key: Key, place: Place) -> bytes:
    texts = (get_keyring().cell, place.table, place.row, place.field)
    return mac.join(VERSION, marker, *(text.encode() for text in texts), key.id_bytes)
