"""Marks: how far a stream was read. The highest value seen, never the clock. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from connector.systems import path
from connector.systems.errors import Kind, SystemFailure
from connector.systems.path import MISSING
from connector.systems.spec_objects import Cursor
from connector.systems.wire import dates, decimals

Value: TypeAlias = datetime | int | str

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one cursor, in the connection's zone. A mark is text; "" is none."""

    cursor: Cursor
    zone: tzinfo

    def read(self, mark: str) -> Value:
        """Raises SystemFailure (config) if a stored mark is none of this cursor's."""
        return self._typed(mark, "The mark of the stream")

    def knows(self, mark: str) -> bool:
        """Whether a stored mark is of this cursor's grain; a description may have changed."""
        try:
            self.read(mark)
        except SystemFailure:
            return False
        return True

    def begin(self, mark: str) -> Value | None:
        """Where reading begins: the overlap before the mark, or the start; None is no bound."""
        if not mark:
            start = self.cursor.start
            return None if start is None else self._typed(start, "The start of the cursor")
        value = self.read(mark)
        if isinstance(value, datetime):
            return max(value - timedelta(seconds=self.cursor.overlap_s), _EARLIEST)
        return value

    def too_old(self, mark: str, now: datetime) -> bool:
        """Whether the system gives no changes as far back as this."""
        value = self.read(mark)
        most = self.cursor.max_age_s
        if most is None or not isinstance(value, datetime):
            return False
        return value - timedelta(seconds=self.cursor.overlap_s) < now - timedelta(seconds=most)

    def highest(self, mark: str, records: Iterable[Any], until: datetime | None) -> str:
        """The mark after these records, rounded down; it never goes back, nor beyond `until`."""
        seen = [value for record in records if (value := self._of(record)) is not None]
        values: list[Any] = [self.read(mark)] if mark else []
        if seen:
            top: Any = max(seen)
            if until is not None and isinstance(top, datetime):
                top = min(top, until)
            values.append(self._down(top))
        return self._text(max(values)) if values else ""

    def _of(self, record: Any) -> Value | None:
        for place in (self.cursor.field, self.cursor.else_):
            found = MISSING if place is None else path.find(record, place)
            if found is not MISSING and found not in (None, ""):
                return self._typed(found, f'The field "{".".join(map(str, self.cursor.field))}"')
        return None

    def _typed(self, value: Any, what: str) -> Value:
        grain = self.cursor.grain
        try:
            if grain == "text":
                return value if isinstance(value, str) else decimals.plain(decimals.read(value))
            if grain == "integer":
                return int(decimals.read(value))
            return dates.read_datetime(value, self.zone)
        except (ValueError, OverflowError):
            raise SystemFailure(Kind.CONFIG, f"{what} is not of the grain {grain}.") from None

    def _down(self, value: Value) -> Value:
        if not isinstance(value, datetime):
            return value
        match self.cursor.grain:
            case "day":
                local = value.astimezone(self.zone)
                return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
            case "minute":
                return value.replace(second=0, microsecond=0)
            case "second":
                return value.replace(microsecond=0)
            case _:
                return value.replace(microsecond=value.microsecond // 1000 * 1000)

    def _text(self, value: Value) -> str:
        if isinstance(value, datetime):
            return str(dates.write_datetime(value, "iso_ms", UTC))
        return str(value)
