"""What waits for a person, in groups with one cause each."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint
from connector.flows import inbox
from connector.flows.inbox import Group


class Groups(Endpoint):
    """The largest groups first. There are as many as causes, so they come in one answer."""

    abilities: ClassVar = {"GET": "inbox.see"}

    def get(self, request: Request) -> Response:
        return Response({"rows": [shown(group) for group in inbox.groups()]})


def shown(group: Group) -> dict[str, Any]:
    """One group: how many wait since when, and what is missing."""
    return {
        "flow": group.flow.slug,
        "kind": group.kind,
        "cause": group.cause,
        "records": group.records,
        "since": group.since,
        "field": group.field,
        "reason": group.reason,
        "text": group.text,
        "value_map": group.map_slug or None,
        "missing_key": group.missing_key or None,
    }
