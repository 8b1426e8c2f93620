"""The practice AP ledger: sessions, offset paging, amounts as texts.

A write may carry `Idempotency-Key`: the same key again gives the same answer and
makes nothing, unless the ledger was started to ignore keys. Addresses and record
shapes: `connector.sandbox.data`.
"""

from collections.abc import Mapping
from itertools import islice

from connector.crypto import mac
from connector.sandbox import checks, handlers, jsontext, records
from connector.sandbox.ap_records import KINDS, PAYMENTS
from connector.sandbox.errors import Refusal
from connector.sandbox.records import Kind
from connector.sandbox.site import Handler, Route, Site, body_of
from connector.sandbox.webserver import Request, Response

API = "/v2"
COMPANY = {"company": "Havel & Söhne GmbH", "ledger": "AP-01", "base_currency": "EUR"}
FILTERS = {
    "external_id": "reference",
    "reference": "reference",
    "invoice_number": "number",
    "vendor_id": "vendor",
}


def sign_in(site: Site, request: Request, _id: str) -> Response:
    """A session for a user and a password."""
    given = body_of(request)
    mine = f"{site.keys['user']}:{site.keys['password']}"
    theirs = f"{given.get('user')}:{given.get('password')}"
    if not mac.equal(theirs.encode(), mine.encode()):
        raise Refusal(401, "wrong_password", "There is no such user and password.")
    answer = {"session_id": site.sessions.open(), "idle_s": int(site.sessions.life_s), **COMPANY}
    return Response(200, jsontext.encode(answer))


def sign_out(site: Site, request: Request, _id: str) -> Response:
    site.sessions.close(session_of(request))
    return Response(204)


def session_of(request: Request) -> str:
    return request.headers.get("x-session-id", "")


def company(_site: Site, _request: Request, _id: str) -> Response:
    return Response(200, jsontext.encode(COMPANY))


def routes() -> Mapping[tuple[str, str], Route]:
    """All addresses of the ledger but the administration's."""
    table = {
        ("POST", "/login"): Route(sign_in, signed_in=False),
        ("POST", "/logout"): Route(sign_out),
        ("GET", f"{API}/company"): Route(company),
        ("GET", f"{API}/accounts"): Route(_codes(checks.ACCOUNTS)),
        ("GET", f"{API}/departments"): Route(_codes(checks.DEPARTMENTS)),
    }
    for kind in KINDS:
        table[("GET", f"{API}/{kind.name}")] = Route(_lister(kind))
        table[("GET", f"{API}/{kind.name}/*")] = Route(handlers.getter(kind))
        table[("POST", f"{API}/{kind.name}")] = Route(_adder(kind))
        if kind is not PAYMENTS:
            table[("PATCH", f"{API}/{kind.name}/*")] = Route(handlers.editor(kind))
    return table


def _place(site: Site, request: Request) -> tuple[int, int]:
    """Offset and limit of a list call; the offset of the page before, if that fault strikes."""
    limit = max(1, checks.whole(request.query.get("limit"), 100, 500, "limit"))
    offset = checks.whole(request.query.get("offset"), 0, 100_000_000, "offset")
    if offset and site.faults.strikes("duplicate_page"):
        offset = max(0, offset - limit)
    return offset, limit


def _lister(kind: Kind) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        asked = request.query
        offset, limit = _place(site, request)
        where = {FILTERS[name]: asked[name] for name in FILTERS if name in asked}
        since = checks.since(asked.get("updated_since", ""))
        bodies = site.store.by_age(kind.name, where, since, offset, limit)
        total = site.store.count(kind.name, where, since)
        return Response(200, jsontext.in_list("items", bodies, total=total))

    return answer


def _codes(names: Mapping[str, str]) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        offset, limit = _place(site, request)
        page = islice(names.items(), offset, offset + limit)
        items = [{"code": code, "name": name} for code, name in page]
        return Response(200, jsontext.encode({"items": items, "total": len(names)}))

    return answer


def _adder(kind: Kind) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        key = request.headers.get("idempotency-key", "")
        if len(key) > 255:
            raise Refusal(422, "invalid_key", "Idempotency-Key has at most 255 characters.")
        record = body_of(request)

        def write() -> tuple[str, Response]:
            made = records.add(site, kind, record)
            return made.id, Response(201, made.body)

        return site.once(key and f"{kind.name}:{key}", request, write)[1]

    return answer
