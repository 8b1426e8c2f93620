"""What waits for a person: records held, rejected or uncertain, in groups with one cause each."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.flows import held
from connector.flows.models import Delivery, Flow, HeldRecord

GROUPS = 100
State = Delivery.State


@dataclass(frozen=True, slots=True)
class Group:
    """Records with one cause.

    kind: held, rejected or uncertain. `text` may hold a value of a record and is
    for roles that may see data. `wait_key` is set where something is missing that
    a person can supply: `map:gl-accounts:6405`.
    """

    kind: str
    flow: Flow
    cause: str
    records: int
    since: datetime
    field: str = ""
    reason: str = ""
    text: str = dataclasses.field(default="", repr=False)
    wait_key: str = dataclasses.field(default="", repr=False)

    @property
    def map_slug(self) -> str:
        """The value map that lacks an entry, or ""."""
        kind, _, rest = self.wait_key.partition(":")
        return rest.partition(":")[0] if kind == "map" else ""

    @property
    def missing_key(self) -> str:
        """The key that the map lacks, or ""."""
        return self.wait_key.split(":", 2)[2] if self.map_slug else ""


def groups() -> list[Group]:
    """Everything that waits, the largest groups first."""
    found = [*_held_groups(), *_delivery_groups()]
    return sorted(found, key=lambda group: (-group.records, group.since))


def waiting() -> int:
    """How many records wait for a person, counted up to 1,000."""
    # Without the order of the model: it would sort all that wait to count the first of them.
    rows = HeldRecord.objects.filter(state=HeldRecord.State.WAITING).order_by()
    number = len(rows.values_list("pk", flat=True)[:1_000])
    open_ = deliveries().values_list("pk", flat=True)[: 1_000 - number]
    return number + len(open_)


def deliveries() -> QuerySet[Delivery]:
    """Deliveries that only a person can bring on."""
    return Delivery.objects.filter(state__in=[State.REJECTED, State.UNCERTAIN]).exclude(
        problem__in=["again", "send"]
    )


def held_records(flow: Flow, cause: str) -> QuerySet[HeldRecord]:
    """The records of one group, oldest first."""
    return HeldRecord.objects.filter(
        flow=flow, cause=cause, state=HeldRecord.State.WAITING
    ).order_by("pk")


def problem_text(row: Delivery) -> str:
    """What the system said, in clear; "" if it said nothing, or no key here opens it."""
    if not row.problem_sealed:
        return ""
    try:
        stored = envelope.open_json(
            Domain.PAYLOAD, bytes(row.problem_sealed), place=row.place("problem")
        )
    except CryptoError:
        return ""
    return str(stored["text"])


def _held_groups() -> list[Group]:
    rows = (
        HeldRecord.objects.filter(state=HeldRecord.State.WAITING)
        .values("flow_id", "cause")
        .annotate(records=Count("id"), since=Min("held_at"), sample=Max("id"))
        .order_by("-records")[:GROUPS]
    )
    found = list(rows)
    samples = {
        row.pk: row
        for row in HeldRecord.objects.filter(
            pk__in=[one["sample"] for one in found]
        ).select_related("flow")
    }
    return [_held_group(one, samples[one["sample"]]) for one in found if one["sample"] in samples]


def _held_group(counted: Mapping[str, Any], sample: HeldRecord) -> Group:
    first = _first_problem(sample)
    return Group(
        kind="held",
        flow=sample.flow,
        cause=sample.cause,
        records=counted["records"],
        since=counted["since"],
        field=str(first.get("field", "")),
        reason=str(first.get("reason", "")),
        text=str(first.get("text", "")),
        wait_key=str(first.get("wait_key", "")),
    )


def _first_problem(sample: HeldRecord) -> dict[str, object]:
    """One record that can't be opened must not hide all the others."""
    try:
        problems = held.problems_of(sample)
    except CryptoError:
        problems = []
    return problems[0] if problems else {"field": sample.fields[0], "reason": sample.reasons[0]}


def _delivery_groups() -> list[Group]:
    rows = (
        deliveries()
        .values("flow_id", "state", "problem")
        .annotate(records=Count("id"), since=Min("settled_at"), sample=Max("id"))
        .order_by("-records")[:GROUPS]
    )
    found = list(rows)
    samples = _samples([one["sample"] for one in found])
    return [
        Group(
            kind=one["state"],
            flow=samples[one["sample"]].flow,
            cause=one["problem"],
            records=one["records"],
            since=one["since"] or samples[one["sample"]].created_at,
            reason=one["problem"],
            text=problem_text(samples[one["sample"]]),
        )
        for one in found
        if one["sample"] in samples
    ]


def _samples(ids: Sequence[int]) -> dict[int, Delivery]:
    rows = Delivery.objects.filter(pk__in=ids).select_related("flow", "route")
    return {row.pk: row for row in rows}
