"""One pass over bytes of any length for many secrets at once, also inside what is compressed."""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from appliance.leaktest.spellings import spellings

SHORTEST = 15  # a needle of so many bytes holds a whole word of eight, wherever it stands
SHORTEST_SECRET = 16
PREFIX = 8  # so many bytes are looked for; the rest is compared where they stand
DEPTH = 2  # a member of an archive in an archive
MOST_INFLATED = 64_000_000  # of one member, against bombs
PIECE = 1 << 16
HEAD = 64  # of a compressed member: enough to see what it is
MEMBER = re.compile(rb"\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|PK\x03\x04")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """Which secret was found, in which spelling. It holds no part of the secret."""

    secret: str
    form: str


@dataclass(frozen=True, slots=True)
class Needles:
    """What is looked for. Where none of its words stands on an eighth byte, there is none of it."""

    words: frozenset[int] = field(repr=False)
    by_prefix: Mapping[bytes, tuple[tuple[bytes, Hit], ...]] = field(repr=False)
    pattern: re.Pattern[bytes] = field(repr=False)
    longest: int


@dataclass(slots=True)
class Seen:
    """What one place held."""

    size: int = 0
    hits: set[Hit] = field(default_factory=set)


def needles(secrets: Mapping[str, str]) -> Needles:
    """Prepare the search for secrets by name.

    Raises:
        ValueError: a secret is so short that it would be found by chance.
    """
    wanted: dict[bytes, list[tuple[bytes, Hit]]] = {}
    for name, secret in secrets.items():
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"{name} is too short to be looked for")
        for form, needle in spellings(secret).items():
            wanted.setdefault(needle[:PREFIX], []).append((needle, Hit(name, form)))
    first = [needle[:SHORTEST] for found in wanted.values() for needle, _ in found]
    return Needles(
        frozenset(_word(part[at : at + 8]) for part in first for at in range(8)),
        {prefix: tuple(found) for prefix, found in wanted.items()},
        _pattern(wanted),
        max(len(needle) for found in wanted.values() for needle, _ in found),
    )


def look(what: Needles, chunks: Iterable[bytes]) -> Seen:
    """Search a stream; memory stays flat however long it is."""
    seen = Seen()
    stream = _Stream(what, seen.hits)
    for chunk in chunks:
        seen.size += len(chunk)
        for at in range(0, len(chunk), PIECE):
            stream.feed(chunk[at : at + PIECE])
    stream.feed(b"", last=True)
    return seen


def _word(part: bytes) -> int:
    return memoryview(part).cast("Q")[0]


def _pattern(prefixes: Iterable[bytes]) -> re.Pattern[bytes]:
    """An alternation by the first byte, which the engine skips to quickly."""
    rests: dict[bytes, list[bytes]] = {}
    for prefix in sorted(prefixes):
        rests.setdefault(re.escape(prefix[:1]), []).append(re.escape(prefix[1:]))
    return re.compile(
        b"|".join(first + b"(?:" + b"|".join(rest) + b")" for first, rest in rests.items()),
        re.DOTALL,
    )


@dataclass(slots=True)
class _Member:
    """A compressed part that is being read."""

    inflate: "zlib._Decompress"
    skip: int
    into: "_Stream"
    size: int = 0

    def feed(self, data: bytes) -> bool:
        """Read on; whether there is more to come."""
        skipped, self.skip = self.skip, max(0, self.skip - len(data))
        data = data[skipped:]
        try:
            while data:
                plain = self.inflate.decompress(data, PIECE)
                self.size += len(plain)
                self.into.feed(plain)
                data = self.inflate.unconsumed_tail
        except zlib.error:
            return False
        return not self.inflate.eof and self.size < MOST_INFLATED


@dataclass(slots=True)
class _Stream:
    """A window that moves over a stream."""

    what: Needles
    hits: set[Hit]
    depth: int = 0
    window: bytes = b""
    looked: int = 0  # of the window: up to here compressed members were looked for
    members: list[_Member] = field(default_factory=list)

    def feed(self, data: bytes, *, last: bool = False) -> None:
        for member in [one for one in self.members if not one.feed(data)]:
            member.into.feed(b"", last=True)
            self.members.remove(member)
        self.window += data
        self.hits.update(_found(self.what, self.window))
        if self.depth < DEPTH:
            self._open(len(self.window) if last else len(self.window) - HEAD)
        if last:
            for member in self.members:
                member.into.feed(b"", last=True)
            self.members.clear()
        cut = max(0, len(self.window) - max(self.what.longest, HEAD) + 1)
        self.window, self.looked = self.window[cut:], max(0, self.looked - cut)

    def _open(self, until: int) -> None:
        """Begin to read the members that begin in the window."""
        for start in MEMBER.finditer(self.window, self.looked):
            if start.start() >= until:
                break
            member = self._member(start.start())
            if member and member.feed(self.window[start.start() :]):
                self.members.append(member)
            elif member:
                member.into.feed(b"", last=True)
        self.looked = max(self.looked, until)

    def _member(self, at: int) -> _Member | None:
        into = _Stream(self.what, self.hits, self.depth + 1)
        head = self.window[at : at + 30]
        if head[:2] != b"PK":
            return _Member(zlib.decompressobj(zlib.MAX_WBITS | 32), 0, into)
        if len(head) < 30 or head[8:10] != b"\x08\0":
            return None
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return _Member(zlib.decompressobj(-zlib.MAX_WBITS), 30 + names, into)


def _found(what: Needles, window: bytes) -> Iterator[Hit]:
    whole = memoryview(window)[: len(window) // 8 * 8].cast("Q")
    if what.words.isdisjoint(whole):
        return
    place = what.pattern.search(window)
    while place:
        at = place.start()
        for needle, hit in what.by_prefix[place.group()]:
            if window.startswith(needle, at):
                yield hit
        place = what.pattern.search(window, at + 1)
