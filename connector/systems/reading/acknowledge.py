"""Telling the source what was taken. Sent after the ledger has it, and safe to repeat."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.systems.call import Caller
from connector.systems.classify import Trouble
from connector.systems.spec_objects import Stream


def acknowledge(
    caller: Caller, stream: Stream, batch: Sequence[Mapping[str, Any]], *, key: str
) -> None:
    """Send a batch, in as many calls as the system wants.

    Args:
        batch: of `{id, remote_id, ok, message}`.
        key: the same on every repeat of the same batch.

    Raises:
        SystemFailure: some or all of it was not taken; send the whole batch again.
    """
    spec = stream.acknowledge
    if spec is None:
        return
    for number, start in enumerate(range(0, len(batch), spec.batch)):
        part = [dict(item) for item in batch[start : start + spec.batch]]
        own_key = key if len(batch) <= spec.batch else f"{key}-{number}"
        scope = caller.context.scope({"batch": part, "key": own_key})
        answer = caller.ask(spec.request, scope, "acknowledge", about=stream.name)
        if isinstance(answer, Trouble):
            raise answer.failure()
