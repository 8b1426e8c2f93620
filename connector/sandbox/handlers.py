"""Addresses that are alike in both systems: one record, and a change of one."""

from connector.sandbox import records
from connector.sandbox.errors import Refusal
from connector.sandbox.records import Kind
from connector.sandbox.site import Handler, Site, body_of
from connector.sandbox.webserver import Request, Response


def getter(kind: Kind) -> Handler:
    def answer(site: Site, _request: Request, record_id: str) -> Response:
        body = site.store.raw(kind.name, record_id)
        if body is None:
            raise Refusal(404, "not_found", f"There is no {kind.noun} {record_id}.")
        return Response(200, body)

    return answer


def editor(kind: Kind) -> Handler:
    def answer(site: Site, request: Request, record_id: str) -> Response:
        given = body_of(request)
        with site.store.change():
            changed = records.edit(site, kind, record_id, given)
        site.sender.wake()
        return Response(200, changed.body)

    return answer
