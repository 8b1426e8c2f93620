"""What the flows refuse or give up.

FlowsError               the message is safe to show
  BadDefinition          a flow, a map or a connection that can't be saved; with its findings
  RunStopped             a run can't go on: wrong settings, a system that doesn't answer
  RunHandedOver          the slice is over early; another will go on from the last page
  NotPossible            an act that the present state doesn't allow
"""

from collections.abc import Sequence


class FlowsError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadDefinition(FlowsError):
    """It can't be saved. `findings` lists everything that is wrong, one text each."""

    def __init__(self, message: str, findings: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *findings]))
        self.summary = message
        self.findings = tuple(findings)


class RunStopped(FlowsError):
    """The run stops here. Nothing is lost: what was read is counted, the rest is read again."""


class RunHandedOver(FlowsError):
    """The slice ends before its page does; nothing of that page was counted."""

    def __init__(self, message: str, *, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class NotPossible(FlowsError):
    """The present state does not allow it; nothing was changed."""
