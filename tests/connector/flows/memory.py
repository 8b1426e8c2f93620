"""Two systems in memory for whole runs: a source to change, a target that misbehaves by script."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Literal

from connector.flows.models import Connection
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import (
    Delivered,
    Found,
    NoneThere,
    NotSent,
    Outcome,
    Page,
    Prepared,
    ReadBack,
    Refused,
    Uncertain,
)

UNSEEN_S = 1_000
PER_PAGE = 2
Contract = Literal["by key", "by look-up", "nothing"]


class Died(BaseException):
    """Stands for SIGKILL: nothing that handles exceptions handles it."""


class Source:
    """Vendors in the order of their last change; the mark is the number of that change."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[int, str]] = {}
        self.changes = 0

    def change(self, key: str, name: str) -> None:
        self.changes += 1
        self.records[key] = (self.changes, name)

    def read_page(
        self, _stream: str, *, position: Mapping[str, Any] | None, mark: str, full: bool
    ) -> Page:
        after = position["after"] if position else 0 if full else int(mark or 0)
        newer = sorted((n, key, name) for key, (n, name) in self.records.items() if n > after)
        shown = newer[:PER_PAGE]
        last = shown[-1][0] if shown else after
        more = {"after": last} if len(newer) > PER_PAGE else None
        return Page(tuple(_vendor(key, name) for _, key, name in shown), more, str(last))

    def read_one(self, _stream: str, key: str) -> Mapping[str, Any] | None:
        return _vendor(key, self.records[key][1]) if key in self.records else None

    def record_key(self, _stream: str, record: Mapping[str, Any]) -> str:
        return str(record["id"])


def _vendor(key: str, name: str) -> dict[str, Any]:
    return {"id": key, "name": name, "country": "DE", "currency": "EUR", "payment_days": 30}


class Target:
    """A ledger of vendors. `script` says what befalls the next writes; `late` is on its way."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.script: list[str] = []
        self.blind = False
        self.dead = False
        self.names: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.created: Counter[str] = Counter()
        self.answers: dict[str, Outcome] = {}
        self.late: list[Prepared] = []
        find = SimpleNamespace(lag_s=0) if self.can_find("vendor") else None
        self.system = SimpleNamespace(
            limits=SimpleNamespace(concurrent=2, timeout_s=UNSEEN_S),
            objects={"vendor": SimpleNamespace(find=find)},
        )

    def land(self) -> None:
        """What is under way arrives, unseen by anybody."""
        while self.late:
            self._take(self.late.pop(0))

    def repeat_window_s(self, _object: str, verb: str) -> float:
        return 86_400.0 if self.contract == "by key" and verb == "create" else 0.0

    def can_find(self, _object: str) -> bool:
        return self.contract == "by look-up"

    looks_first = can_find

    def can_read_back(self, _object: str) -> bool:
        return self.contract != "nothing"

    def reads_before_update(self, _object: str) -> bool:
        return False

    def steps(self, _object: str, _verb: str) -> int:
        return 0

    def prepare_create(
        self, _object: str, values: Mapping[str, Any], *, key: str, external_id: str
    ) -> Prepared:
        return _prepared("create", values, key=key, external_id=external_id)

    def prepare_update(
        self, _object: str, values: Mapping[str, Any], *, remote_id: str, key: str, **_: Any
    ) -> Prepared:
        return _prepared("update", values, key=key, remote_id=remote_id)

    def send(self, prepared: Prepared) -> Outcome:
        if self.dead:
            raise Died
        befalls = self.script.pop(0) if self.script else "fine"
        match befalls:
            case "busy":
                return NotSent(SystemFailure(Kind.TRANSIENT, "busy"))
            case "refused":
                return self._refuse(prepared)
            case "lost on its way" | "killed before":
                pass
            case "late" | "killed while under way":
                self.late.append(prepared)
            case _:
                outcome = self._take(prepared)
        if befalls.startswith("killed"):
            self.dead = True
            raise Died
        return outcome if befalls == "fine" else Uncertain("no answer")

    def find(self, _object: str, _values: Any, *, external_id: str) -> Found | NoneThere:
        self._must_answer()
        if external_id in self.ids:
            return Found(self.ids[external_id])
        return NoneThere(proven=True)

    def read_back(self, _object: str, remote_id: str) -> ReadBack | None:
        self._must_answer()
        if remote_id not in self.names:
            return None
        key = next(key for key, id_ in self.ids.items() if id_ == remote_id)
        record = _vendor(key, self.names[remote_id])
        values = {"reference": key, "name": record["name"], "country": "DE", "currency": "EUR"}
        return ReadBack(record, {**values, "terms_days": 30})

    def _must_answer(self) -> None:
        if self.dead:
            raise Died
        if self.blind:
            raise SystemFailure(Kind.TRANSIENT, "no look-up now")

    def _refuse(self, prepared: Prepared) -> Outcome:
        key = prepared.headers["Key"]
        if self.contract == "by key" and key in self.answers:
            return self.answers[key]
        self.answers[key] = Refused("not like this")
        return self.answers[key]

    def _take(self, prepared: Prepared) -> Outcome:
        key, values = prepared.headers["Key"], json.loads(prepared.body or b"")
        if self.contract == "by key" and key in self.answers:
            return self.answers[key]
        reference = values["reference"]
        if prepared.verb == "create":
            self.created[reference] += 1
            remote_id = f"R-{reference}-{self.created[reference]}"
            # A look-up by our reference finds the first.
            self.ids.setdefault(reference, remote_id)
            self.ids.setdefault(prepared.external_id, remote_id)
        else:
            remote_id = prepared.remote_id
        self.names[remote_id] = values["name"]
        self.answers[key] = Delivered(remote_id)
        return self.answers[key]


def _prepared(
    verb: Literal["create", "update"],
    values: Mapping[str, Any],
    *,
    key: str,
    external_id: str = "",
    remote_id: str = "",
) -> Prepared:
    return Prepared(
        object="vendor",
        verb=verb,
        method="POST",
        base="main",
        target="vendors",
        headers={"Key": key},
        body=json.dumps(dict(values)).encode(),
        remote_id=remote_id,
        external_id=external_id,
    )


def opener(source: Source, target: Target) -> Callable[..., Any]:
    """In place of connector.flows.clients.open_client."""

    @contextmanager
    def open_client(connection: Connection, **_: Any) -> Iterator[Source | Target]:
        yield source if connection.slug == "erp" else target

    return open_client
