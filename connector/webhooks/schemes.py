"""How a delivery is proved to be genuine: one verifier, and a description of each provider's way.

Pure: no clock, no database, no Django. A description is a file in `schemes/`:

    title: Slack
    message: "v0:{timestamp}:{body}"      what is signed, byte for byte
    signature: {header: X-Slack-Signature, prefix: "v0=", encoding: hex}
    timestamp: {header: X-Slack-Request-Timestamp}

A piece is taken from a header; with `separator` the header is a list, of which the entries that
start with `prefix` count. `{url}` is the public address as it was given to the provider, never
what the request says of itself.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from connector.crypto import mac
from connector.systems import yaml_reader

FOLDER = Path(__file__).parent / "schemes"
MOST_SIGNATURES = 20
SECRETS = 2  # the present one and the previous one; what is missing is made up for

Encoding = Literal["hex", "base64", "text"]

_TIMESTAMP = re.compile(r"[0-9]{1,13}\Z", re.ASCII)
_ID = re.compile(r"[!-\-/-~]{1,200}\Z", re.ASCII)  # printable, without the dot that separates
_SLOT = re.compile(r"(\{[a-z]+\})")
_PARTS = frozenset({"{body}", "{timestamp}", "{id}", "{url}", "{method}"})
_DUMMY_KEY = mac.random_bytes(32)


class Verdict(StrEnum):
    """What came of a check. Everything but GENUINE is answered in the same way."""

    GENUINE = "genuine"
    UNSIGNED = "unsigned"  # a header is missing, empty, there twice or not readable
    WRONG = "wrong signature"
    STALE = "wrong time"
    NO_SECRET = "no secret"  # noqa: S105 - none was entered, or it is not what the scheme needs


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came: raw body, headers as received, and our own public address."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    url: str
    method: str = "POST"

    def header(self, name: str) -> str | None:
        """The value of a header that is there exactly once, in ASCII; None otherwise."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[0] if len(found) == 1 and found[0].isascii() else None


@dataclass(frozen=True, slots=True)
class Piece:
    """Where in the headers a value stands."""

    header: str
    separator: str = ""
    prefix: str = ""

    def texts(self, delivery: Delivery) -> list[str]:
        """The entries with the prefix, without it; none if one of the list is empty."""
        value = delivery.header(self.header)
        if value is None:
            return []
        entries = value.split(self.separator) if self.separator else [value]
        if "" in entries:
            return []
        return [entry[len(self.prefix) :] for entry in entries if entry.startswith(self.prefix)]

    def text(self, delivery: Delivery, form: re.Pattern[str]) -> str | None:
        """The one entry, if it has the form."""
        found = self.texts(delivery)
        return found[0] if len(found) == 1 and form.match(found[0]) else None


@dataclass(frozen=True, slots=True)
class Signature(Piece):
    encoding: Encoding = "hex"


@dataclass(frozen=True, slots=True)
class Timestamp(Piece):
    """When it was signed. Too old and too far ahead are refused alike."""

    unit: Literal["s", "ms"] = "s"
    tolerance_s: int = 300


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How the bytes of the key stand in the secret; `prefix` is taken off where it is there."""

    encoding: Encoding = "text"
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One provider's way to sign."""

    name: str
    title: str
    source: str
    signature: Signature
    message: str = "{body}"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    key: KeyForm = KeyForm()
    timestamp: Timestamp | None = None
    id: Piece | None = None

    def signs(self, header: str) -> bool:
        """Whether the value of this header is covered by the signature."""
        return self.id is not None and self.id.header.lower() == header.lower()


def verify(scheme: Scheme, delivery: Delivery, secrets: Sequence[str], *, now_s: float) -> Verdict:
    """Check a delivery against all secrets of an endpoint.

    Every secret is tried with every signature, and a secret that isn't there is a dummy, so the
    same is hashed for every delivery: the time tells neither the reason nor how many secrets count.

    Args:
        secrets: as the provider shows them; one, two while rotating, or none.
        now_s: seconds since 1970, UTC.
    """
    stamp = scheme.timestamp.text(delivery, _TIMESTAMP) if scheme.timestamp else ""
    identity = scheme.id.text(delivery, _ID) if scheme.id else ""
    given = [decode(text, scheme.signature.encoding) for text in scheme.signature.texts(delivery)][
        :MOST_SIGNATURES
    ]
    keys = [key for secret in secrets if (key := key_bytes(scheme, secret))]
    message = _message(scheme, delivery, stamp=stamp or "", identity=identity or "")
    matches = False
    for key in keys + [_DUMMY_KEY] * (SECRETS - len(keys)):
        expected = mac.hmac_digest(scheme.algorithm, key, message)
        for signature in given or [None]:
            matches |= mac.equal(expected, signature or b"")
    if not keys:
        return Verdict.NO_SECRET
    if not given or None in given or stamp is None or identity is None:
        return Verdict.UNSIGNED
    if not matches:
        return Verdict.WRONG
    return Verdict.GENUINE if _is_fresh(scheme, stamp, now_s) else Verdict.STALE


def key_bytes(scheme: Scheme, secret: str) -> bytes:
    """The key that a secret stands for; empty if it is not what the scheme needs."""
    return decode(secret.removeprefix(scheme.key.prefix), scheme.key.encoding) or b""


def decode(text: str, encoding: Encoding) -> bytes | None:
    """The bytes of a text, or None: nothing is skipped, trimmed or padded on the way."""
    if encoding == "text":
        return text.encode("utf-8", "surrogatepass")
    try:
        if encoding == "hex":
            return binascii.unhexlify(text)
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    # the last digit may hold bits that nobody reads: only one spelling counts
    return data if base64.b64encode(data).decode() == text else None


@cache
def known_schemes() -> frozenset[str]:
    """Names of all schemes that a system's description may ask for."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def get(name: str) -> Scheme:
    """A scheme by its name.

    Raises:
        LookupError: there is none of that name.
    """
    if name not in known_schemes():
        raise LookupError(f'no signature scheme is named "{name}"')
    path = FOLDER / f"{name}.yaml"
    return load(path.read_text(encoding="utf-8"), path.name)


def load(text: str, filename: str) -> Scheme:
    """A scheme from its description.

    Raises:
        ValueError: an unknown or missing word, or a message that leaves out the body.
    """
    value, _ = yaml_reader.read(text, filename)
    assert isinstance(value, dict)
    given: dict[str, Any] = dict(value)
    for word, kind in _NESTED.items():
        if word in given:
            given[word] = _built(kind, given[word], f"{filename}: {word}")
    scheme = _built(Scheme, {**given, "name": Path(filename).stem}, filename)
    assert isinstance(scheme, Scheme)
    used = set(_SLOT.findall(scheme.message))
    wanted = {"{timestamp}": scheme.timestamp, "{id}": scheme.id}
    if not used <= _PARTS or "{body}" not in used:
        raise ValueError(f"{filename}: message has the body and other known parts")
    if any((part in used) != (piece is not None) for part, piece in wanted.items()):
        raise ValueError(f"{filename}: timestamp and id are given exactly if they are signed")
    return scheme


_NESTED = {"signature": Signature, "timestamp": Timestamp, "id": Piece, "key": KeyForm}


def _built(kind: type, given: dict[str, Any], where: str) -> Any:
    unknown = given.keys() - {field.name for field in fields(kind)}
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


def _message(scheme: Scheme, delivery: Delivery, *, stamp: str, identity: str) -> bytes:
    values = {
        "{body}": delivery.body,
        "{timestamp}": stamp.encode(),
        "{id}": identity.encode(),
        "{url}": delivery.url.encode(),
        "{method}": delivery.method.encode(),
    }
    return b"".join(_pieces(scheme.message, values))


def _pieces(message: str, values: dict[str, bytes]) -> Iterable[bytes]:
    for part in _SLOT.split(message):
        yield values[part] if part in values else part.encode()


def _is_fresh(scheme: Scheme, stamp: str, now_s: float) -> bool:
    if scheme.timestamp is None:
        return True
    signed_s = int(stamp) / (1000 if scheme.timestamp.unit == "ms" else 1)
    return abs(now_s - signed_s) <= scheme.timestamp.tolerance_s
