"""Flows: the list, one with what waits, its pipeline and last runs, switching and starting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from connector.console import pages
from connector.console.access import actor_of, allowed
from connector.flows import definition, dispatch, inbox, store
from connector.flows.errors import FlowsError
from connector.flows.models import Flow, HeldRecord, Run, Schedule, Version

RECENT = 20


class Off(forms.Form):
    """Why a flow is switched off."""

    reason = forms.CharField(label="Why?", max_length=200)


@dataclass(frozen=True, slots=True)
class Tick:
    """One of the last runs as a small bar."""

    look: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """A flow in a list."""

    flow: Flow
    state: str
    last: Run | None
    ticks: Sequence[Tick]
    moved: int
    waiting: int


@require_GET
@allowed("flows.see")
def listed(request: HttpRequest) -> HttpResponse:
    """All flows by name with their last runs."""
    return render(request, "console/flows/list.html", {"lines": lines()})


@require_GET
@allowed("flows.see")
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One flow."""
    flow = flow_of(slug)
    says = definition.of(flow.current) if flow.current else None
    return render(
        request,
        "console/flows/detail.html",
        {
            "flow": flow,
            "version": flow.current,
            "says": says,
            "counts": _waiting_of(flow),
            "runs": Run.objects.filter(flow=flow)[:8],
            "going_on": Run.objects.filter(flow=flow, state__in=dispatch.ACTIVE).first(),
            "schedule": Schedule.objects.filter(flow=flow).first(),
            "off": Off(),
        },
    )


@require_GET
@allowed("flows.see")
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """The versions of a flow, the newest first."""
    flow = flow_of(slug)
    rows = Version.objects.filter(flow=flow).select_related("source", "destination")
    page = pages.page(rows.defer("sealed"), request.GET, order=["-number"])
    return render(request, "console/flows/versions.html", {"flow": flow, "page": page})


@require_POST
@allowed("flows.run")
def run(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a run by hand."""
    flow = flow_of(slug)
    kind = Run.Kind.FULL if request.POST.get("kind") == "full" else Run.Kind.INCREMENTAL
    try:
        started = dispatch.start(flow, cause=Run.Cause.MANUAL, actor=actor_of(request), kind=kind)
    except FlowsError as exc:
        messages.error(request, exc.message)
        return redirect("flow", slug=slug)
    if started is None:
        messages.error(request, "A run of this kind is going on already. Nothing was started.")
        return redirect("flow", slug=slug)
    return redirect("run", pk=started.pk)


@require_POST
@allowed("flows.switch")
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch a flow on, or off with a reason."""
    flow = flow_of(slug)
    on = request.POST.get("to") == "on"
    form = Off(request.POST)
    if not on and not form.is_valid():
        messages.error(request, "Say why the flow is switched off. It is still on.")
        return redirect("flow", slug=slug)
    try:
        store.set_enabled(
            flow, on, reason="" if on else form.cleaned_data["reason"], actor=actor_of(request)
        )
    except FlowsError as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, f"{flow.title} is {'on' if on else 'off'}.")
    return redirect("flow", slug=slug)


def flow_of(slug: str) -> Flow:
    """The flow of an address, or 404."""
    rows = Flow.objects.filter(archived_at=None).select_related(
        "current__source", "current__destination"
    )
    return get_object_or_404(rows, slug=slug)


def lines() -> list[Line]:
    """Every flow with its last runs, what it moved today and what waits: five queries."""
    flows = list(
        Flow.objects.filter(archived_at=None).select_related(
            "current__source", "current__destination"
        )
    )
    recent = _recent([flow.pk for flow in flows])
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    moved = dict(
        Run.objects.filter(created_at__gte=today)
        .order_by()
        .values_list("flow")
        .annotate(Sum("delivered"))
    )
    waiting = _waiting()
    return [
        Line(
            flow,
            _state(flow, recent.get(flow.pk, [])),
            recent[flow.pk][0] if flow.pk in recent else None,
            _ticks(recent.get(flow.pk, [])),
            moved.get(flow.pk, 0),
            waiting.get(flow.pk, 0),
        )
        for flow in flows
    ]


def _recent(flows: Sequence[UUID]) -> dict[UUID, list[Run]]:
    """The last runs of each flow, the newest first, each read from the end of an index."""
    found: dict[UUID, list[Run]] = {}
    rows = Run.objects.raw(
        "SELECT r.* FROM unnest(%s::uuid[]) AS f (id) CROSS JOIN LATERAL ("
        " SELECT id, flow_id, state, held, rejected, uncertain, created_at, started_at, finished_at"
        " FROM flows_run WHERE flow_id = f.id ORDER BY created_at DESC, id DESC LIMIT %s) AS r",
        [list(flows), RECENT],
    )
    for row in rows:
        found.setdefault(row.flow_id, []).append(row)
    return found


def _waiting() -> dict[UUID, int]:
    held = HeldRecord.objects.filter(state=HeldRecord.State.WAITING).order_by()
    open_ = inbox.deliveries().order_by()
    counts = dict(held.values_list("flow").annotate(Count("pk")))
    for flow, count in open_.values_list("flow").annotate(Count("pk")):
        counts[flow] = counts.get(flow, 0) + count
    return counts


def _waiting_of(flow: Flow) -> dict[str, int]:
    held = HeldRecord.objects.filter(flow=flow, state=HeldRecord.State.WAITING).count()
    open_ = inbox.deliveries().filter(flow=flow).order_by()
    counts = dict(open_.values_list("state").annotate(Count("pk")))
    return {
        "held": held,
        "rejected": counts.get("rejected", 0),
        "uncertain": counts.get("uncertain", 0),
        "all": held + sum(counts.values()),
    }


def _state(flow: Flow, recent: Sequence[Run]) -> str:
    if not flow.enabled:
        return "off"
    if recent and not recent[0].is_over:
        return str(recent[0].state)
    return "stopped" if recent and recent[0].state == Run.State.STOPPED else "on"


def _ticks(recent: Sequence[Run]) -> list[Tick]:
    return [_tick(run, place) for place, run in enumerate(reversed(recent))]


def _tick(run: Run, place: int) -> Tick:
    x = 6 * place
    if not run.is_over:
        return Tick("d-live", x, 8, 12)
    if run.state == Run.State.STOPPED:
        return Tick("d-bad", x, 0, 20)
    if run.state == Run.State.CANCELLED:
        return Tick("d-skip", x, 16, 4)
    if run.held or run.rejected or run.uncertain:
        return Tick("d-wait", x, 4, 16)
    return Tick("d-ok", x, 8, 12)
