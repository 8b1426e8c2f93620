"""What a row can see while one record is mapped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.flows.mapping.links import LinkKey
    from connector.flows.mapping.outcomes import Step
    from connector.flows.mapping.value_maps import ValueMapEntries

NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RunContext:
    """Facts of the run: settings of both connections (never secrets), and its start.

    The zone of a date is the setting `zone` of the source connection (IANA name).
    """

    started_at: datetime
    date: date
    source: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    destination: Mapping[str, object] = field(default_factory=lambda: NOTHING)

    @property
    def zone(self) -> str:
        return str(self.source.get("zone") or "")

    def as_values(self) -> dict[str, object]:
        return {"date": self.date, "started_at": self.started_at}


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NO_RUN = RunContext(started_at=EPOCH, date=EPOCH.date())


@dataclass(slots=True)
class Scope:
    """`item` is the record or, inside a list, the line; `out` is what has been mapped so far.

    `steps` is a list while a row is traced for a preview, else None.
    """

    item: object
    record: object
    run: RunContext
    links: Mapping["LinkKey", str]
    maps: Mapping[str, "ValueMapEntries"]
    out: dict[str, object] = field(default_factory=dict)
    steps: list["Step"] | None = None

    def line(self, item: object) -> "Scope":
        return Scope(item, self.record, self.run, self.links, self.maps, self.out)
