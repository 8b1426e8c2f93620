"""Deliveries: what became of each record, without the record."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint, listed, narrowed
from connector.flows.models import Delivery

ROWS = Delivery.objects.select_related("flow", "route__source", "route__destination").defer(
    "source_key_sealed", "request_sealed", "problem_sealed", "remote_sealed"
)


class Deliveries(Endpoint):
    """The newest first, of one flow (`?flow=`) or in one state (`?state=`) if asked."""

    abilities: ClassVar = {"GET": "deliveries.see"}

    def get(self, request: Request) -> Response:
        query = narrowed(request, ROWS.all(), Delivery.State.values)
        return listed(request, query, shown, order=["-id"])


def shown(row: Delivery) -> dict[str, Any]:
    """One delivery: hashes and states. What was read and sent stays sealed."""
    return {
        "id": row.pk,
        "flow": row.flow.slug,
        "run": row.run_id,
        "source": {"connection": row.route.source.slug, "stream": row.route.stream},
        "destination": {"connection": row.route.destination.slug, "object": row.route.object},
        "state": row.state,
        "problem": row.problem,
        "operation": row.operation,
        "origin": row.origin,
        "external_id": row.external_id,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
        "settled_at": row.settled_at,
    }
