"""Flows: what there is, and starting one."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.body import Body, said
from connector.api.endpoint import Endpoint, actor_of, listed
from connector.api.errors import NotPossible
from connector.api.runs import shown as shown_run
from connector.flows import dispatch
from connector.flows.models import Flow, Run

ROWS = Flow.objects.filter(archived_at=None).select_related(
    "current__source", "current__destination"
)


class Flows(Endpoint):
    """All flows by short name."""

    abilities: ClassVar = {"GET": "flows.see"}

    def get(self, request: Request) -> Response:
        return listed(request, ROWS.all(), shown, order=["slug"])


class OneFlow(Endpoint):
    """One flow."""

    abilities: ClassVar = {"GET": "flows.see"}

    def get(self, request: Request, slug: str) -> Response:
        return Response(shown(get_object_or_404(ROWS.all(), slug=slug)))


class Asked(Body):
    """Which records a run reads."""

    kind = serializers.ChoiceField([Run.Kind.INCREMENTAL, Run.Kind.FULL], default="incremental")


class Start(Endpoint):
    """Start a run now. 202 with the run; 409 if one of this kind is going on."""

    abilities: ClassVar = {"POST": "flows.run"}

    def post(self, request: Request, slug: str) -> Response:
        flow = get_object_or_404(ROWS.all(), slug=slug)
        run = dispatch.start(
            flow,
            cause=Run.Cause.MANUAL,
            actor=actor_of(request),
            kind=said(Asked, request)["kind"],
        )
        if run is None:
            raise NotPossible("A run of this kind is going on already. Nothing was started.")
        return Response(shown_run(run), status=status.HTTP_202_ACCEPTED)


def shown(flow: Flow) -> dict[str, Any]:
    """What a program sees of a flow; its mapping stays in the console."""
    version = flow.current
    return {
        "slug": flow.slug,
        "title": flow.title,
        "enabled": flow.enabled,
        "off_reason": flow.off_reason,
        "version": version.number if version else None,
        "source": {"connection": version.source.slug, "stream": version.stream}
        if version
        else None,
        "destination": {"connection": version.destination.slug, "object": version.object}
        if version
        else None,
        "created_at": flow.created_at,
    }
