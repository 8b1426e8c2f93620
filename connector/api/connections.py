"""Connections: whether each answers, and asking for a test."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.endpoint import Endpoint, actor_of, listed
from connector.flows import connections
from connector.flows.models import Connection

ROWS = Connection.objects.filter(archived_at=None).defer("settings_sealed", "account_sealed")


class Connections(Endpoint):
    """All connections by short name."""

    abilities: ClassVar = {"GET": "connections.see"}

    def get(self, request: Request) -> Response:
        return listed(request, ROWS.all(), shown, order=["slug"])


class OneConnection(Endpoint):
    """One connection."""

    abilities: ClassVar = {"GET": "connections.see"}

    def get(self, request: Request, slug: str) -> Response:
        return Response(shown(connection_of(slug)))


class Test(Endpoint):
    """Ask the worker for a test. 202: the answer appears at the connection."""

    abilities: ClassVar = {"POST": "connections.test"}

    def post(self, request: Request, slug: str) -> Response:
        connections.ask_test(connection_of(slug), actor=actor_of(request))
        return Response(shown(connection_of(slug)), status=status.HTTP_202_ACCEPTED)


def connection_of(slug: str) -> Connection:
    """The connection of an address, or 404."""
    return get_object_or_404(ROWS.select_related("credential"), slug=slug)


def shown(row: Connection) -> dict[str, Any]:
    """A connection without its settings, which may name people and accounts."""
    return {
        "slug": row.slug,
        "title": row.title,
        "system": row.system,
        "hosts": row.hosts,
        "health": row.health,
        "health_message": row.health_message,
        "has_credential": row.credential_id is not None,
        "test_asked_at": row.test_asked_at,
        "checked_at": row.checked_at,
        "last_ok_at": row.last_ok_at,
        "created_at": row.created_at,
    }
