"""The practice ERP: OAuth 2.0 client credentials, cursor paging, amounts as JSON numbers.

A write may carry `request_id`. The same one again gives 409 `duplicate_request`
with the id of what it made. Addresses and record shapes: `connector.sandbox.data`.
"""

import base64
from collections.abc import Mapping
from urllib.parse import parse_qs

from connector.crypto import mac
from connector.sandbox import checks, handlers, jsontext, records
from connector.sandbox.erp_records import KINDS, PAYMENTS
from connector.sandbox.errors import Refusal
from connector.sandbox.records import Kind
from connector.sandbox.site import Handler, Route, Site, basic_of, body_of
from connector.sandbox.webserver import Request, Response

API = "/api/v1"
COMPANY = {"id": "C-1", "name": "Havel & Söhne GmbH", "currency": "EUR", "zone": "Europe/Berlin"}


def grant(site: Site, request: Request, _id: str) -> Response:
    """Token end point (RFC 6749 §4.4): Basic client authentication, a form."""
    form = parse_qs(request.body.decode("utf-8", "replace"))
    if form.get("grant_type") != ["client_credentials"]:
        return Response(400, jsontext.encode({"error": "unsupported_grant_type"}))
    expected = f"{site.keys['client_id']}:{site.keys['client_secret']}"
    if not mac.equal(":".join(basic_of(request)).encode(), expected.encode()):
        headers = {"WWW-Authenticate": 'Basic realm="erp"'}
        return Response(401, jsontext.encode({"error": "invalid_client"}), headers)
    token = {
        "access_token": site.sessions.open(),
        "token_type": "Bearer",
        "expires_in": int(site.sessions.life_s),
    }
    return Response(200, jsontext.encode(token), {"Cache-Control": "no-store"})


def bearer_of(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


def company(_site: Site, _request: Request, _id: str) -> Response:
    return Response(200, jsontext.encode(COMPANY))


def routes() -> Mapping[tuple[str, str], Route]:
    """All addresses of the ERP but the administration's."""
    table = {
        ("POST", "/oauth/token"): Route(grant, signed_in=False),
        ("GET", f"{API}/company"): Route(company),
    }
    for kind in KINDS:
        table[("GET", f"{API}/{kind.name}")] = Route(_lister(kind))
        table[("GET", f"{API}/{kind.name}/*")] = Route(handlers.getter(kind))
        table[("POST", f"{API}/{kind.name}")] = Route(_adder(kind))
        if kind is not PAYMENTS:
            table[("PATCH", f"{API}/{kind.name}/*")] = Route(handlers.editor(kind))
    return table


def _lister(kind: Kind) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        asked = request.query
        limit = max(1, checks.whole(asked.get("limit"), 100, 500, "limit"))
        filters = {"reference": "reference", "number": "number", "vendor_id": "vendor"}
        where = {filters[name]: asked[name] for name in filters if name in asked}
        cursor = asked.get("cursor", "")
        rows = site.store.by_change(
            kind.name,
            where,
            checks.since(asked.get("modified_since", "")),
            _place(cursor),
            limit + 1,
        )
        page, more = rows[:limit], len(rows) > limit
        following = _cursor(*page[-1][:2]) if more else None
        if cursor and site.faults.strikes("duplicate_page"):
            following = cursor
        bodies = [body for _, _, body in page]
        return Response(200, jsontext.in_list("data", bodies, next_cursor=following))

    return answer


def _adder(kind: Kind) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        record = body_of(request)
        key = record.pop("request_id", "")
        checks.text({"request_id": key}, "request_id")

        def write() -> tuple[str, Response]:
            made = records.add(site, kind, record)
            return made.id, Response(201, made.body)

        record_id, response, now = site.once(key and f"{kind.name}:{key}", request, write)
        if not now:
            text = f"This request made the {kind.noun} {record_id} before."
            raise Refusal(409, "duplicate_request", text, id=record_id)
        return response

    return answer


def _cursor(modified_at: str, seq: int) -> str:
    return base64.urlsafe_b64encode(f"{modified_at}|{seq}".encode()).decode()


def _place(cursor: str) -> tuple[str, int]:
    if not cursor:
        return "", 0
    try:
        modified_at, _, seq = base64.urlsafe_b64decode(cursor).decode().partition("|")
        return modified_at, int(seq)
    except ValueError:
        raise Refusal(422, "invalid_cursor", "That is no cursor of ours.", field="cursor") from None
