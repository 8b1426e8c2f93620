"""Whether the box gets on with its work."""

from typing import ClassVar

from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint
from connector.flows import inbox
from connector.flows.models import Connection
from connector.jobs import queue

MOST_DUE = 10_000


class Health(Endpoint):
    """Jobs that are due and for how long, connections by health, records that wait."""

    abilities: ClassVar = {"GET": "overview.see"}

    def get(self, request: Request) -> Response:
        rows = Connection.objects.filter(archived_at=None).order_by()
        counts = dict(rows.values_list("health").annotate(Count("pk")))
        return Response(
            {
                "jobs_due": queue.due(at_most=MOST_DUE),
                "oldest_job_due_s": round(queue.oldest_due_s(), 1),
                "connections": {one: counts.get(one, 0) for one in Connection.Health.values},
                "records_waiting": inbox.waiting(),
            }
        )
