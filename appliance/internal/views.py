"""The internal interface, version 1: health in detail, metrics, checkpoints."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from appliance.internal.figures import Figures, audit_log, figures
from appliance.internal.guard import internal

STUCK_S = 300.0
Labels = Mapping[str, int]


@internal
def health(request: HttpRequest) -> HttpResponse:
    """All figures, and whether the worker gets on: 503 if a job has been due for STUCK_S."""
    found = figures()
    stuck = found.oldest_job_due_s > STUCK_S
    return JsonResponse(
        {"ok": not stuck, "version": settings.VERSION, **asdict(found)},
        status=503 if stuck else 200,
    )


@internal
def metrics(request: HttpRequest) -> HttpResponse:
    """The same for Prometheus (text format 0.0.4)."""
    text = "\n".join(_lines(figures(), audit_log().newest_number)) + "\n"
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@internal
def checkpoints(request: HttpRequest) -> HttpResponse:
    """How far the audit log has come. It is not sealed into a tree: there is no checkpoint yet."""
    return JsonResponse({"audit_log": asdict(audit_log()), "checkpoints": []})


def _lines(found: Figures, newest: int) -> Iterator[str]:
    yield from _gauge("info", "Version of the box.", {settings.VERSION: 1}, "version")
    yield from _gauge("jobs", "Jobs by state.", found.jobs, "state")
    yield from _gauge("jobs_due", "Jobs that could be taken now.", found.jobs_due)
    yield from _gauge(
        "job_oldest_due_seconds", "How long the oldest of them is due.", found.oldest_job_due_s
    )
    yield from _gauge("runs_24h", "Runs of the last 24 hours by state.", found.runs, "state")
    yield from _gauge(
        "records_24h", "What became of records in these runs.", found.records, "outcome"
    )
    yield from _gauge("deliveries", "Deliveries that are not settled.", found.deliveries, "state")
    yield from _gauge(
        "deliveries_in_all", "Deliveries of all states, an estimate.", found.deliveries_in_all
    )
    yield from _gauge("records_held", "Records that wait for a person.", found.records_held)
    yield from _gauge(
        "webhook_events_waiting", "Events that are not processed yet.", found.events_waiting
    )
    yield from _gauge("connections", "Connections by health.", found.connections, "health")
    yield from _gauge("audit_newest_number", "Number of the newest audit entry.", newest)


def _gauge(name: str, text: str, value: Labels | float, label: str = "") -> Iterator[str]:
    yield f"# HELP connector_{name} {text}"
    yield f"# TYPE connector_{name} gauge"
    if isinstance(value, Mapping):
        yield from (f'connector_{name}{{{label}="{key}"}} {count}' for key, count in value.items())
    else:
        yield f"connector_{name} {value}"
