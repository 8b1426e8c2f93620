"""When a flow is due: intervals and cron lines with time zones, one run a tick.

`every 10m` counts from midnight of 1 January 1970 UTC, so ticks don't move when the
box was off. A cron line has five fields and needs a zone; times that a clock change
leaves out are run at the next valid minute (as Debian's cron does).
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from django.db import transaction
from django.utils import timezone

from connector.flows import dispatch
from connector.flows.errors import BadDefinition
from connector.flows.models import Run, Schedule

_EVERY = re.compile(r"every ([1-9][0-9]{0,4})([smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LEAST_S = 5
DUE_AT_ONCE = 50


def next_tick(rule: str, zone: str, after: datetime) -> datetime:
    """The first tick later than `after`.

    Raises:
        BadDefinition: not a rule, an interval below 5 s, or an unknown zone.
    """
    every = _EVERY.match(rule)
    if every:
        step = int(every[1]) * _SECONDS[every[2]]
        if step < LEAST_S:
            raise BadDefinition(f"schedule: {rule} is too short, at least {LEAST_S} s")
        return datetime.fromtimestamp((after.timestamp() // step + 1) * step, UTC)
    try:
        return next(CronSim(rule, after.astimezone(ZoneInfo(zone)))).astimezone(UTC)
    except (CronSimError, StopIteration):
        raise BadDefinition(
            f'schedule: "{rule}" is neither "every 10m" nor a cron line of five fields'
        ) from None
    except (ZoneInfoNotFoundError, ValueError):
        raise BadDefinition(f'zone: there is no time zone "{zone}"') from None


def beat(now: datetime | None = None) -> int:
    """Start what is due. Answers how many runs were started.

    The row is moved on in the same transaction that makes the run; rows that
    another process has at hand are passed over.
    """
    now = now or timezone.now()
    started = 0
    for _ in range(DUE_AT_ONCE):
        with transaction.atomic():
            row = (
                # The flow as well: one that is being saved or switched off waits for the next beat.
                Schedule.objects.select_for_update(skip_locked=True, of=("self", "flow"))
                .select_related("flow__current")
                .filter(next_tick__lte=now, flow__enabled=True, flow__archived_at=None)
                .order_by("next_tick")
                .first()
            )
            if row is None:
                return started
            started += _start(row, now)
    return started


def _start(row: Schedule, now: datetime) -> int:
    due = row.next_tick
    assert due is not None
    missed = _missed(row.rule, row.zone, due, now)
    tick = missed[-1] if missed else due
    row.missed += len(missed)
    row.next_tick = next_tick(row.rule, row.zone, max(tick, now - timedelta(seconds=1)))
    row.last_tick = tick
    run = None
    if row.on_missed == "once" or not missed:
        run = dispatch.start(row.flow, cause=Run.Cause.SCHEDULE, actor="schedule", tick=tick)
        row.overlapped += run is None
    row.save(update_fields=["next_tick", "last_tick", "missed", "overlapped"])
    return int(run is not None)


def _missed(rule: str, zone: str, due: datetime, now: datetime) -> list[datetime]:
    """Ticks after `due` that have passed as well; at most 1,000 are counted."""
    ticks: list[datetime] = []
    tick = next_tick(rule, zone, due)
    while tick <= now and len(ticks) < 1_000:
        ticks.append(tick)
        tick = next_tick(rule, zone, tick)
    return ticks
