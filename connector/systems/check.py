"""The test of a connection: can one sign in, and whose account is it?"""

from dataclasses import replace

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Answer, Trouble
from connector.systems.condition import all_hold
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import CheckResult
from connector.systems.reading.fetch import fetch
from connector.systems.reading.read import begin
from connector.systems.template import settle
from connector.systems.wire import forms


def check(caller: Caller) -> CheckResult:
    """Make the test call. Raises SystemFailure with what a person can do about it."""
    context, spec = caller.context, caller.context.system.check
    answer = _ask(caller)
    expected = tuple(settle(condition, context.scope()) for condition in spec.expect)
    if not all_hold(expected, answer.body, answer.headers):
        raise SystemFailure(
            Kind.CONFIG, f"{context.title} let us in, but this is not the account of the settings."
        )
    shown = {}
    for label, place in spec.show.items():
        try:
            shown[label] = forms.scalar(path.find(answer.body, place))[:200]
        except ValueError:
            continue
    return CheckResult(shown)


def _ask(caller: Caller) -> Answer:
    spec = caller.context.system.check
    if spec.request is not None:
        answer = caller.ask(spec.request, caller.context.scope(), "read")
        if not isinstance(answer, Trouble):
            return answer
        if answer.kind in ("missing", "refused"):
            answer = replace(answer, kind="config")
        raise answer.failure()
    stream = caller.context.stream(spec.stream or "")
    at = begin(caller, stream, mark="", full=True)
    page = fetch(caller, stream.request, stream.pages, stream.cursor, at, about=stream.name)
    return page or Answer(200, {})
