"""Credentials are written and deleted here. No field ever comes back, nor how long it is."""

from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from connector.api.body import Body, said
from connector.api.connections import connection_of
from connector.api.endpoint import Endpoint, actor_of
from connector.api.errors import NotPossible
from connector.crypto.secret import Secret
from connector.flows import connections
from connector.flows.models import Connection

VERSIONS = 10


class Entered(Body):
    """All fields that the system asks for, and the last day on which they work."""

    expires_on = serializers.DateField(required=False, allow_null=True, default=None)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # A serializer's own `fields` would be hidden by a class attribute of this name.
        secret = serializers.CharField(trim_whitespace=False, allow_blank=True)
        return {**super().get_fields(), "fields": serializers.DictField(child=secret)}


class Moved(Entered):
    """The same together with settings: another host takes the credential only anew."""

    settings = serializers.DictField()


class OfConnection(Endpoint):
    """The credential of a connection.

    POST enters the first one. PUT enters it anew together with settings: where these name other
    hosts, all earlier versions are shredded at once. DELETE shreds it.
    """

    abilities: ClassVar = {
        "GET": "connections.see",
        "POST": "credentials.change",
        "PUT": "credentials.change",
        "DELETE": "credentials.change",
    }

    def get(self, request: Request, slug: str) -> Response:
        return _answer(slug, status.HTTP_200_OK)

    def post(self, request: Request, slug: str) -> Response:
        row = connection_of(slug)
        if row.credential:
            raise NotPossible(f"{row.title} has a credential. Rotate it; nothing was changed.")
        _enter(row, said(Entered, request), actor=actor_of(request))
        return _answer(slug, status.HTTP_201_CREATED)

    def put(self, request: Request, slug: str) -> Response:
        given = said(Moved, request)
        _enter(connection_of(slug), given, settings=given["settings"], actor=actor_of(request))
        return _answer(slug, status.HTTP_200_OK)

    def delete(self, request: Request, slug: str) -> Response:
        connections.delete_credential(_with_credential(slug), actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Rotate(Endpoint):
    """Enter a new secret for the same hosts. The old one is used until the new passed its test."""

    abilities: ClassVar = {"POST": "credentials.change"}

    def post(self, request: Request, slug: str) -> Response:
        _enter(_with_credential(slug), said(Entered, request), actor=actor_of(request))
        return _answer(slug, status.HTTP_202_ACCEPTED)


def _enter(
    row: Connection,
    given: dict[str, Any],
    *,
    actor: str,
    settings: dict[str, Any] | None = None,
) -> None:
    connections.change(
        row,
        settings=settings,
        secrets={name: Secret(value) for name, value in given["fields"].items()},
        expires_on=given["expires_on"],
        actor=actor,
    )


def _with_credential(slug: str) -> Connection:
    row = connection_of(slug)
    if row.credential is None:
        raise Http404
    return row


def _answer(slug: str, code: int) -> Response:
    """What is known of a credential without opening it."""
    row = _with_credential(slug)
    assert row.credential is not None
    versions = row.credential.versions.defer("sealed")[:VERSIONS]
    return Response(
        {
            "connection": row.slug,
            "hosts": row.credential.hosts,
            "created_at": row.credential.created_at,
            "created_by": row.credential.created_by,
            "last_used_at": row.credential.last_used_at,
            "versions": [
                {
                    "number": one.number,
                    "state": one.state,
                    "created_at": one.created_at,
                    "created_by": one.created_by,
                    "expires_on": one.expires_on,
                    "fingerprint": one.fingerprint,
                }
                for one in versions
            ],
        },
        status=code,
    )
