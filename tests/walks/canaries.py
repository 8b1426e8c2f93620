"""Looking for a text in everything that a box keeps, in each spelling that bytes may have."""

import base64
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from appliance.database.embedded import SUPERUSER, binaries
from appliance.database.url import NAME
from tests.walks.live import Live


def spellings(text: str) -> dict[str, bytes]:
    """What to look for: the text as bytes of each usual encoding."""
    plain = text.encode()
    found = {
        "utf-8": plain,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "hex of utf-16": text.encode("utf-16-le").hex().encode(),
        "backwards": plain[::-1],
        "url": quote(text, safe="").encode(),
        "url, every byte": "".join(f"%{byte:02X}" for byte in plain).encode(),
    }
    for shift in range(3):  # base64 of a longer text spells it in three ways, by where it begins
        coded = base64.b64encode(b"\0" * shift + plain)
        whole = coded[-(-shift * 8 // 6) : len(coded) - 4]
        found[f"base64 at {shift}"] = whole
        found[f"base64url at {shift}"] = whole.replace(b"+", b"-").replace(b"/", b"_")
    return found


def hits(core: str, sources: Iterator[tuple[str, bytes]]) -> list[str]:
    """Where a text stands, how it is spelled there, and what stands around it."""
    needles = spellings(core)
    return [
        f"{name}: {spelling}: {data[max(0, place - 60) : place + 100]!r}"
        for name, data in sources
        for spelling, needle in needles.items()
        if (place := data.find(needle)) >= 0
    ]


def dump(live: Live) -> bytes:
    """The whole database as SQL, as whoever steals a dump has it."""
    return subprocess.run(
        [
            *(str(binaries() / "pg_dump"), "--host", str(live.home.socket)),
            *("--username", SUPERUSER, "--dbname", NAME),
        ],
        env={**os.environ, "PGPASSWORD": live.home.password_file("superuser").read_text().strip()},
        capture_output=True,
        check=True,
    ).stdout


def files(folder: Path, *, but: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """The bytes of every file below a folder."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if name.parts[0] not in but and file.is_file():
            try:
                yield str(name), file.read_bytes()
            except FileNotFoundError:  # the database drops files of its own while we read
                continue


def everything(live: Live, said: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """All that a box keeps or says, but for the records of the practice systems themselves."""
    live.rows("CHECKPOINT")
    yield "pg_dump", dump(live)
    yield "jobs", "\n".join(row[0] for row in live.rows("SELECT j::text FROM jobs_job j")).encode()
    yield from files(live.home.path, but=("practice-systems",))
    yield from ((name, text.encode()) for name, text in said.items())
