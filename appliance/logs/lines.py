"""How a record is written: JSON for machines, or a line for people."""

import logging
from datetime import UTC, datetime

from pythonjsonlogger.json import JsonFormatter

LINE = "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"


class _Utc(logging.Formatter):
    """Time as RFC 3339 has it, in UTC."""

    def formatTime(  # noqa: N802 -- logging's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Json(_Utc, JsonFormatter):
    """One object a line: time (UTC, RFC 3339), level, process, name, message, and the extras."""

    def __init__(self) -> None:
        super().__init__(
            LINE,
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )


class Line(_Utc):
    """A line for people. A traceback follows it, moved in so that no line of it looks like ours."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = super().format(record).split("\n")
        return "\n".join([first, *(f"    {line}" for line in rest)])
