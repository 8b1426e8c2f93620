"""Writes made ready: all that goes out but for host and sign-in, byte for byte. Pure."""

from collections.abc import Mapping
from typing import Any

from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import Prepared, ReadBack, Verb
from connector.systems.render import Outgoing, json_body, merged, render
from connector.systems.scope import Scope
from connector.systems.spec_objects import ObjectSpec
from connector.systems.spec_request import Request
from connector.systems.wire import checks, fields, jsontext

Values = Mapping[str, Any]


class ChangedAfterFinal(SystemFailure):
    """The record there takes no such change any more; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(Kind.REFUSED, message)


def prepare_create(
    context: Context, spec: ObjectSpec, values: Values, *, key: str, external_id: str
) -> Prepared:
    """Raises SystemFailure: refused for what the record lacks or holds."""
    if spec.create is None:
        raise _cannot(context, spec, "made")
    if len(key) > spec.idempotency.most:
        raise SystemFailure(Kind.CONFIG, f"The key is too long for {context.title}.")
    _check(context, spec, values, "create")
    scope = _scope(context, spec, values, "create", key=key, external_id=external_id)
    outgoing = _render(context, spec.create.request, scope)
    return _prepared(spec, "create", outgoing, external_id=external_id)


def prepare_update(
    context: Context,
    spec: ObjectSpec,
    values: Values,
    *,
    remote_id: str,
    take: Values,
    key: str,
    external_id: str = "",
    current: ReadBack | None = None,
) -> Prepared:
    """The change of a record.

    Args:
        take: what is known of it there (`remote.*`); what `current` took goes over it.
        current: the record as read back; needed where the update merges over it.

    Raises:
        ChangedAfterFinal: it is final there, or its lines can't be replaced and differ.
        SystemFailure: refused for what the record lacks or holds.
    """
    update = spec.update
    if update is None:
        raise _cannot(context, spec, "changed")
    if current is not None and current.final:
        raise ChangedAfterFinal(f"{spec.title} {remote_id} takes no changes any more.")
    if not update.lines:
        values = _without_lines(spec, values, current)
    _check(context, spec, values, "update")
    remote = {**take, **(current.take if current else {})}
    scope = _scope(
        context, spec, values, "update", key=key, external_id=external_id, id=remote_id,
        remote=remote,
    )  # fmt: skip
    outgoing = _render(context, update.request, scope)
    if update.merge == "read" and not update.partial:
        outgoing = _over(outgoing, current)
    return _prepared(spec, "update", outgoing, remote_id=remote_id, external_id=external_id)


def prepare_void(
    context: Context, spec: ObjectSpec, *, remote_id: str, take: Values, key: str
) -> Prepared:
    """The cancelling of a record. Raises SystemFailure."""
    if spec.void is None:
        raise _cannot(context, spec, "voided")
    scope = _scope(context, spec, {}, "void", key=key, id=remote_id, remote=take)
    outgoing = _render(context, spec.void.request, scope)
    return _prepared(spec, "void", outgoing, remote_id=remote_id)


def _scope(context: Context, spec: ObjectSpec, values: Values, verb: Verb, **names: Any) -> Scope:
    return context.scope(
        {"record": dict(values), **names}, fields={"record": spec.fields}, verb=verb
    )


def _render(context: Context, request: Request, scope: Scope) -> Outgoing:
    return render(request, scope, common=context.system.headers)


def _prepared(
    spec: ObjectSpec, verb: Verb, outgoing: Outgoing, *, remote_id: str = "", external_id: str = ""
) -> Prepared:
    return Prepared(
        object=spec.name,
        verb=verb,
        method=outgoing.method,
        base=outgoing.base,
        target=outgoing.target,
        headers=outgoing.headers,
        body=outgoing.body,
        answer=outgoing.answer,
        remote_id=remote_id,
        external_id=external_id,
    )


def _check(context: Context, spec: ObjectSpec, values: Values, verb: str) -> None:
    wrong = [
        f'the field "{name}" {text}' for name, text in checks.problems(values, spec.fields, verb)
    ]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise SystemFailure(
            Kind.REFUSED, f"{context.title} can't be given this: {'; '.join(wrong[:3])}{more}."
        )


def _without_lines(spec: ObjectSpec, values: Values, current: ReadBack | None) -> Values:
    """The values without lists that are the same there. Raises ChangedAfterFinal for others."""
    kept = {}
    for name, value in values.items():
        if spec.fields[name].type != "list":
            kept[name] = value
        elif current is None or not _same_rows(current.values.get(name), value):
            raise ChangedAfterFinal(f'The rows of "{name}" can\'t be changed there any more.')
    return kept


def _same_rows(theirs: Any, ours: Any) -> bool:
    """Whether the rows there hold all that ours say."""
    if not isinstance(theirs, list) or len(theirs) != len(ours):
        return False
    return all(
        their.get(name) == value
        for their, our in zip(theirs, ours, strict=True)
        for name, value in our.items()
    )


def _over(outgoing: Outgoing, current: ReadBack | None) -> Outgoing:
    """The new body laid over the record as it was read."""
    if current is None or outgoing.body is None:
        raise SystemFailure(Kind.TRANSIENT, "The record must be read before it is changed.")
    whole = merged(dict(current.record), jsontext.decode(outgoing.body))
    return Outgoing(
        outgoing.method, outgoing.base, outgoing.target, outgoing.headers, json_body(whole),
        outgoing.answer,
    )  # fmt: skip


def _cannot(context: Context, spec: ObjectSpec, verb: str) -> SystemFailure:
    return SystemFailure(Kind.CONFIG, f"{spec.title} can't be {verb} in {context.title}.")


def read_back_values(context: Context, spec: ObjectSpec, record: Values) -> dict[str, Any]:
    """The mapped fields of a record as read, typed; what can't be read is left out."""
    out: dict[str, Any] = {}
    for name, field in spec.fields.items():
        try:
            out |= fields.read_all(record, {name: field}, context.system.wire, context.zone)
        except SystemFailure:
            continue
    return out
