"""What can be wrong with a job.

JobError
  UnknownKind   the kind is not on the closed list
  NotIds        the arguments hold something else than ids
"""

import traceback


class JobError(Exception):
    """Base of the floor's errors. `message` is safe to show and to store."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownKind(JobError):
    """A job names a kind that is not on the closed list; nothing is run for it."""


class NotIds(JobError):
    """Arguments of a job are ids: text of at most 100 characters, or whole numbers."""


def safe_text(error: BaseException) -> str:
    """What may be stored of an error: its class, and its text only where the text is our own.

    A foreign exception may carry a record, an address or a secret in its text.
    """
    root = type(error).__module__.partition(".")[0]
    message = getattr(error, "message", None)
    if root in ("connector", "appliance") and isinstance(message, str):
        return message[:500]
    return type(error).__name__


def frames(error: BaseException) -> str:
    """Where an error came from, for the log: code and lines, without the error's text."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()
