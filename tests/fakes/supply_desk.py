"""A small system that nobody ships: suppliers in pages, an API key, look-up by reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from tests.fakes.server import Answer, Asked, Fake, serve

DESCRIPTION = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
CHANGED_AT = "2026-11-01T08:00:00Z"


@dataclass(slots=True)
class Desk:
    """What the desk holds, and who may ask for it."""

    key: str
    suppliers: list[dict[str, Any]] = field(default_factory=list)
    broken: int = 0  # the status that every write gets, with all that was said in the answer
    is_asked: Event = field(default_factory=Event)
    go_on: Event | None = None  # every answer waits for it, if there is one

    def add(self, given: dict[str, Any]) -> dict[str, Any]:
        made = {"id": f"s{len(self.suppliers) + 1}", "changed_at": CHANGED_AT, **given}
        self.suppliers.append(made)
        return made

    def answer(self, asked: Asked) -> Answer:
        if self.go_on:
            self.is_asked.set()
            self.go_on.wait(60)
        if asked.headers.get("x-api-key") != self.key:
            return Answer({"problem": f"who is {asked.headers.get('x-api-key')}?"}, 401)
        if self.broken and asked.method != "GET":
            said = f"{asked.headers} {asked.body.decode()}"
            return Answer({"problem": said, "error": said}, self.broken)
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "GET", ["desk"]:
                return Answer({"name": "Desk of the tests"})
            case "GET", ["suppliers"]:
                return self._page(asked.query)
            case "GET" | "PATCH", ["suppliers", id_]:
                found = next((one for one in self.suppliers if one["id"] == id_), None)
                if found is not None and asked.method == "PATCH":
                    found |= asked.json
                return Answer(found) if found else Answer(status=404)
            case "POST", ["suppliers"]:
                return Answer(self.add(asked.json), 201)
        return Answer(status=404)

    def _page(self, query: dict[str, str]) -> Answer:
        wanted = query.get("reference")
        found = [one for one in self.suppliers if wanted in (None, one.get("reference"))]
        first = (int(query.get("page", 1)) - 1) * int(query.get("per", 100))
        page = found[first : first + int(query.get("per", 100))]
        return Answer({"suppliers": page, "total": len(found)})


@contextmanager
def supply_desk(key: str) -> Iterator[tuple[Desk, Fake]]:
    """A desk at an address on loopback."""
    desk = Desk(key)
    with serve(desk.answer) as fake:
        yield desk, fake
