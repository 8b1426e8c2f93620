"""The filter that every record passes before it is written, and the handler behind it."""

import io
import logging
import sys
import traceback
from typing import Any

from appliance.logs import names, redact, rows
from connector.crypto.secret import MASK

# What every record has; anything else came with `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LOST = "a message of %s could not be formatted (%s)"


class Redact(logging.Filter):
    """Makes of a record one that holds no secret: message, arguments, extras and traceback.

    The message is formatted here, once, so nothing behind it sees an argument.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            _redact(record)
        except Exception as exc:
            record.msg = _LOST % (record.name, type(exc).__name__)
            record.args, record.exc_info, record.exc_text = None, None, None
            record.stack_info = None
            for name in vars(record).keys() - STANDARD:
                delattr(record, name)
        return True


class StandardError(logging.StreamHandler[Any]):
    """Standard error. What can't be written is said without what it was."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.addFilter(Redact())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        kind = sys.exc_info()[0]
        if sys.stderr:
            name = kind.__name__ if kind else "unknown"
            sys.stderr.write(f"a line of {record.name} could not be written ({name})\n")


def _redact(record: logging.LogRecord) -> None:
    message = _message(record)
    if record.name.startswith("django.db.backends"):
        message = rows.statement(message)
        vars(record).update({name: MASK for name in ("sql", "params") if name in vars(record)})
    record.msg = one_line(redact.text(message))
    record.args = None
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = trace(record.exc_info[1])
    elif record.exc_text:
        record.exc_text = redact.text(record.exc_text)
    record.exc_info = None
    if record.stack_info:
        record.stack_info = redact.text(record.stack_info)
    for name in vars(record).keys() - STANDARD:
        given = getattr(record, name)
        hidden = names.is_secret(name) and given is not None
        setattr(record, name, MASK if hidden else redact.value(given))


def _message(record: logging.LogRecord) -> str:
    """The formatted message; secrets under their names are hidden while they are still apart."""
    args = record.args
    if isinstance(args, dict):
        args = redact.value(args)
    elif isinstance(args, tuple):
        args = tuple(
            redact.value(one) if isinstance(one, dict | list | tuple | set | bytes) else one
            for one in args
        )
    message = str(record.msg)
    return message % args if args else message


def trace(exc: BaseException) -> str:
    """A traceback with its chain and notes; without the values of variables, and redacted."""
    out = io.StringIO()
    shown = traceback.TracebackException.from_exception(exc, capture_locals=False, compact=True)
    for line in shown.format(chain=True):
        out.write(line)
        if out.tell() > redact.MOST_READ:
            break
    return redact.text(out.getvalue().rstrip("\n"))


def one_line(text: str) -> str:
    """Nothing in a message begins a new line or steers a terminal (CWE-117)."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
