"""From mapped records to calls that are claimed in the ledger, ready to leave."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import ledger, settle
from connector.flows.deliver import Call
from connector.flows.ledger import Claim
from connector.flows.mapping import canonical
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.outcomes import Mapped, Problem
from connector.flows.models import Delivery
from connector.flows.page import HeldBack, Page, ToSend
from connector.flows.values import encode
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import ReadBack
from connector.systems.writing.prepare import ChangedAfterFinal

if TYPE_CHECKING:
    from connector.flows.runner import Slice

Operation = Delivery.Operation
Backs = Mapping[bytes, ReadBack]


def read_back(slice_: "Slice", planned: Page) -> Backs:
    """Read what is there before it is changed, where the destination or the mapping wants that.

    A record that is final or gone there is moved from "to send" to "held"; one with rows
    of `mode: if_empty` gets those whose fields are empty there.

    Raises:
        SystemFailure: the destination doesn't answer; nothing was claimed.
    """
    object_ = slice_.run.version.object
    always = slice_.destination.reads_before_update(object_)
    asked = [
        one
        for one in planned.to_send
        if one.operation == Operation.UPDATE and (always or _fills(one.mapped))
    ]
    ids = [_remote(slice_, one)["id"] for one in asked]
    found = slice_.in_threads(lambda id_: slice_.destination.read_back(object_, id_), ids)
    backs = {}
    for one, back in zip(asked, found, strict=True):
        if back is not None and not back.final:
            backs[one.record.source_key] = back
            empty = {field for field in _fills(one.mapped) if _is_empty(back.values, field)}
            values = canonical.values_to_send(one.mapped, created=False, empty_there=empty)
            planned.to_send[planned.to_send.index(one)] = replace(one, values=values)
            continue
        text = "It is final there" if back else "It is not there any more"
        problem = Problem(
            "", Reason.CHANGED_AFTER_FINAL, None, f"{text}, so the change was not sent."
        )
        planned.to_send.remove(one)
        planned.held.append(HeldBack(one.record, (problem,)))
    return backs


def _fills(mapped: Mapped) -> list[str]:
    """The fields that are only sent where the destination has nothing."""
    return [field for field, mode in mapped.modes.items() if mode == "if_empty"]


def _is_empty(values: Mapping[str, Any], field: str) -> bool:
    value: Any = values
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value is None or value == "" or value == []


def claim(slice_: "Slice", planned: Page, backs: Backs) -> list[Call]:
    """Claim the calls of a page and commit. Records that are somebody's already are left out."""
    prepared = []
    for one in list(planned.to_send):
        try:
            prepared.append(_prepare(slice_, one, backs))
        except SystemFailure as refused:
            if refused.kind is not Kind.REFUSED:
                raise
            # It can't be sent like this: the destination takes no change of it any more, or
            # asks for something that the mapping did not give.
            final = isinstance(refused, ChangedAfterFinal)
            reason = Reason.CHANGED_AFTER_FINAL if final else Reason.REQUIRED
            problem = Problem("", reason, None, refused.message)
            planned.to_send.remove(one)
            planned.held.append(HeldBack(one.record, (problem,)))
    ids = ledger.claim(slice_.compiled.route, slice_.run, [claim for claim, _ in prepared])
    return [
        Call(id=ids[claim.source_key], **call)
        for claim, call in prepared
        if claim.source_key in ids
    ]


def _prepare(slice_: "Slice", one: ToSend, backs: Backs) -> tuple[Claim, dict[str, Any]]:
    client, object_, names = slice_.destination, slice_.run.version.object, slice_.names
    record, known = one.record, one.known
    external_id = names.external_id(record.key)
    remote = _remote(slice_, one)
    if one.operation == Operation.UPDATE:
        # A vendor that knows the key gives its old answer and changes nothing; a record may
        # change there and back, so every update has a key of its own.
        key = uuid4().hex
        prepared = client.prepare_update(
            object_,
            one.values,
            remote_id=remote["id"],
            take=remote["take"],
            key=key,
            external_id=external_id,
            current=backs.get(record.source_key),
        )
    else:
        key = names.idempotency_key(record.key, one.fingerprint, known.attempts if known else 0)
        prepared = client.prepare_create(object_, one.values, key=key, external_id=external_id)
    row = Delivery(route=slice_.compiled.route, source_key=record.source_key)
    stored = {
        "prepared": prepared.to_json(),
        "values": encode(one.values),
        "take": remote["take"],
        "remote_id": remote["id"],
    }
    claim = Claim(
        source_key=record.source_key,
        source_key_sealed=envelope.seal(
            Domain.PAYLOAD, record.key.encode(), place=row.place("source_key")
        ),
        fingerprint=one.fingerprint,
        source_print=record.source_print,
        operation=one.operation,
        key=key,
        external_id=external_id,
        request_sealed=envelope.seal_json(Domain.PAYLOAD, stored, place=row.place("request")),
    )
    return claim, {
        "object": object_,
        "operation": one.operation,
        "prepared": prepared,
        "values": one.values,
        "external_id": external_id,
        "look_first": one.operation == Operation.CREATE and slice_.contract.looks_first,
        "take": remote["take"],
        "remote_id": remote["id"],
    }


def _remote(slice_: "Slice", one: ToSend) -> dict[str, Any]:
    if one.known is None:
        return {"id": "", "take": {}}
    return settle.open_remote(slice_.compiled.route, one.known)
