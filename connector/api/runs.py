"""Runs: what came of them, and ending one."""

from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint, actor_of, listed, narrowed
from connector.flows import dispatch
from connector.flows.models import Run

ROWS = Run.objects.select_related("flow", "version").defer("input_sealed", "position_sealed")
SUM = ("read", "delivered", "unchanged", "skipped", "held", "rejected", "uncertain")


class Runs(Endpoint):
    """The newest runs first, of one flow (`?flow=`) or in one state (`?state=`) if asked."""

    abilities: ClassVar = {"GET": "runs.see"}

    def get(self, request: Request) -> Response:
        query = narrowed(request, ROWS.all(), Run.State.values)
        return listed(request, query, shown, order=["-created_at", "-id"])


class OneRun(Endpoint):
    """One run."""

    abilities: ClassVar = {"GET": "runs.see"}

    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(get_object_or_404(ROWS.all(), pk=pk)))


class Cancel(Endpoint):
    """Ask a run to end after the page at hand."""

    abilities: ClassVar = {"POST": "flows.run"}

    def post(self, request: Request, pk: UUID) -> Response:
        run = get_object_or_404(ROWS.all(), pk=pk)
        dispatch.cancel(run, actor=actor_of(request))
        run = ROWS.get(pk=pk)
        return Response(shown(run), status=status.HTTP_202_ACCEPTED)


def shown(run: Run) -> dict[str, Any]:
    """A run with its sum: read = delivered + unchanged + skipped + held + rejected + uncertain."""
    return {
        "id": run.pk,
        "flow": run.flow.slug,
        "version": run.version.number,
        "kind": run.kind,
        "cause": run.cause,
        "actor": run.actor,
        "state": run.state,
        "cancel_asked": run.cancel_asked,
        "sum": {name: getattr(run, name) for name in SUM},
        "message": run.message,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }
