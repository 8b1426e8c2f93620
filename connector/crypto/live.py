"""The secrets that are open in this process just now, known so that no log line shows them.

While somebody has them open, the values are kept as keyed hashes alone: the value as it is and
as base64 (each alignment, both alphabets), hex, percent-encoded, inside JSON and inside HTML. A
search looks at places that begin like one of them, and hashes what stands there.
"""

import base64
import hashlib
import html
import json
import re
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from connector.crypto.secret import MASK, Secret

LEAST = 6  # shorter ones would be found in every other word
HEAD = 3
_ESCAPE = re.compile("%[0-9A-F]{2}")
_KEY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which a secret is written: how it begins, how long it is, what it hashes to."""

    head: str
    length: int
    digest: bytes


_open: Counter[_Form] = Counter()
_lock = threading.Lock()
_search: re.Pattern[str] | None = None
_by_head: dict[str, dict[int, set[bytes]]] = {}


class Known:
    """Secrets that one opener knows of. `hide` finds them, from every thread, until `close`."""

    def __init__(self) -> None:
        self._forms: set[_Form] = set()

    def add(self, values: Iterable[Secret]) -> None:
        """Know of these as well."""
        new = {form for value in values for form in _forms(value.reveal())} - self._forms
        self._forms |= new
        _change(new, +1)

    def close(self) -> None:
        """Forget them all."""
        forms, self._forms = self._forms, set()
        _change(forms, -1)


@contextmanager
def known(values: Iterable[Secret]) -> Iterator[None]:
    """While the block lasts, `hide` finds these values."""
    opener = Known()
    opener.add(values)
    try:
        yield
    finally:
        opener.close()


def hide(text: str) -> str:
    """The text with every open secret in it, in any of its forms, replaced by "***"."""
    search = _search
    if search is None:
        return text
    out, done = [], 0
    for match in search.finditer(text):
        start = match.start()
        if start < done:
            continue
        length = _length_at(text, start)
        if length:
            out += [text[done:start], MASK]
            done = start + length
    return "".join([*out, text[done:]]) if out else text


def _length_at(text: str, start: int) -> int:
    lengths = _by_head.get(text[start : start + HEAD], {})
    for length in sorted(lengths, reverse=True):
        piece = text[start : start + length]
        if len(piece) == length and _digest(piece) in lengths[length]:
            return length
    return 0


def _change(forms: Iterable[_Form], number: int) -> None:
    global _search, _by_head
    with _lock:
        for form in forms:
            _open[form] += number
            if not _open[form]:
                del _open[form]
        by_head: dict[str, dict[int, set[bytes]]] = {}
        for form in _open:
            by_head.setdefault(form.head, {}).setdefault(form.length, set()).add(form.digest)
        _by_head = by_head
        _search = re.compile(_heads_of(by_head)) if by_head else None


def _heads_of(heads: Iterable[str]) -> str:
    """A pattern that takes one character and looks at the next two: so matches may overlap."""
    after: dict[str, list[str]] = {}
    for head in sorted(heads):
        after.setdefault(head[0], []).append(re.escape(head[1:]))
    return "|".join(f"{re.escape(one)}(?={'|'.join(rest)})" for one, rest in after.items())


def _forms(text: str) -> set[_Form]:
    written = {text, *text.splitlines()} if "\n" in text else {text}
    found = {piece for piece in written if len(piece) >= LEAST}
    for piece in tuple(found):
        found |= _encoded(piece)
    return {_Form(piece[:HEAD], len(piece), _digest(piece)) for piece in found}


def _encoded(piece: str) -> set[str]:
    raw = piece.encode()
    found = {
        raw.hex(),
        raw.hex().upper(),
        quote(piece, safe=""),
        quote(piece),
        quote_plus(piece),
        json.dumps(piece)[1:-1],
        html.escape(piece),
        repr(piece)[1:-1],
    }
    found |= {_ESCAPE.sub(lambda escape: escape.group().lower(), one) for one in found}
    for shift in range(3):
        # What stands before moves the value within groups of three bytes; of the first and the
        # last group only the characters that belong to the value alone are the same each time.
        whole = base64.b64encode(b"\0" * shift + raw)
        first = (0, 2, 3)[shift]
        last = len(whole.rstrip(b"=")) - (1 if (len(raw) + shift) % 3 else 0)
        core = whole[first:last].decode()
        if len(core) >= LEAST:
            found |= {core, core.translate(str.maketrans("+/", "-_"))}
    return found


def _digest(piece: str) -> bytes:
    return hashlib.blake2b(piece.encode(errors="replace"), key=_KEY, digest_size=16).digest()
