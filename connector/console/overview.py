"""The overview: what needs a person first, then what moved and what comes next."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from connector.console import flows, inbox
from connector.console.access import WHO, allowed, role_of
from connector.flows.inbox import waiting
from connector.flows.models import Connection, Run, Schedule
from connector.vault import reminders
from connector.vault.models import CredentialVersion

DAYS = 14
GROUPS = 5
MOST_REMINDERS = 20


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the chart: what moved, and its bars in hundredths of the height."""

    day: date
    x: str
    counts: tuple[int, int, int]
    bars: tuple[tuple[str, str, str], ...]


@require_GET
@allowed("overview.see")
def overview(request: HttpRequest) -> HttpResponse:
    """What do I do first?"""
    sees_records = role_of(request) in WHO["inbox.see"]
    days, top = chart()
    return render(
        request,
        "console/overview/overview.html",
        {
            "waiting": waiting(),
            "groups": inbox.lines()[:GROUPS] if sees_records else [],
            "failing": Connection.objects.filter(
                archived_at=None, health=Connection.Health.FAILING
            ),
            "reminders": due(),
            "lines": flows.lines(),
            "next": Schedule.objects.filter(
                flow__enabled=True, flow__archived_at=None, next_tick__isnull=False
            )
            .select_related("flow")
            .order_by("next_tick")[:6],
            "days": days,
            "top": top,
            "middle": top // 2,
            "connections": Connection.objects.filter(archived_at=None).count(),
        },
    )


def due() -> list[tuple[Connection, CredentialVersion, reminders.Due]]:
    """Connections whose credential should be renewed, the most pressing first."""
    versions = {one.credential_id: one for one in reminders.all_due()[:MOST_REMINDERS]}
    rows = Connection.objects.filter(archived_at=None, credential__in=versions)
    found = [
        (row, version, reason)
        for row in rows
        if row.credential_id
        and (version := versions[row.credential_id])
        and (reason := reminders.due(version))
    ]
    return sorted(found, key=lambda one: list(reminders.Reason).index(one[2].reason))


def chart() -> tuple[list[Day], int]:
    """Delivered, held and rejected for each of the last days, and the top of the scale."""
    today = timezone.localdate()
    first = today - timedelta(days=DAYS - 1)
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Run.objects.filter(created_at__gte=start - timedelta(days=DAYS - 1))
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(Sum("delivered"), Sum("held"), Sum("rejected"))
    )
    sums = {day: (delivered, held, rejected) for day, delivered, held, rejected in rows}
    top = scale(max((sum(counts) for counts in sums.values()), default=0))
    return [
        _day(first + timedelta(days=n), sums.get(first + timedelta(days=n), (0, 0, 0)), n, top)
        for n in range(DAYS)
    ], top


def scale(most: int) -> int:
    """A round number at or above the highest bar: 10, 20, 50, 100 …"""
    step = 10
    while True:
        for factor in (1, 2, 5):
            if step * factor >= most:
                return step * factor
        step *= 10


def _day(day: date, counts: tuple[int, int, int], place: int, top: int) -> Day:
    bars, base = [], 100.0
    for look, count in zip(("d-ok", "d-wait", "d-bad"), counts, strict=True):
        if count:
            height = max(100.0 * count / top, 1.0)
            base -= height
            bars.append((look, f"{base:.1f}", f"{height:.1f}"))
    return Day(day, f"{10 * place + 1.5:.1f}", counts, tuple(bars))
