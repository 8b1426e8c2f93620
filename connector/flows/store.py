"""Everything that changes a flow. Every saved change is a new, immutable version."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.crypto.keyring import Domain
from connector.flows import compiled, definition, held, schedule
from connector.flows.definition import Definition
from connector.flows.errors import BadDefinition, NotPossible
from connector.flows.mapping.samples import run_samples
from connector.flows.models import Connection, Flow, HeldRecord, Schedule, Version
from connector.systems.wire import jsontext


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    source: Connection,
    stream: str,
    destination: Connection,
    object_: str,
    said: Definition,
    actor: str,
    enabled: bool = True,
) -> Flow:
    """Create a flow with its first version.

    Raises:
        BadDefinition: with every finding; nothing is saved.
    """
    flow = Flow.objects.create(id=uuid4(), slug=slug, title=title, enabled=enabled)
    save_version(
        flow,
        said,
        actor=actor,
        source=source,
        stream=stream,
        destination=destination,
        object_=object_,
    )
    return flow


@transaction.atomic
def save_version(
    flow: Flow,
    said: Definition,
    *,
    actor: str,
    source: Connection | None = None,
    stream: str | None = None,
    destination: Connection | None = None,
    object_: str | None = None,
    note: str = "",
) -> Version | None:
    """Make a new version the current one; None if nothing differs from the present one.

    Raises:
        BadDefinition: the static check, a stored test or the schedule says no.
    """
    # `current` is read once the lock is there: joined, it would be that of before the wait.
    row = Flow.objects.select_for_update(of=("self",)).get(pk=flow.pk)
    old = row.current
    version = Version(
        id=uuid4(),
        flow=row,
        number=old.number + 1 if old else 1,
        source=_given(source, old and old.source, "source"),
        stream=_given(stream, old and old.stream, "stream"),
        destination=_given(destination, old and old.destination, "destination"),
        object=_given(object_, old and old.object, "object"),
        note=note,
        created_by=actor,
    )
    check(said, version)
    version.digest = _digest(said, version)
    if old and old.digest == version.digest:
        return None
    version.sealed = definition.seal(said, version)
    version.save(force_insert=True)
    row.current = flow.current = version
    row.save(update_fields=["current"])
    _plan(row, said)
    # A new version may mend what was held: all of it is tried again.
    released = HeldRecord.objects.filter(flow=row, state=HeldRecord.State.WAITING).update(
        state=HeldRecord.State.RELEASED
    )
    if released and row.enabled and not row.archived_at:
        held.start_released(row, actor=actor)
    _record(row, version, old, actor)
    return version


def check(said: Definition, version: Version) -> None:
    """Refuse what can't run: mapping, stored tests, trigger.

    Raises:
        BadDefinition: with every finding.
    """
    mapping = compiled.check(
        said.mapping, version.source, version.stream, version.destination, version.object
    )
    maps, *_ = compiled.open_maps(mapping.maps)
    context = compiled.run_context(version.source, version.destination, timezone.now())
    failed = [
        f'the test "{result.name}" fails: {"; ".join(result.differences)}'
        for result in run_samples(mapping, mapping.tests, maps, run=context)
        if not result.passed
    ]
    if failed:
        raise BadDefinition("The mapping's own tests fail.", failed)
    rule = said.trigger.get("schedule")
    if rule:
        zone = str(said.trigger.get("zone", "UTC"))
        schedule.next_tick(str(rule), zone, timezone.now())


@transaction.atomic
def retitle(flow: Flow, title: str) -> bool:
    """Give a flow another title. False if it has it already."""
    return bool(Flow.objects.filter(pk=flow.pk).exclude(title=title).update(title=title))


@transaction.atomic
def set_enabled(flow: Flow, enabled: bool, *, actor: str, reason: str = "") -> bool:
    """Switch a flow on or off. False if it was so already.

    Raises:
        NotPossible: switched off without a reason.
    """
    if not enabled and not reason.strip():
        raise NotPossible("Say why the flow is switched off; it will be in the audit log.")
    changed = (
        Flow.objects.filter(pk=flow.pk)
        .exclude(enabled=enabled)
        .update(enabled=enabled, off_reason="" if enabled else reason.strip()[:200])
    )
    if not changed:
        return False
    flow.refresh_from_db()
    subject = f"flow:{flow.pk}"
    if enabled:
        log.record(Action.FLOW_ENABLED, actor=actor, subject=subject, slug=flow.slug)
        if flow.current:
            _plan(flow, definition.of(flow.current))
    else:
        log.record(
            Action.FLOW_DISABLED,
            actor=actor,
            subject=subject,
            slug=flow.slug,
            reason=flow.off_reason,
        )
    return True


def _plan(flow: Flow, said: Definition) -> None:
    """The schedule's row as the trigger says; its next tick is counted from now."""
    rule = str(said.trigger.get("schedule") or "")
    if not rule:
        Schedule.objects.filter(flow=flow).delete()
        return
    zone = str(said.trigger.get("zone", "UTC"))
    Schedule.objects.update_or_create(
        flow=flow,
        defaults={
            "rule": rule,
            "zone": zone,
            "on_missed": str(said.policies.get("on_missed", "once")),
            "next_tick": schedule.next_tick(rule, zone, timezone.now()),
        },
    )


def _given(new: Any, old: Any, what: str) -> Any:
    value = new if new is not None else old
    if value is None:
        raise BadDefinition(f"The flow has no {what}.")
    return value


def _digest(said: Definition, version: Version) -> str:
    return mac.keyed_hash(
        Domain.CONFIG,
        "flow version",
        version.source_id.bytes,
        version.stream.encode(),
        version.destination_id.bytes,
        version.object.encode(),
        jsontext.encode(said.as_json()),
    ).hex()


def _record(flow: Flow, version: Version, old: Version | None, actor: str) -> None:
    subject = f"flow:{flow.pk}"
    facts: dict[str, log.Fact] = {
        "slug": flow.slug,
        "version": version.number,
        "digest": version.digest,
    }
    if old is None:
        log.record(Action.FLOW_CREATED, actor=actor, subject=subject, **facts)
        return
    before, after = definition.of(old).as_json(), definition.of(version).as_json()
    fields = [name for name in after if after[name] != before[name]]
    if (old.source_id, old.stream) != (version.source_id, version.stream):
        fields.append("source")
    if (old.destination_id, old.object) != (version.destination_id, version.object):
        fields.append("destination")
    log.record(Action.FLOW_CHANGED, actor=actor, subject=subject, **facts, fields=", ".join(fields))
