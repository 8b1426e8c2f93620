"""Writes that the system works off later: asked again and again until they are done."""

import time
from dataclasses import replace

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Answer, Trouble
from connector.systems.condition import holds
from connector.systems.errors import SystemFailure
from connector.systems.outcomes import Refused, Uncertain
from connector.systems.render import Outgoing
from connector.systems.spec_objects import WaitFor

MOST_S = 60.0


def wait(
    caller: Caller, spec: WaitFor, outgoing: Outgoing, answer: Answer, *, about: str
) -> Answer | Refused | Uncertain:
    """The last answer of the job. At most a minute is waited here; after that it is uncertain."""
    title = caller.context.title
    where = path.take(spec.location, answer.body, answer.headers)
    if not isinstance(where, str) or not where:
        return Uncertain(f"{title} took it but did not say where to ask for the result.")
    try:
        asked = replace(
            outgoing, method="GET", body=None, reads=True, url=caller.elsewhere(outgoing, where)
        )
    except SystemFailure as failure:
        return Uncertain(failure.message)
    until = time.monotonic() + min(spec.most_s, MOST_S)
    while True:
        result = caller.call(asked, "one", about=about)
        if isinstance(result, Trouble):
            if result.kind not in ("transient", "rate_limited"):
                return Uncertain(result.message)
        elif spec.failed and holds(spec.failed, result.body, result.headers):
            return Refused(f"{title} took it but could not carry it out.")
        elif holds(spec.done, result.body, result.headers):
            return result
        if time.monotonic() + spec.every_s > until:
            return Uncertain(f"{title} is still working on it.", spec.every_s)
        time.sleep(spec.every_s)
