"""The audit log, for who may see it in the console."""

import json
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint, chosen, listed
from connector.audit import log
from connector.audit.actions import Action
from connector.audit.models import Entry


class Entries(Endpoint):
    """The newest first; `?action=`, `?actor=` and `?subject=` narrow it."""

    abilities: ClassVar = {"GET": "audit.see"}

    def get(self, request: Request) -> Response:
        query = Entry.objects.all()
        action = chosen(request, "action", [one.value for one in Action])
        if action:
            query = query.filter(action=action)
        for name in ("actor", "subject"):
            if name in request.query_params:
                query = query.filter((name, request.query_params[name]))
        return listed(request, query, shown, order=["-number"])


def shown(entry: Entry) -> dict[str, Any]:
    """One entry, and whether it is as it was written."""
    return {
        "number": entry.number,
        "id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor,
        "subject": entry.subject,
        "facts": json.loads(entry.facts),
        "genuine": log.is_genuine(entry),
    }
