"""Runs: the list, one run while it goes on, stopping it."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connector.audit.models import Entry
from connector.console import pages
from connector.console.access import WHO, actor_of, allowed, role_of
from connector.console.audit import facts_text
from connector.console.sealed import key_of
from connector.flows import dispatch
from connector.flows.errors import NotPossible
from connector.flows.ledger import run_subject
from connector.flows.models import Delivery, Flow, Run

STOP_POLLING = 286  # htmx stops at this status
OUTCOMES = (
    ("delivered", "d-ok"),
    ("unchanged", "d-same"),
    ("skipped", "d-skip"),
    ("held", "d-wait"),
    ("rejected", "d-bad"),
    ("uncertain", "d-doubt"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the six outcomes, and where its piece of the bar lies, in percent."""

    name: str
    look: str
    count: int
    start: str
    width: str


@dataclass(frozen=True, slots=True)
class Sum:
    """What became of the records that a run has read."""

    read: int
    parts: tuple[Part, ...]

    @property
    def off_by(self) -> int:
        """0 when the sum adds up."""
        return self.read - sum(part.count for part in self.parts)


def sum_of(run: Run) -> Sum:
    """The sum of a run with the pieces of its bar."""
    whole = max(run.read, 1)
    parts, before = [], 0
    for name, look in OUTCOMES:
        count = getattr(run, name)
        parts.append(
            Part(name, look, count, f"{100 * before / whole:.2f}%", f"{100 * count / whole:.2f}%")
        )
        before += count
    return Sum(run.read, tuple(parts))


@require_GET
@allowed("runs.see")
def listed(request: HttpRequest) -> HttpResponse:
    """All runs, the newest first, of one flow or in one state if asked."""
    query = Run.objects.select_related("flow", "version")
    flow, state = request.GET.get("flow", ""), request.GET.get("state", "")
    if flow:
        query = query.filter(flow=Flow.objects.filter(slug=flow).values("pk")[:1])
    if state in Run.State.values:
        query = query.filter(state=state)
    return render(
        request,
        "console/runs/list.html",
        {
            "page": pages.page(query, request.GET, order=["-created_at", "-id"]),
            "flows": Flow.objects.only("slug", "title"),
            "states": Run.State.choices,
            "flow": flow,
            "state": state,
        },
    )


@require_GET
@allowed("runs.see")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One run: its sum, the records that need an answer, what went on."""
    run = _run(pk)
    page = pages.page(Delivery.objects.filter(run=run), request.GET, order=["-id"], size=25)
    shown = role_of(request) in WHO["payloads.see"]
    entries = Entry.objects.filter(subject=run_subject(run.pk)).order_by("-number")[:20]
    return render(
        request,
        "console/runs/detail.html",
        {
            **_progress(run),
            "live": not run.is_over,
            "page": page,
            "named": [(row, key_of(row, shown=shown)) for row in page.rows],
            "entries": [(entry, facts_text(entry.facts)) for entry in entries],
        },
    )


@require_GET
@allowed("runs.see")
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The fragment that a live run polls every 2 s; the last answer ends the polling."""
    run = _run(pk)
    status = STOP_POLLING if run.is_over else 200
    return render(request, "console/runs/_progress.html", _progress(run), status=status)


@require_POST
@allowed("flows.run")
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask a run to end after the page at hand."""
    run = _run(pk)
    try:
        dispatch.cancel(run, actor=actor_of(request))
    except NotPossible as exc:
        messages.error(request, exc.message)
    else:
        messages.success(request, "The run ends after the page at hand. Nothing is lost.")
    return redirect("run", pk=run.pk)


def _run(pk: UUID) -> Run:
    rows = Run.objects.select_related("flow", "version__source", "version__destination")
    return get_object_or_404(rows, pk=pk)


def _progress(run: Run) -> dict[str, object]:
    on_their_way = 0
    if not run.is_over:
        # By route: open deliveries of a route have an index of their own, those of a run don't.
        version = run.version
        on_their_way = Delivery.objects.filter(
            state=Delivery.State.SENDING,
            run=run,
            route__source=version.source_id,
            route__stream=version.stream,
            route__destination=version.destination_id,
            route__object=version.object,
        ).count()
    return {"run": run, "sum": sum_of(run), "on_their_way": on_their_way}
